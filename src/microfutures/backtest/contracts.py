"""Which contract a symbol means on a day of the tape, by the rule of the live system.

The front month with seven business days left; of the next two, the one with more volume in the
latest sessions. Never back to an earlier month.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from microfutures.model.catalog import spec
from microfutures.model.errors import UnknownInstrumentError
from microfutures.model.holidays import business_days_before
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.timestamp import from_datetime, seconds, to_datetime
from microfutures.model.trading_hours import NEW_YORK, local_date
from microfutures.venue.market import MarketSource, RecordedMarket
from microfutures.venue.venue import Venue

MIN_BUSINESS_DAYS = 7
"""IB takes only margin-reducing trades in oil from five business days before the last one."""
CANDIDATES = 2
VOLUME_SESSIONS = 2
DAY_SECONDS = 86_400
ROLL_TIME = time(17, 30)
"""New York, in the daily break of the futures: contracts are looked at anew."""
DAY_STARTS_EARLY_SECONDS = 6.5 * 3600


def next_roll_ns(now_ns: int) -> int:
    """Return the next moment after `now_ns` at which contracts are looked at anew."""
    zone = ZoneInfo(NEW_YORK)
    local = to_datetime(now_ns).astimezone(zone)
    moment = datetime.combine(local.date(), ROLL_TIME, zone)
    if moment <= local:
        moment = datetime.combine(local.date() + timedelta(days=1), ROLL_TIME, zone)
    return from_datetime(moment)


Past = Callable[[InstrumentId, int, int, int], list[Bar]]
"""Returns bars by contract, end, length in seconds and number."""


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
        today = local_date(now_ns + seconds(DAY_STARTS_EARLY_SECONDS), NEW_YORK)
        listed = [each for each in self._market.instruments if each.symbol == symbol]
        if spec(symbol).security_type is SecurityType.FUTURE:
            listed = self._eligible(symbol, listed, today)
        if not listed:
            raise UnknownInstrumentError(
                f"the tape has no contract of {symbol} that may be held on {today}"
            )
        best = 0
        if len(listed) > 1:
            best = max(
                range(min(CANDIDATES, len(listed))),
                key=lambda place: (self._volume(listed[place].instrument_id, now_ns), -place),
            )
        found = self._venue.instrument(listed[best].instrument_id)
        self._current[symbol] = found
        return found

    def _eligible(self, symbol: Symbol, listed: list[Instrument], today: date) -> list[Instrument]:
        exchange = spec(symbol).hours.exchange
        before = self._current.get(symbol)
        earliest = before.last_trade_date if before else None
        dated = [
            (last, each)
            for each in listed
            if (last := each.last_trade_date) is not None
            and today <= business_days_before(exchange, last, MIN_BUSINESS_DAYS)
            and (earliest is None or last >= earliest)
        ]
        return [each for _, each in sorted(dated, key=lambda pair: pair[0])]

    def _volume(self, instrument_id: InstrumentId, now_ns: int) -> float:
        bars = self._past(instrument_id, now_ns, DAY_SECONDS, VOLUME_SESSIONS)
        return sum(bar.volume for bar in bars)
