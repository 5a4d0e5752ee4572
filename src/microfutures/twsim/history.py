"""Past bars of trades and of quotes: the market source's, then what the venue has shown since.

The source knows trades only. Bars of bids, asks and midpoints from before the start are made of
them: half a tick below, half a tick above, in between; they have no volume, like IB's.
"""

from collections.abc import Sequence
from itertools import groupby

from msgspec.structs import replace

from microfutures.model import catalog
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, Quote
from microfutures.model.sessions import session_at
from microfutures.twsim.bar_sizes import DAY_SECONDS, Duration, Span, period, trading_day
from microfutures.venue.bars import SHORTEST_SECONDS, BarRecorder
from microfutures.venue.market import MarketSource
from microfutures.venue.messages import SplitUpdate
from microfutures.venue.venue import Venue

SECOND = 1_000_000_000
MAX_BARS = 60_000
PART_SECONDS = 600
"""Days are made of bars that no exchange's hours cut."""

WHAT_TO_SHOW = ("TRADES", "ADJUSTED_LAST", "MIDPOINT", "BID", "ASK")
TRADED = ("TRADES", "ADJUSTED_LAST")
_HALF_TICKS = {"BID": -0.5, "MIDPOINT": 0.0, "ASK": 0.5}


class History:
    """Answers for any instrument how its bars were."""

    def __init__(self, venue: Venue, market: MarketSource) -> None:
        self._venue = venue
        self._market = market
        self._quoted: dict[tuple[InstrumentId, str], BarRecorder] = {}

    def on_quote(self, quote: Quote) -> None:
        """Record bid, ask and midpoint."""
        name, now_ns = quote.instrument_id, quote.time_ns
        for what, price in (("BID", quote.bid), ("ASK", quote.ask), ("MIDPOINT", quote.mid)):
            if price is not None:
                recorder = self._quoted.get((name, what))
                if recorder is None:
                    recorder = self._quoted[name, what] = BarRecorder()
                recorder.add(now_ns, price, 0.0)

    def request(
        self,
        instrument: Instrument,
        *,
        what: str,
        end_ns: int,
        bar_seconds: int,
        span: Duration,
        regular_only: bool,
    ) -> list[Bar]:
        """Return the bars that a request asks for, ascending; empty when there are none."""
        if bar_seconds >= DAY_SECONDS:
            parts = self._parts(instrument, what, end_ns, span, regular_only)
            return _merged(instrument, _last_days(instrument, parts, span), bar_seconds)
        count = min(-(-span.seconds // bar_seconds), MAX_BARS)
        bars = self.bars(instrument, what, end_ns, bar_seconds, count)
        if regular_only:
            bars = _regular(instrument, bars)
        if span.span is Span.DAYS:
            return _last_days(instrument, bars, span)
        return bars

    def bars(
        self, instrument: Instrument, what: str, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        """Return at most `count` bars that begin before `end_ns`, the unfinished one last."""
        name = instrument.instrument_id
        if what in TRADED:
            recent = self._venue.bars(name, end_ns, bar_seconds, count)
        else:
            recorder = self._quoted.get((name, what))
            recent = recorder.bars(end_ns, bar_seconds, count) if recorder else []
        first_ns = recent[0].start_ns if recent else end_ns
        bar_ns = bar_seconds * SECOND
        # The bar in which the simulation began has a part in the source and a part here.
        older = self._market.history(name, min(first_ns + bar_ns, end_ns), bar_seconds, count)
        if what not in TRADED:
            older = [_as_quotes(bar, instrument, what) for bar in older]
        if older and recent and older[-1].start_ns == recent[0].start_ns:
            recent = [joined(older.pop(), recent[0]), *recent[1:]]
        return _restated((older + recent)[-count:], self._venue.splits(name))

    def _parts(
        self, instrument: Instrument, what: str, end_ns: int, span: Duration, regular_only: bool
    ) -> list[Bar]:
        """Return the bars that days are put together from."""
        # Weekends and holidays hold no bars, so a day of bars is never longer than a day.
        name, count = instrument.instrument_id, min(-(-span.seconds // PART_SECONDS), MAX_BARS)
        parts = self.bars(instrument, what, end_ns, PART_SECONDS, count)
        if regular_only:
            parts = _regular(instrument, parts)
        if self._market.history(name, end_ns, PART_SECONDS, 1):
            return parts
        # A tape of daily bars has nothing finer. They begin at midnight UTC, which is the evening
        # before in New York: noon UTC is on the right side of it.
        days = self._market.history(name, end_ns, DAY_SECONDS, -(-span.seconds // DAY_SECONDS))
        noons = [replace(day, start_ns=day.start_ns + DAY_SECONDS * SECOND // 2) for day in days]
        if what not in TRADED:
            noons = [_as_quotes(day, instrument, what) for day in noons]
        return noons + parts


def joined(first: Bar, second: Bar) -> Bar:
    """Return two bars as one, the first one's start and length."""
    return Bar(
        first.start_ns,
        first.seconds,
        first.open,
        max(first.high, second.high),
        min(first.low, second.low),
        second.close,
        first.volume + second.volume,
    )


def is_makeable(bar_seconds: int) -> bool:
    """Tell whether bars of this length are recorded here."""
    return bar_seconds >= SHORTEST_SECONDS


def _restated(bars: list[Bar], splits: Sequence[SplitUpdate]) -> list[Bar]:
    """Return bars in shares of today, like IB's (its bars know of splits, not of dividends)."""
    for split in splits:
        bars = [
            _in_new_shares(bar, split.numerator, split.denominator)
            if bar.start_ns < split.time_ns
            else bar
            for bar in bars
        ]
    return bars


def _in_new_shares(bar: Bar, new: int, old: int) -> Bar:
    return replace(
        bar,
        open=bar.open * old / new,
        high=bar.high * old / new,
        low=bar.low * old / new,
        close=bar.close * old / new,
        volume=bar.volume * new / old,
    )


def _as_quotes(bar: Bar, instrument: Instrument, what: str) -> Bar:
    shift = _HALF_TICKS[what] * float(instrument.tick_size)
    prices = (round(price + shift, 10) for price in (bar.open, bar.high, bar.low, bar.close))
    return Bar(bar.start_ns, bar.seconds, *prices)


def _regular(instrument: Instrument, bars: list[Bar]) -> list[Bar]:
    """Return the bars of the regular hours."""
    if not bars:
        return []
    first = trading_day(instrument, bars[0].start_ns)
    last = trading_day(instrument, bars[-1].start_ns)
    _, liquid = catalog.sessions(instrument.symbol, first, last)
    return [bar for bar in bars if session_at(liquid, bar.start_ns) is not None]


def _last_days(instrument: Instrument, bars: list[Bar], span: Duration) -> list[Bar]:
    """Return the bars of the last trading days that `span` counts."""
    days = sorted({trading_day(instrument, bar.start_ns) for bar in bars})
    wanted = days[-span.count :] if span.span is Span.DAYS else days
    return (
        [bar for bar in bars if trading_day(instrument, bar.start_ns) >= wanted[0]] if days else []
    )


def _merged(instrument: Instrument, parts: list[Bar], bar_seconds: int) -> list[Bar]:
    """Return one bar a day, week or month; it starts where its last day does, like IB's dates."""
    merged: list[Bar] = []
    for _, group in groupby(
        parts, key=lambda bar: period(trading_day(instrument, bar.start_ns), bar_seconds)
    ):
        bars = list(group)
        merged.append(
            Bar(
                bars[-1].start_ns,
                bar_seconds,
                bars[0].open,
                max(bar.high for bar in bars),
                min(bar.low for bar in bars),
                bars[-1].close,
                sum(bar.volume for bar in bars),
            )
        )
    return merged
