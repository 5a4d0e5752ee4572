"""The one deterministic state machine and its async shell."""
