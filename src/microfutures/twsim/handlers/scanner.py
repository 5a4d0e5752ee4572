"""The market scanner: its parameters (24), and a scan of what the venue lists (22).

A scan is answered once with what fits; TWS repeats it now and then, with the same rows mostly.
"""

from collections.abc import Callable

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Quote
from microfutures.twsim.contracts.lookup import (
    expiry_text,
    routed_exchange,
    symbol_of,
    trading_class,
)
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.scan_filters import FILTERS, read_filters
from microfutures.twsim.session import Session
from microfutures.twsim.wire import Field, FieldReader

MAX_ROWS = 50
"""What IB returns of one scan at most."""

DAY_SECONDS = 86_400

Rank = Callable[[Quote, float], float]
"""The value that a scan sorts by, from a quote and the close of the day before; highest first."""

INSTRUMENTS = {"STK": SecurityType.STOCK, "FUT.US": SecurityType.FUTURE}
LOCATIONS = {"STK": "STK.US.MAJOR", "FUT.US": "FUT.NYMEX"}


def _change(quote: Quote, close: float) -> float:
    return (quote.last - close) / close if quote.last is not None and close else 0.0


SCANS: dict[str, tuple[str, Rank]] = {
    "MOST_ACTIVE": ("Most Active", lambda quote, close: quote.volume),
    "HOT_BY_VOLUME": ("Hot Contracts by Volume", lambda quote, close: quote.volume),
    "TOP_PERC_GAIN": ("Top % Gainers", _change),
    "TOP_PERC_LOSE": ("Top % Losers", lambda quote, close: -_change(quote, close)),
    "HOT_BY_PRICE": ("Hot Contracts by Price", lambda quote, close: abs(_change(quote, close))),
}


def parameters(session: Session, reader: FieldReader) -> None:
    """Send what can be scanned, as XML (24)."""
    kinds = "".join(
        f"<Instrument><name>{name}</name><type>{name}</type></Instrument>" for name in INSTRUMENTS
    )
    places = "".join(
        f"<Location><displayName>{place}</displayName><locationCode>{place}</locationCode>"
        f"<instruments>{name}</instruments></Location>"
        for name, place in LOCATIONS.items()
    )
    scans = "".join(
        f"<ScanType><displayName>{title.replace('&', '&amp;')}</displayName>"
        f"<scanCode>{code}</scanCode><instruments>{','.join(INSTRUMENTS)}</instruments></ScanType>"
        for code, (title, _) in SCANS.items()
    )
    filters = "".join(
        f"<RangeFilter><id>{name}</id><AbstractField><code>{name}</code></AbstractField>"
        "</RangeFilter>"
        for name in FILTERS
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><ScanParameterResponse>'
        f"<InstrumentList>{kinds}</InstrumentList><LocationTree>{places}</LocationTree>"
        f"<ScanTypeList>{scans}</ScanTypeList><FilterList>{filters}</FilterList>"
        "</ScanParameterResponse>"
    )
    session.send([19, 1, xml])


def subscribe(session: Session, reader: FieldReader) -> None:
    """Send what a scan finds, the first first (22)."""
    request_id, rows = reader.integer(), reader.integer()
    instrument, _location, code = reader.text(), reader.text(), reader.text()
    filters = read_filters(reader)
    if code not in SCANS:
        detail = f"Scanner type with code {code} is disabled"
        session.error(request_id, 162, wording(162, detail=detail))
        return
    kind, (_, rank) = INSTRUMENTS.get(instrument), SCANS[code]
    found: list[tuple[float, Instrument]] = []
    for each in session.exchange.instruments:
        quote = session.exchange.venue.quote(each.instrument_id)
        if each.security_type is not kind or quote is None or quote.last is None:
            continue
        close = _close_before(session, each)
        if filters.pass_on(quote, close):
            found.append((rank(quote, close), each))
    found.sort(key=lambda pair: (-pair[0], pair[1].instrument_id))
    limit = rows if 0 < rows < MAX_ROWS else MAX_ROWS
    chosen = [each for _, each in found[:limit]]
    fields: list[Field] = [20, 3, request_id, len(chosen)]
    for place, each in enumerate(chosen):
        fields += _row(place, each)
    session.send(fields)
    session.wants.scans.add(request_id)


def _close_before(session: Session, instrument: Instrument) -> float:
    now_ns = session.exchange.clock.now_ns()
    bars = session.exchange.history.bars(instrument, "TRADES", now_ns, DAY_SECONDS, 2)
    return bars[0].close if len(bars) > 1 else 0.0


def _row(rank: int, instrument: Instrument) -> list[Field]:
    """Return one row: rank, the contract, and the four texts that only bonds and combos have."""
    return [
        rank,
        instrument.con_id,
        symbol_of(instrument),
        instrument.security_type.value,
        expiry_text(instrument),
        0,
        "",
        routed_exchange(instrument),
        instrument.currency,
        instrument.instrument_id,
        trading_class(instrument),
        trading_class(instrument),
        *("", "", "", ""),
    ]


def cancel(session: Session, reader: FieldReader) -> None:
    """End a scan (23); TWS confirms it with an error, as users know."""
    reader.skip(1)
    request_id = reader.integer()
    if request_id in session.wants.scans:
        session.wants.scans.discard(request_id)
        detail = f"API scanner subscription cancelled: {request_id}"
        session.error(request_id, 162, wording(162, detail=detail))
