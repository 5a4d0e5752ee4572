"""Faults on demand: what a real TWS does on a bad night, by schedule or by command."""
