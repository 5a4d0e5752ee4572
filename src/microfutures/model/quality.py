"""Whether a quote may be traded on, in one sentence."""

from math import isfinite

from microfutures.model.families import NEVER_NEGATIVE, family_of
from microfutures.model.flaws import Flaw
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import MarketDataType, Quote
from microfutures.model.sessions import next_open
from microfutures.model.timestamp import exchange_time

LIVE, SOUND = MarketDataType.LIVE, Flaw.NONE


def quote_problem(
    instrument: Instrument, quote: Quote | None, now_ns: int, max_age_seconds: float
) -> str | None:
    """Return why `quote` may not be traded on; None when it may."""
    flaw = flaw_of(instrument, quote, now_ns, max_age_seconds)
    if not flaw:
        return None
    words = flaw_words(flaw, instrument, quote, now_ns)
    return f"{words}, limit {max_age_seconds:g} s" if flaw is Flaw.STALE else words


def flaw_of(
    instrument: Instrument, quote: Quote | None, now_ns: int, max_age_seconds: float
) -> Flaw:
    """Return what is wrong with `quote`, the worst first; `Flaw.NONE` when nothing is."""
    if quote is None:
        return Flaw.MISSING
    if quote.trouble:
        return quote.trouble
    if quote.data_type is not LIVE:
        is_delayed = quote.data_type is MarketDataType.DELAYED
        return Flaw.DELAYED if is_delayed else Flaw.FROZEN
    flaw = price_flaw(instrument, quote)
    if flaw:
        return flaw
    return Flaw.STALE if now_ns - quote.time_ns > max_age_seconds * 1e9 else SOUND


def price_flaw(instrument: Instrument, quote: Quote) -> Flaw:
    """Return what is wrong with the two prices taken by themselves."""
    bid, ask = quote.bid, quote.ask
    if bid is None or ask is None:
        return Flaw.ONE_SIDED
    if not (isfinite(bid) and isfinite(ask)):
        return Flaw.NOT_A_NUMBER
    lowest = min(bid, ask)
    if lowest <= 0 and not may_be_negative(instrument):
        return Flaw.NEGATIVE if lowest < 0 else Flaw.ZERO
    return Flaw.CROSSED if bid > ask else SOUND


def may_be_negative(instrument: Instrument) -> bool:
    """Tell whether a price of zero or below can be right."""
    return instrument.security_type is SecurityType.FUTURE and (
        family_of(instrument.symbol) not in NEVER_NEGATIVE
    )


def flaw_words(flaw: Flaw, instrument: Instrument, quote: Quote | None, now_ns: int) -> str:
    """Return the sentence for a flaw, with its numbers."""
    name = instrument.instrument_id
    if quote is None:
        return f"no quote of {name} yet"
    prices = f"bid {quote.bid}, ask {quote.ask}"
    match flaw:
        case Flaw.HALTED:
            return f"trading in {name} is halted"
        case Flaw.FARM_LOST:
            return f"TWS has lost the data farm that feeds {name}"
        case Flaw.FROZEN | Flaw.DELAYED:
            return f"{name} data is {flaw}; only live quotes are traded on"
        case Flaw.ONE_SIDED:
            return f"{name} has no {'bid' if quote.bid is None else 'ask'}"
        case Flaw.STALE:
            return f"{name} quote is {(now_ns - quote.time_ns) / 1e9:.0f} s old"
        case Flaw.JUMP:
            return f"{name} jumped: {prices} is far from what it was"
        case _:
            return f"{name} is {flaw}: {prices}"


def hours_problem(instrument: Instrument, now_ns: int) -> str | None:
    """Return why it is not the time to open a position in `instrument`; None when it is."""
    if instrument.is_liquid(now_ns):
        return None
    state = "outside its liquid hours" if instrument.is_open(now_ns) else "closed"
    later = next_open(instrument.liquid_hours, now_ns)
    if later is None:
        return f"{instrument.instrument_id} is {state}; no further session is known"
    opens = exchange_time(later.open_ns, "America/New_York", "%a %H:%M")
    return f"{instrument.instrument_id} is {state}; liquid again {opens} New York"


def session_words(instrument: Instrument, now_ns: int) -> str:
    """Return the state of its hours in a few words, New York time."""
    for words, sessions in (
        ("liquid", instrument.liquid_hours),
        ("open, thin", instrument.trading_hours),
    ):
        for session in sessions:
            if session.open_ns <= now_ns < session.close_ns:
                return f"{words} until {exchange_time(session.close_ns)}"
    later = next_open(instrument.trading_hours, now_ns)
    if later is None:
        return "closed"
    return f"closed until {exchange_time(later.open_ns, pattern='%a %H:%M')}"
