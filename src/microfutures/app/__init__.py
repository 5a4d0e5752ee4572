"""Composition root: the command line, the lifecycle, and who gets which collaborator."""
