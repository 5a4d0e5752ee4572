"""Bars that grow while the market is played: real-time ones, and history kept up to date."""

from collections.abc import Callable

from msgspec.structs import replace

from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Bar, Quote
from microfutures.twsim.history.bars import TRADED, joined

SECOND = 1_000_000_000
REAL_TIME_SECONDS = 5
MAX_SILENT_BARS = 12
"""Bars without a trade that are sent in one go, when a fast clock passed over several."""

Slot = Callable[[int], int]
"""The start of the bar that a moment belongs to, ns UTC."""

Counts = Callable[[InstrumentId, int], bool]
"""Whether a moment of a contract counts."""


def aligned(bar_seconds: int) -> Slot:
    """Return the slot of bars that begin at whole multiples of their length since 1970."""
    length_ns = bar_seconds * SECOND
    return lambda moment_ns: moment_ns - moment_ns % length_ns


class GrowingBar:
    """The bar under way of one request, fed by trades or by quotes."""

    def __init__(
        self, instrument_id: InstrumentId, what: str, bar_seconds: int, slot: Slot
    ) -> None:
        self.instrument_id = instrument_id
        self.what = what
        self.bar_seconds = bar_seconds
        self.slot = slot
        self.current: Bar | None = None
        self.finished: list[Bar] = []
        self.counts: Counts = lambda _name, _moment_ns: True
        """Which moments it is about: all, or those in regular hours."""

    def begin_with(self, bars: list[Bar]) -> None:
        """Go on where past bars end; what came while they were looked up is not lost."""
        if not bars:
            return
        last = replace(bars[-1], start_ns=self.slot(bars[-1].start_ns))
        since = [*self.take_finished(), *([self.current] if self.current is not None else [])]
        self.current = last
        for bar in since:
            if bar.start_ns > self.current.start_ns:
                self.finished.append(self.current)
                self.current = bar
            else:
                self.current = joined(self.current, bar)

    def on_trade(self, time_ns: int, price: float, size: float) -> None:
        """Take a trade if trades are what it shows."""
        if self.what in TRADED:
            self._add(time_ns, price, size)

    def on_quote(self, quote: Quote) -> None:
        """Take a quote if quotes are what it shows."""
        if self.what in TRADED:
            return
        price = {"BID": quote.bid, "ASK": quote.ask}.get(self.what, quote.mid)
        if price is not None:
            self._add(quote.time_ns, price, 0.0)

    def _add(self, time_ns: int, price: float, size: float) -> None:
        if not self.counts(self.instrument_id, time_ns):
            return
        start_ns = self.slot(time_ns)
        piece = Bar(start_ns, self.bar_seconds, price, price, price, price, size)
        before = self.current
        if before is not None and start_ns > before.start_ns:
            self.finished.append(before)
        is_same = before is not None and start_ns <= before.start_ns
        self.current = joined(before, piece) if before is not None and is_same else piece

    def take_finished(self) -> list[Bar]:
        """Return and forget the bars that ended since the last call, oldest first."""
        finished, self.finished = self.finished, []
        return finished


class RealTimeBars:
    """Five-second bars of one request: one each five seconds, traded or not."""

    def __init__(
        self, instrument_id: InstrumentId, what: str, now_ns: int, last: float | None
    ) -> None:
        self.bar = GrowingBar(instrument_id, what, REAL_TIME_SECONDS, aligned(REAL_TIME_SECONDS))
        self._next_ns = self.bar.slot(now_ns)
        """Start of the next bar to send."""
        self._last = last
        """Price of the bars in which nothing happens."""

    def take(self, now_ns: int) -> list[Bar]:
        """Return the bars that ended by `now_ns` and were not returned yet."""
        until_ns = self.bar.slot(now_ns)
        known = {bar.start_ns: bar for bar in self.bar.take_finished()}
        if self.bar.current is not None and self.bar.current.start_ns < until_ns:
            known[self.bar.current.start_ns] = self.bar.current
            self.bar.current = None
        step_ns = REAL_TIME_SECONDS * SECOND
        start_ns = max(self._next_ns, until_ns - MAX_SILENT_BARS * step_ns)
        bars: list[Bar] = []
        while start_ns < until_ns:
            bar = known.get(start_ns)
            if bar is not None:
                self._last = bar.close
                bars.append(bar)
            elif self._last is not None and self.bar.counts(self.bar.instrument_id, start_ns):
                price = self._last
                bars.append(Bar(start_ns, REAL_TIME_SECONDS, price, price, price, price, 0.0))
            start_ns += step_ns
        self._next_ns = max(self._next_ns, until_ns)
        return bars


class GrowingBars:
    """All bars under way, by instrument."""

    def __init__(self) -> None:
        self._bars: dict[InstrumentId, list[GrowingBar]] = {}

    def add(self, bar: GrowingBar) -> None:
        """Let a bar grow from now on."""
        self._bars.setdefault(bar.instrument_id, []).append(bar)

    def remove(self, bar: GrowingBar) -> None:
        """Let it grow no more."""
        self._bars[bar.instrument_id].remove(bar)

    def on_trade(
        self, instrument_id: InstrumentId, time_ns: int, price: float, size: float
    ) -> None:
        """Take a trade."""
        for bar in self._bars.get(instrument_id, ()):
            bar.on_trade(time_ns, price, size)

    def on_quote(self, quote: Quote) -> None:
        """Take a quote."""
        for bar in self._bars.get(quote.instrument_id, ()):
            bar.on_quote(quote)
