"""Generic ticks: what a market data line shows beside the quote, by IB's numbers.

Names are those of TWS's own refusal of a wrong list. Some are accepted and carry nothing, as in TWS
for an account without the subscription (258, 292, 460), outside an auction or an offering (225,
586) or without a live index beside the future (162). Nobody trades options here: their volume and
open interest are 0. A fund's value is what it is quoted at.
"""

from collections.abc import Callable

import msgspec

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar, Quote
from microfutures.twsim.history.volatility_bars import realized_volatility
from microfutures.twsim.quotes.ticks import GENERIC, STRING, Tail, price_tick, size_tick

LEGAL: dict[int, str] = {
    100: "Option Volume",
    101: "Option Open Interest",
    104: "Historical Volatility",
    105: "Average Opt Volume",
    106: "impvolat",
    162: "Index Future Premium",
    165: "Misc. Stats",
    221: "Mark Price",
    225: "Auction",
    232: "Mark Price",
    233: "RTVolume",
    236: "inventory",
    258: "Fundamentals",
    292: "Wide_news",
    293: "TradeCount",
    294: "TradeRate",
    295: "VolumeRate",
    318: "LastRTHTrade",
    375: "RTTrdVolume",
    411: "rthistvol",
    456: "IBDividends",
    460: "Bond Factor Multiplier",
    576: "ETF Nav BidAsk",
    577: "ETF Nav Last",
    578: "ETF Nav Close",
    586: "IPOHLMPRC",
    588: "Futures Open Interest",
    595: "Short-Term Volume X Mins",
}
SHARES_ONLY = frozenset({236, 258, 456, 576, 577, 578, 586})
FUTURES_ONLY = frozenset({162, 588})
_BARRED = {SecurityType.FUTURE: SHARES_ONLY, SecurityType.STOCK: FUTURES_ONLY}

MARK_PRICES = frozenset({221, 232})
RT_VOLUME, RT_TRADE_VOLUME = 233, 375
RT_TICKS = {RT_VOLUME: 48, RT_TRADE_VOLUME: 77}
MARK_TICK = 37

EASY_TO_BORROW = 3
BORROWABLE_SHARES = 1_000_000
DAYS_OF_13_WEEKS = 65
MINUTES = 390
"""Minutes that rates are averaged over, at most: a regular day of shares."""


class Facts(msgspec.Struct, frozen=True):
    """What generic ticks are made of: the quote, bars of days and of minutes, oldest first."""

    instrument: Instrument
    quote: Quote
    days: list[Bar]
    minutes: list[Bar]


def parsed(text: str) -> tuple[int, ...] | None:
    """Return the numbers of a list like ``100,233,292:BRFG``; None for nonsense."""
    found = []
    for part in text.split(","):
        word = part.strip().partition(":")[0]
        if word in ("", "mdoff"):
            continue
        if not word.isdigit() or len(word) > len("99999"):
            return None
        found.append(int(word))
    return tuple(found)


def legal_for(kind: SecurityType) -> dict[int, str]:
    """Return what may be asked for of a kind of contract."""
    barred = _BARRED.get(kind, SHARES_ONLY | FUTURES_ONLY)
    return {number: name for number, name in LEGAL.items() if number not in barred}


def problem(text: str, kind: SecurityType) -> str:
    """Return what TWS says of a wrong list; empty for a right one."""
    legal = legal_for(kind)
    numbers = parsed(text)
    if numbers is not None and all(number in legal for number in numbers):
        return ""
    listed = ",".join(f"{number}({name})" for number, name in legal.items())
    return f"Incorrect generic tick list of {text}.  Legal ones for ({kind.value}) are: {listed}"


def opening(numbers: tuple[int, ...], facts: Facts) -> list[Tail]:
    """Return the generic ticks that a line begins with, in the order they were asked for."""
    tails: list[Tail] = []
    for number in dict.fromkeys(numbers):
        make = _MAKERS.get(number)
        if make is not None:
            tails += make(facts)
    return tails


def mark_price(quote: Quote) -> float | None:
    """Return the last price, held between bid and ask."""
    if quote.last is None:
        return quote.mid
    low = quote.last if quote.bid is None else max(quote.last, quote.bid)
    return low if quote.ask is None else min(low, quote.ask)


def string_tick(tick_id: int, text: str) -> Tail:
    """Return a tick string message."""
    return STRING, f"{tick_id}\0{text}\0".encode()


def _number(tick_id: int, value: float) -> Tail:
    return GENERIC, f"{tick_id}\0{value!r}\0".encode()


def _statistics(facts: Facts) -> list[Tail]:
    """Return lows and highs of 13, 26 and 52 weeks, and the average volume of a day."""
    tails: list[Tail] = []
    for place, tick_id in enumerate((15, 17, 19)):
        days = facts.days[-DAYS_OF_13_WEEKS * 2**place :]
        if days:
            tails.append(price_tick(tick_id, min(day.low for day in days)))
            tails.append(price_tick(tick_id + 1, max(day.high for day in days)))
    return [*tails, size_tick(21, _average_volume(facts))] if tails else []


def _average_volume(facts: Facts) -> float:
    days = facts.days[-DAYS_OF_13_WEEKS:]
    return float(round(sum(day.volume for day in days) / len(days))) if days else 0.0


def _volatility(tick_id: int) -> Callable[[Facts], list[Tail]]:
    def make(facts: Facts) -> list[Tail]:
        volatility = realized_volatility(facts.days[-31:])
        return [] if volatility is None else [_number(tick_id, round(volatility, 6))]

    return make


def _zeros(*tick_ids: int) -> Callable[[Facts], list[Tail]]:
    """Return sizes of 0 for what has options."""

    def make(facts: Facts) -> list[Tail]:
        has_options = facts.instrument.security_type is not SecurityType.CURRENCY
        return [size_tick(tick_id, 0.0) for tick_id in tick_ids] if has_options else []

    return make


def _fund_value(facts: Facts) -> list[Tail]:
    """Return bid and ask of a fund's net asset value."""
    sides = ((94, facts.quote.bid), (95, facts.quote.ask))
    return [price_tick(tick_id, price) for tick_id, price in sides if price is not None]


def _fund_last(facts: Facts) -> list[Tail]:
    mark = mark_price(facts.quote)
    return [] if mark is None else [price_tick(96, mark)]


def _fund_closes(facts: Facts) -> list[Tail]:
    """Return the net asset value of the last two closes; the latest day is still under way."""
    closes = [day.close for day in facts.days[-2:-4:-1]]
    return [price_tick(tick_id, close) for tick_id, close in zip((92, 93), closes, strict=False)]


def _mark(facts: Facts) -> list[Tail]:
    mark = mark_price(facts.quote)
    return [] if mark is None else [price_tick(MARK_TICK, mark)]


def _trade_count(facts: Facts) -> list[Tail]:
    return [_number(54, float(sum(1 for bar in facts.minutes if bar.volume > 0)))]


def _trade_rate(facts: Facts) -> list[Tail]:
    traded = sum(1 for bar in facts.minutes if bar.volume > 0)
    return [_number(55, traded / max(len(facts.minutes), 1))]


def _volume_rate(facts: Facts) -> list[Tail]:
    volume = sum(bar.volume for bar in facts.minutes)
    return [_number(56, round(volume / max(len(facts.minutes), 1), 2))]


def _last_regular(facts: Facts) -> list[Tail]:
    regular = [bar for bar in facts.minutes if facts.instrument.is_liquid(bar.start_ns)]
    return [price_tick(57, regular[-1].close)] if regular else []


def _recent_volumes(facts: Facts) -> list[Tail]:
    return [
        size_tick(tick_id, sum(bar.volume for bar in facts.minutes[-minutes:]))
        for tick_id, minutes in ((63, 3), (64, 5), (65, 10))
    ]


_MAKERS: dict[int, Callable[[Facts], list[Tail]]] = {
    100: _zeros(29, 30),
    101: _zeros(27, 28),
    104: _volatility(23),
    105: _zeros(87),
    106: _volatility(24),
    165: _statistics,
    221: _mark,
    232: _mark,
    236: lambda facts: [_number(46, EASY_TO_BORROW), size_tick(89, BORROWABLE_SHARES)],
    293: _trade_count,
    294: _trade_rate,
    295: _volume_rate,
    318: _last_regular,
    411: _volatility(58),
    456: lambda facts: [string_tick(59, ",,,")],
    576: _fund_value,
    577: _fund_last,
    578: _fund_closes,
    588: lambda facts: [size_tick(86, _average_volume(facts) * 3)],
    595: _recent_volumes,
}
