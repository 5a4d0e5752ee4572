"""Requests about market depth: the book (10, 11), where there is one (82), SMART's parts (83)."""

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.twsim.contracts.lookup import data_name, read_contract
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.contracts import find_one
from microfutures.twsim.quotes.depth import Watch
from microfutures.twsim.session import Session
from microfutures.twsim.wire import UNSET_INTEGER, Field, FieldReader

MAX_BOOKS = 3
"""Depth requests that a client may have at once, IB's default."""

MAX_ROWS = 20

BBO_EXCHANGE = "9c0001"
"""The name that market data lines give to what SMART is made of."""

SMART_MAKERS = ("ARCA", "BATS", "ISLAND", "DRCTEDGE")
"""Whose rows a SMART book shows."""

_MAKER_BOOKS = ("ISLAND",)
"""Exchanges whose own book names market makers."""

_EXCHANGES: tuple[tuple[str, str, str, str], ...] = (
    ("CBOT", "FUT", "", "Deep"),
    ("CME", "FUT", "", "Deep"),
    ("COMEX", "FUT", "", "Deep"),
    ("NYMEX", "FUT", "", "Deep"),
    ("IDEALPRO", "CASH", "", "Deep"),
    ("ARCA", "STK", "", "Deep"),
    ("BATS", "STK", "", "Deep"),
    ("DRCTEDGE", "STK", "", "Deep"),
    ("IEX", "STK", "", "Deep"),
    ("ISLAND", "STK", "", "Deep2"),
    ("NYSE", "STK", "", "Deep"),
)
"""Exchange, security type, listing exchange, kind of service."""

_SMART_PARTS: tuple[tuple[str, str], ...] = (
    ("AMEX", "A"),
    ("BEX", "B"),
    ("CHX", "M"),
    ("NYSE", "N"),
    ("ARCA", "P"),
    ("ISLAND", "Q"),
    ("IEX", "V"),
    ("CBOE", "W"),
    ("PSX", "X"),
    ("BYX", "Y"),
    ("BATS", "Z"),
    ("EDGEA", "J"),
    ("DRCTEDGE", "K"),
    ("MEMX", "U"),
    ("PEARL", "H"),
)
"""Exchange and letter, in the order of their bits; the letters are those of the SIP tapes."""


def market_depth(session: Session, reader: FieldReader) -> None:
    """Show the book, and its changes until cancelled (10)."""
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    rows, is_smart = reader.integer(), reader.flag()
    depth = session.exchange.depth
    if depth.has(session.client_id, request_id):
        session.error(request_id, 322, wording(322, tag="bN", detail="Duplicate ticker id"))
        return
    if depth.count(session.client_id) >= MAX_BOOKS:
        session.error(request_id, 309, wording(309, limit=MAX_BOOKS))
        return
    instrument = find_one(session, request_id, query)
    if instrument is None:
        return
    makers = _makers(instrument, query.exchange, is_smart=is_smart)
    if makers is None:
        session.error(request_id, 10092, wording(10092))
        return
    if not session.exchange.lines.is_live(instrument):
        session.error(request_id, 354, wording(354, detail=data_name(instrument, "DEEP")))
        return
    if is_smart:
        others = [name for name, _ in _SMART_PARTS if name not in SMART_MAKERS]
        text = wording(2152, detail="; ".join(SMART_MAKERS), top="; ".join(others))
        session.error(request_id, 2152, text)
    rows = min(max(rows, 1), MAX_ROWS)
    watch = Watch(session, request_id, instrument, rows=rows, makers=makers, is_smart=is_smart)
    depth.add(watch)
    quote = session.exchange.quote(instrument)
    if quote is not None:
        watch.show(quote)


def _makers(instrument: Instrument, exchange: str, *, is_smart: bool) -> tuple[str, ...] | None:
    """Return whose rows the book shows, none for an exchange's own; None where there is no book."""
    if instrument.security_type is SecurityType.INDEX:
        return None
    if instrument.security_type is not SecurityType.STOCK:
        return ()
    if exchange in ("SMART", ""):
        return SMART_MAKERS if is_smart else None
    books = {name for name, kind, _, _ in _EXCHANGES if kind == "STK"}
    if exchange not in books:
        return None
    return (exchange,) if exchange in _MAKER_BOOKS else ()


def cancel_market_depth(session: Session, reader: FieldReader) -> None:
    """End the changes of a book (11)."""
    reader.skip(1)
    request_id = reader.integer()
    if not session.exchange.depth.remove(session.client_id, request_id):
        session.error(request_id, 310, wording(310, request_id=request_id))


def depth_exchanges(session: Session, reader: FieldReader) -> None:
    """Name the exchanges whose books can be shown (82)."""
    fields: list[Field] = [80, len(_EXCHANGES)]
    for row in _EXCHANGES:
        fields += [*row, UNSET_INTEGER]
    session.send(fields)


def smart_components(session: Session, reader: FieldReader) -> None:
    """Tell what the exchange letters of SMART quotes mean (83); nothing for an unknown name."""
    request_id, name = reader.integer(), reader.text()
    parts = _SMART_PARTS if name == BBO_EXCHANGE else ()
    fields: list[Field] = [82, request_id, len(parts)]
    for bit, (exchange, letter) in enumerate(parts):
        fields += [bit, exchange, letter]
    session.send(fields)
