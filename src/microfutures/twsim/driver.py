"""Plays a market to the venue on a clock and keeps its time running when the tape has ended."""

from collections.abc import Callable, Iterator

from microfutures.ports.clock import Clock
from microfutures.twsim.exchange import Exchange
from microfutures.venue.messages import MarketUpdate

IDLE_SECONDS = 0.5
"""How often time moves on when the market is silent."""

SECOND = 1_000_000_000


class MarketDriver:
    """Steps the market source in time order; one instant at a time."""

    def __init__(self, exchange: Exchange, clock: Clock, on_end: Callable[[], None]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._on_end = on_end

    async def run(self) -> None:
        """Play until cancelled."""
        updates = self._exchange.market.updates()
        update = next(updates, None)
        while update is not None:
            await self._wait_until(update.time_ns)
            update = self._play_instant(update, updates)
        self._on_end()
        while True:
            await self._wait_until(self._clock.now_ns() + round(IDLE_SECONDS * SECOND))

    def _play_instant(
        self, update: MarketUpdate | None, updates: Iterator[MarketUpdate]
    ) -> MarketUpdate | None:
        """Play every update that is due by now, so that a slow machine catches up."""
        now_ns = self._clock.now_ns()
        while update is not None and update.time_ns <= now_ns:
            self._exchange.publish(self._exchange.venue.apply(update))
            update = next(updates, None)
        return update

    async def _wait_until(self, moment_ns: int) -> None:
        while (left := moment_ns - self._clock.now_ns()) > 0:
            await self._clock.sleep(min(left / SECOND, IDLE_SECONDS))
            reached = min(self._clock.now_ns(), moment_ns)
            self._exchange.publish(self._exchange.venue.advance(reached))
