"""A simulated exchange and its customers' accounts; pure, no clock, no I/O."""
