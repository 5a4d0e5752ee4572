"""Interactive Brokers over ib_async; the only package that speaks to it."""

from microfutures.adapters.ib.manager import IBManager

__all__ = ["IBManager"]
