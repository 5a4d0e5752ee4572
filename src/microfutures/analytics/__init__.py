"""Pure statistics and performance arithmetic; no I/O, no state of the system."""
