"""Options: which exist, and what they are worth."""
