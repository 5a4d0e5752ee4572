"""Run your own micro futures strategies at Interactive Brokers, on your own machine."""

__version__ = "0.1.0"
