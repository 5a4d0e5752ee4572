"""Capital, account and pace of a run of the kernel."""

from typing import Self

import msgspec

from microfutures.config.risk_limits import RiskLimits
from microfutures.config.settings import Settings
from microfutures.model.errors import ConfigurationError

SHORTEST_CHECK_SECONDS = 5.0
"""Closer checks could meet the order rate of the risk gate, which is not modelled."""
BUSY_SECONDS = 0.5
WAYS = 6
"""An entry is known to be on after so many latencies; no check may fall between."""


class PairDesk(msgspec.Struct, frozen=True, kw_only=True):
    """Capital, account and pace: what a run needs beside the strategy's parameters."""

    initial_capital: float = 2000.0
    allocation_percent: float = 100.0
    risk_tolerance: float = 0.5
    cash: float = 25_000.0
    """Of the account at the venue, USD."""
    check_interval_seconds: float = 60.0
    latency_seconds: float = 0.0
    """Each way, as `backtest --latency`."""
    limits: RiskLimits = RiskLimits()

    @classmethod
    def of_settings(
        cls,
        settings: Settings,
        strategy: str,
        *,
        cash: float = 25_000.0,
        latency_seconds: float = 0.0,
    ) -> Self:
        """Return the desk of one strategy of a configuration."""
        return cls(
            initial_capital=settings.trading.initial_capital,
            allocation_percent=settings.strategies[strategy].allocation,
            risk_tolerance=settings.trading.risk_tolerance,
            cash=cash,
            check_interval_seconds=settings.trading.check_interval,
            latency_seconds=latency_seconds,
            limits=settings.risk,
        )

    def __post_init__(self) -> None:
        """Refuse a pace that the kernel does not model."""
        shortest = max(SHORTEST_CHECK_SECONDS, WAYS * self.latency_seconds + BUSY_SECONDS)
        if self.check_interval_seconds < shortest:
            raise ConfigurationError(
                f"trading.check_interval must be at least {shortest:g} s for the kernel (with "
                f"orders that take {self.latency_seconds:g} s), was "
                f"{self.check_interval_seconds:g}; use the event-driven backtest for less"
            )
