"""Simulated nights: the whole desk in virtual time, everything going wrong, every law checked."""
