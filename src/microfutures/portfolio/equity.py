"""Equity history in bounded memory: fine for the recent past, coarser for the rest."""

from itertools import pairwise

from microfutures.model.identifiers import StrategyName

MAX_POINTS = 512


class EquityHistory:
    """Points of equity over time; when full, every second point goes and the pace halves."""

    def __init__(self) -> None:
        self._points: list[tuple[int, float, dict[StrategyName, float]]] = []
        self._stride = 1
        self._left = 0
        """Moments that are passed over before the next point."""

    def is_due(self) -> bool:
        """Count one more moment; tell whether the current pace takes its point."""
        self._left -= 1
        if self._left >= 0:
            return False
        self._left = self._stride - 1
        return True

    def record(self, time_ns: int, equity: float, by_strategy: dict[StrategyName, float]) -> None:
        """Keep a point that is due."""
        self._points.append((time_ns, equity, by_strategy))
        if len(self._points) > MAX_POINTS:
            self._points = self._points[::2]
            self._stride *= 2
            self._left = self._stride - 1

    @property
    def values(self) -> tuple[float, ...]:
        """Return the equity, USD, oldest first."""
        return tuple(equity for _, equity, _ in self._points)

    def changes(self, strategy: StrategyName) -> list[float]:
        """Return the steps of a strategy's net P&L from point to point, USD."""
        series = [nets[strategy] for _, _, nets in self._points if strategy in nets]
        return [after - before for before, after in pairwise(series)]
