"""Values and messages that travel between the rooms; no I/O, no clock, no broker library."""
