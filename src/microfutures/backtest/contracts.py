"""Which contract a symbol means on a day of the tape, by the rule of the live system.

The front month with enough business days left, seven like the live system unless the tape says
otherwise; of the next two, the one with more volume in the latest sessions. Never back to an
earlier month.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

from microfutures.model.catalog import spec
from microfutures.model.errors import UnknownInstrumentError
from microfutures.model.expiry import ROLL_BUSINESS_DAYS
from microfutures.model.holidays import Exchange, business_days_before
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.timestamp import from_datetime, seconds, to_datetime
from microfutures.model.trading_hours import NEW_YORK, local_date
from microfutures.venue.market import MarketSource, RecordedMarket
from microfutures.venue.venue import Venue

CANDIDATES = 2
VOLUME_SESSIONS = 2
DAY_SECONDS = 86_400
ROLL_TIME = time(17, 30)
"""New York, in the daily break of the futures: contracts are looked at anew."""
DAY_STARTS_EARLY_SECONDS = 6.5 * 3600
BEFORE_EVENING_NS = seconds(30 * 60)
"""From then to the beginning of the next trading day, at 18:00."""


def next_roll_ns(now_ns: int) -> int:
    """Return the next moment after `now_ns` at which contracts are looked at anew."""
    zone = ZoneInfo(NEW_YORK)
    local = to_datetime(now_ns).astimezone(zone)
    moment = datetime.combine(local.date(), ROLL_TIME, zone)
    if moment <= local:
        moment = datetime.combine(local.date() + timedelta(days=1), ROLL_TIME, zone)
    return from_datetime(moment)


Volume = Callable[[InstrumentId, int], float]
"""Returns what was traded of a contract in the sessions before a moment."""


def front_month(
    symbol: Symbol,
    instruments: Sequence[Instrument],
    now_ns: int,
    *,
    before: Instrument | None,
    volume: Volume,
    roll_business_days: int = ROLL_BUSINESS_DAYS,
) -> Instrument | None:
    """Return what `symbol` means now, given what it meant before; None if nothing may be held."""
    listed = [each for each in instruments if each.symbol == symbol]
    if spec(symbol).security_type is SecurityType.FUTURE:
        today = local_date(now_ns + seconds(DAY_STARTS_EARLY_SECONDS), NEW_YORK)
        listed = _eligible(symbol, listed, today, before, roll_business_days)
    if len(listed) < 2:
        return listed[0] if listed else None
    candidates = range(min(CANDIDATES, len(listed)))
    best = max(candidates, key=lambda place: (volume(listed[place].instrument_id, now_ns), -place))
    return listed[best]


def _eligible(
    symbol: Symbol,
    listed: Sequence[Instrument],
    today: date,
    before: Instrument | None,
    roll_business_days: int,
) -> list[Instrument]:
    """Return the months that may still be held, the nearest first."""
    exchange = spec(symbol).hours.exchange
    earliest = before.last_trade_date if before else None
    dated = [
        (last, each)
        for each in listed
        if (last := each.last_trade_date) is not None
        and today <= _held_until(exchange, last, roll_business_days)
        and (earliest is None or last >= earliest)
    ]
    return [each for _, each in sorted(dated, key=lambda pair: pair[0])]


@cache
def _held_until(exchange: Exchange, last_trade_date: date, roll_business_days: int) -> date:
    return business_days_before(exchange, last_trade_date, roll_business_days)


Past = Callable[[InstrumentId, int, int, int], list[Bar]]
"""Returns bars by contract, end, length in seconds and number."""


def volume_before(past: Past, instrument_id: InstrumentId, now_ns: int) -> float:
    """Return what was traded of a contract in the latest sessions."""
    bars = past(instrument_id, now_ns, DAY_SECONDS, VOLUME_SESSIONS)
    return sum(bar.volume for bar in bars)


def past_of(venue: Venue, market: MarketSource) -> Past:
    """Return what tells the bars up to a moment: a tape of closes, or what was recorded."""
    if isinstance(market, RecordedMarket) and market.is_of_closes:
        return market.past

    def recorded(instrument_id: InstrumentId, end_ns: int, length: int, count: int) -> list[Bar]:
        bars = [
            *market.history(instrument_id, end_ns, length, count),
            *venue.bars(instrument_id, end_ns, length, count),
        ]
        return bars[-count:]

    return recorded


def roll_business_days_of(market: MarketSource) -> int:
    """Return how long before its last day a month of this market is left."""
    if isinstance(market, RecordedMarket):
        return market.roll_business_days
    return ROLL_BUSINESS_DAYS


class FrontMonths:
    """Remembers what each symbol means, and finds what it means next."""

    def __init__(self, venue: Venue, market: MarketSource, past: Past) -> None:
        self._venue = venue
        self._market = market
        self._past = past
        self._current: dict[Symbol, Instrument] = {}

    def resolve(self, symbol: Symbol, now_ns: int) -> Instrument:
        """Return the contract of `symbol`, with its hours around now.

        Raises
        ------
        UnknownInstrumentError
            If the tape has no contract of it that may still be held.
        """
        front = front_month(
            symbol,
            self._market.instruments,
            now_ns,
            before=self._current.get(symbol),
            volume=partial(volume_before, self._past),
            roll_business_days=roll_business_days_of(self._market),
        )
        if front is None:
            today = local_date(now_ns + seconds(DAY_STARTS_EARLY_SECONDS), NEW_YORK)
            raise UnknownInstrumentError(
                f"the tape has no contract of {symbol} that may be held on {today}"
            )
        found = self._venue.instrument(front.instrument_id)
        self._current[symbol] = found
        return found
