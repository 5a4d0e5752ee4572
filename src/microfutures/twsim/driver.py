"""Plays a market to the venue on a clock and keeps its time running when the tape has ended."""

from collections.abc import Callable

from microfutures.ports.clock import Clock
from microfutures.twsim.exchange import Exchange
from microfutures.venue.messages import MarketUpdate

IDLE_SECONDS = 2.0
"""How often time moves on when the market is silent."""

SECOND = 1_000_000_000


class MarketDriver:
    """Steps the market source in time order; one instant at a time.

    It can be stopped and run again: the market goes on where it was left, and what it missed is
    played at once.
    """

    def __init__(self, exchange: Exchange, clock: Clock, on_end: Callable[[], None]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._on_end = on_end
        self._updates = exchange.market.updates()
        self._next: MarketUpdate | None = None
        self._has_ended = False

    async def run(self) -> None:
        """Play until cancelled."""
        if self._next is None and not self._has_ended:
            self._next = next(self._updates, None)
        while self._next is not None:
            await self._wait_until(self._next.time_ns)
            self._play_instant()
        if not self._has_ended:
            self._has_ended = True
            self._on_end()
        while True:
            await self._clock.sleep(IDLE_SECONDS)
            self._advance()

    def skip(self) -> None:
        """Play what is due by now at once, before anybody is there to see it."""
        self._next = next(self._updates, None)
        self._play_instant()
        self._advance()

    def _play_instant(self) -> None:
        """Play every update that is due by now, so that a slow machine catches up."""
        now_ns, exchange = self._clock.now_ns(), self._exchange
        while self._next is not None and self._next.time_ns <= now_ns:
            exchange.publish(exchange.venue.apply(self._next))
            self._next = next(self._updates, None)

    async def _wait_until(self, moment_ns: int) -> None:
        """Return at `moment_ns`, when an update comes; until then time alone moves the venue."""
        while (left := moment_ns - self._clock.now_ns()) > IDLE_SECONDS * SECOND:
            await self._clock.sleep(IDLE_SECONDS)
            self._advance(until_ns=moment_ns)
        if left > 0:
            await self._clock.sleep(left / SECOND)

    def _advance(self, until_ns: int | None = None) -> None:
        now_ns = self._clock.now_ns()
        reached_ns = now_ns if until_ns is None else min(now_ns, until_ns)
        self._exchange.publish(self._exchange.venue.advance(reached_ns))
