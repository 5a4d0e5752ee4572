"""Our own books: positions, P&L and commissions from fills, and capital among strategies."""

from microfutures.portfolio.portfolio import Portfolio

__all__ = ["Portfolio"]
