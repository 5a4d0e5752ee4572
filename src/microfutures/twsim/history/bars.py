"""Past bars of trades and of quotes: the market source's, then what the venue has shown since.

The source knows trades only. Bars of bids, asks and midpoints from before the start are made of
them: half a tick below, half a tick above, in between; they have no volume, like IB's.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from itertools import groupby

import msgspec
from msgspec.structs import replace

from microfutures.model import catalog
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, Quote
from microfutures.model.sessions import session_at
from microfutures.twsim.history.bar_sizes import DAY_SECONDS, Duration, Span, period, trading_day
from microfutures.twsim.history.volatility_bars import VOLATILITY_DAYS, volatilities
from microfutures.twsim.turns import Steps, whole
from microfutures.venue.bars import SHORTEST_SECONDS, BarRecorder
from microfutures.venue.market import MarketSource
from microfutures.venue.messages import SplitUpdate
from microfutures.venue.venue import Venue

SECOND = 1_000_000_000
MAX_BARS = 60_000
PART_SECONDS = 600
"""Days are made of bars that no exchange's hours cut."""

BID_ASK = "BID_ASK"
VOLATILITIES = ("HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY")
WHAT_TO_SHOW = ("TRADES", "ADJUSTED_LAST", "MIDPOINT", "BID", "ASK", BID_ASK, *VOLATILITIES)
NOT_KEPT = ("AGGTRADES", "FEE_RATE", "YIELD_ASK", "YIELD_BID", "YIELD_BID_ASK", "YIELD_LAST")
"""What IB shows of coins, of borrowed shares and of bonds, which are not here."""

MOST_AT_ONCE, FEWEST_AT_ONCE, SECONDS_AT_ONCE = 500, 20, 30_000
"""How many bars, and seconds of them, are made in one step."""

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
        wanted = Wanted(what, end_ns, bar_seconds, span, regular_only)
        return whole(self.steps(instrument, wanted))

    def steps(self, instrument: Instrument, wanted: "Wanted") -> Steps[list[Bar]]:
        """Return the same bars, made a piece at a time."""
        if wanted.what == BID_ASK:
            bids = yield from self.steps(instrument, replace(wanted, what="BID"))
            asks = yield from self.steps(instrument, replace(wanted, what="ASK"))
            return _spreads(bids, asks)
        if wanted.what in VOLATILITIES:
            days = yield from self.steps(instrument, _days_before(wanted))
            bars = yield from self.steps(instrument, replace(wanted, what="TRADES"))
            return volatilities(instrument, bars, days)
        span = wanted.span
        if wanted.bar_seconds >= DAY_SECONDS:
            parts = yield from self._parts(instrument, wanted)
            return _merged(instrument, _last_days(instrument, parts, span), wanted.bar_seconds)
        count = min(-(-span.seconds // wanted.bar_seconds), MAX_BARS)
        bars = yield from self._pieces(instrument, wanted, wanted.bar_seconds, count)
        return _last_days(instrument, bars, span) if span.span is Span.DAYS else bars

    def _pieces(
        self, instrument: Instrument, wanted: "Wanted", bar_seconds: int, count: int
    ) -> Steps[list[Bar]]:
        """Return at most `count` bars that begin before the end, latest piece made first."""
        at_once = max(FEWEST_AT_ONCE, min(MOST_AT_ONCE, SECONDS_AT_ONCE // bar_seconds))
        pieces: list[list[Bar]] = []
        end_ns = wanted.end_ns
        while count > 0:
            piece = self.bars(instrument, wanted.what, end_ns, bar_seconds, min(at_once, count))
            if not piece:
                break
            end_ns, count = piece[0].start_ns, count - len(piece)
            pieces.append(regular(instrument, piece) if wanted.regular_only else piece)
            if count > 0:
                yield
        return [bar for piece in reversed(pieces) for bar in piece]

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

    def _parts(self, instrument: Instrument, wanted: "Wanted") -> Steps[list[Bar]]:
        """Return the bars that days are put together from."""
        # Weekends and holidays hold no bars, so a day of bars is never longer than a day.
        name, end_ns, seconds = instrument.instrument_id, wanted.end_ns, wanted.span.seconds
        count = min(-(-seconds // PART_SECONDS), MAX_BARS)
        parts = yield from self._pieces(instrument, wanted, PART_SECONDS, count)
        if self._market.history(name, end_ns, PART_SECONDS, 1):
            return parts
        # A tape of daily bars has nothing finer. They begin at midnight UTC, which is the evening
        # before in New York: noon UTC is on the right side of it.
        days = self._market.history(name, end_ns, DAY_SECONDS, -(-seconds // DAY_SECONDS))
        noons = [replace(day, start_ns=day.start_ns + DAY_SECONDS * SECOND // 2) for day in days]
        if wanted.what not in TRADED:
            noons = [_as_quotes(day, instrument, wanted.what) for day in noons]
        return noons + parts


class Wanted(msgspec.Struct, frozen=True):
    """What a request for bars asks for."""

    what: str
    end_ns: int
    bar_seconds: int
    span: Duration
    regular_only: bool


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


def regular(instrument: Instrument, bars: list[Bar]) -> list[Bar]:
    """Return the bars of the regular hours."""
    if not bars:
        return []
    first = trading_day(instrument, bars[0].start_ns)
    last = trading_day(instrument, bars[-1].start_ns)
    _, liquid = catalog.sessions(instrument.symbol, first, last)
    return [bar for bar in bars if session_at(liquid, bar.start_ns) is not None]


def _last_days(instrument: Instrument, bars: list[Bar], span: Duration) -> list[Bar]:
    """Return the bars of the last trading days that `span` counts."""
    if span.span is not Span.DAYS:
        return bars

    def day_of(bar: Bar) -> date:
        return trading_day(instrument, bar.start_ns)

    first = len(bars)
    for _ in range(span.count):
        if not first:
            break
        first = bisect_left(bars, day_of(bars[first - 1]), hi=first, key=day_of)
    return bars[first:]


def _days_before(wanted: Wanted) -> Wanted:
    """Return the request for the days that the volatility of a request's bars is told by."""
    days = Duration(Span.DAYS, wanted.span.seconds // DAY_SECONDS + 1 + VOLATILITY_DAYS)
    return Wanted("TRADES", wanted.end_ns, DAY_SECONDS, days, wanted.regular_only)


def _spreads(bids: list[Bar], asks: list[Bar]) -> list[Bar]:
    """Return bars from the average bid to the average ask, between lowest bid and highest ask."""
    by_start = {bar.start_ns: bar for bar in asks}
    return [
        replace(
            bid,
            open=(bid.open + bid.close) / 2,
            high=ask.high,
            low=bid.low,
            close=(ask.open + ask.close) / 2,
        )
        for bid in bids
        if (ask := by_start.get(bid.start_ns)) is not None
    ]


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
