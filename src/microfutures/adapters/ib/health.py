"""Whether the line is alive and data flow: "connected" alone says neither."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from microfutures.adapters.ib.market_data import MarketDataDesk
from microfutures.adapters.ib.roster import Roster
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.voice import Voice
from microfutures.model.identifiers import InstrumentId
from microfutures.ports.clock import Clock

HEALTH_SECONDS = 10.0
MISSED_ANSWERS = 2
LIQUID_SILENCE_SECONDS = 60.0
THIN_SILENCE_SECONDS = 600.0
"""Outside of liquid hours minutes pass without a tick, and nothing is wrong."""
LONGEST_SILENCE_SECONDS = 3600.0
RECOVERED_SECONDS = 60.0
"""A new subscription repeats the last prices at once: only later ticks show a stream at work."""
FORGOTTEN_SECONDS = 1800.0
"""A stream that falls silent again before this is slow by nature: it gets twice the patience."""


class Renewal(NamedTuple):
    """How often a silent stream was asked for again, and when for the last time."""

    times: int
    time_ns: int
    is_over: bool = False


class HealthCheck:
    """Asks for the time, watches the streams, each contract in its own hours."""

    def __init__(
        self,
        ib: TappedIB,
        *,
        clock: Clock,
        voice: Voice,
        market: MarketDataDesk,
        roster: Roster,
        ask_time: Callable[[], Awaitable[None]],
        drop: Callable[[str], None],
        is_upstream_lost: Callable[[], bool],
    ) -> None:
        self._ib = ib
        self._clock = clock
        self._voice = voice
        self._market = market
        self._roster = roster
        self._ask_time = ask_time
        self._drop = drop
        self._is_upstream_lost = is_upstream_lost
        self._missed = 0
        self._renewals: dict[InstrumentId, Renewal] = {}

    async def run(self) -> None:
        """Check until the line is dropped or this task cancelled."""
        while self._missed < MISSED_ANSWERS:
            await self._clock.sleep(HEALTH_SECONDS)
            is_up = await self._check_line()
            if is_up and not self._is_upstream_lost():
                self._check_streams()
        self._drop("TWS does not answer any more: the connection is made anew")

    async def _check_line(self) -> bool:
        """Tell whether TWS answers; of a line that does not, silent streams say nothing new."""
        try:
            await self._ask_time()
        except TimeoutError:
            self._missed += 1
            self._voice.warn(f"TWS did not tell the time, {self._missed} of {MISSED_ANSWERS} times")
            return False
        except ConnectionError:
            # The socket is gone; whoever waits for that knows already.
            return False
        self._missed = 0
        return True

    def _check_streams(self) -> None:
        for instrument_id in self._market.subscribed:
            limit = self._silence_limit(instrument_id)
            silent = self._market.silent_seconds(instrument_id)
            if limit is None or silent is None:
                continue
            if silent > limit:
                self._renew(instrument_id, silent)
            elif silent <= HEALTH_SECONDS:
                self._note_recovery(instrument_id)

    def _renew(self, instrument_id: InstrumentId, silent: float) -> None:
        before = self._renewals.get(instrument_id)
        renewal = Renewal(before.times + 1 if before else 1, self._clock.now_ns())
        self._renewals[instrument_id] = renewal
        self._voice.warn(
            f"no tick of {instrument_id} for {silent:.0f} s in its hours: subscribing anew, "
            f"time {renewal.times}",
            "is the market data subscription in order, and nobody else logged in with this user?",
        )
        self._market.renew(self._ib, instrument_id)

    def _note_recovery(self, instrument_id: InstrumentId) -> None:
        renewal = self._renewals.get(instrument_id)
        if renewal is None:
            return
        age = (self._clock.now_ns() - renewal.time_ns) / 1e9
        if age > RECOVERED_SECONDS and not renewal.is_over:
            self._renewals[instrument_id] = renewal._replace(is_over=True)
            self._voice.info(f"ticks of {instrument_id} are back")
        elif age > FORGOTTEN_SECONDS:
            del self._renewals[instrument_id]

    def _silence_limit(self, instrument_id: InstrumentId) -> float | None:
        """Return how long a stream may be silent now; None when its market is closed."""
        resolved = self._roster.contracts.get(instrument_id)
        now_ns = self._clock.now_ns()
        if resolved is None or not resolved.instrument.is_open(now_ns):
            return None
        is_liquid = resolved.instrument.is_liquid(now_ns)
        limit = LIQUID_SILENCE_SECONDS if is_liquid else THIN_SILENCE_SECONDS
        renewal = self._renewals.get(instrument_id)
        return min(limit * 2**renewal.times, LONGEST_SILENCE_SECONDS) if renewal else limit
