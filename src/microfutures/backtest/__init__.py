"""Backtests: the live engine and the simulated venue on a tape, in one thread, without sockets."""
