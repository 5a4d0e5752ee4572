"""Contracts as the wire spells them."""
