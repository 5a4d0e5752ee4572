"""Requests: which handler answers which message, and the handlers themselves."""
