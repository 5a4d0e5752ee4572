"""Whether a quote may be traded on, in one sentence."""

from math import isfinite

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import MarketDataType, Quote
from microfutures.model.sessions import next_open
from microfutures.model.timestamp import exchange_time


def quote_problem(
    instrument_id: InstrumentId, quote: Quote | None, now_ns: int, max_age_seconds: float
) -> str | None:
    """Return why `quote` may not be traded on; None when it may."""
    if quote is None:
        return f"no quote of {instrument_id} yet"
    if quote.data_type is not MarketDataType.LIVE:
        kind = quote.data_type.name.lower().replace("_", " ")
        return f"{instrument_id} data is {kind}; only live quotes are traded on"
    if quote.bid is None or quote.ask is None:
        missing = "bid" if quote.bid is None else "ask"
        return f"{instrument_id} has no {missing}"
    if not (isfinite(quote.bid) and isfinite(quote.ask)):
        return f"{instrument_id} quote is not a number: {quote.bid} / {quote.ask}"
    if quote.bid > quote.ask:
        return f"{instrument_id} is crossed: bid {quote.bid} > ask {quote.ask}"
    age = (now_ns - quote.time_ns) / 1e9
    if age > max_age_seconds:
        return f"{instrument_id} quote is {age:.0f} s old, limit {max_age_seconds:g} s"
    return None


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
