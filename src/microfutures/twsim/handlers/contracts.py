"""Requests about contracts: what they are and how their prices move."""

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.twsim.contracts.details import market_rule_id
from microfutures.twsim.contracts.lookup import (
    ContractQuery,
    data_name,
    find,
    primary_exchange,
    symbol_of,
)
from microfutures.twsim.contracts.others import find_unlisted
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.options import SECURITY_TYPES as OPTION_TYPES
from microfutures.twsim.handlers.options import find_options
from microfutures.twsim.session import Session
from microfutures.twsim.wire import Field, FieldReader, escaped

MAX_MATCHES = 16


def find_one(
    session: Session, request_id: int, query: ContractQuery, *, includes_expired: bool = False
) -> Instrument | None:
    """Return the one contract that is meant; when there is none, or several, tell the client.

    What can only be looked up, and an option beside its quotes, is a contract whose market data the
    account has not subscribed to.
    """
    exchange = session.exchange
    found = find(
        exchange.named(query),
        query,
        now_ns=exchange.clock.now_ns(),
        includes_expired=includes_expired,
    )
    if len(found) == 1:
        return found[0]
    unlisted = find_unlisted(exchange.instruments, query, exchange.clock.now_ns())
    options = find_options(session.exchange, query) if query.security_type in OPTION_TYPES else []
    if not found and (unlisted or options):
        name = data_name(unlisted[0]) if unlisted else options[0].data_name
        session.error(request_id, 354, wording(354, detail=name))
        return None
    text = wording(200)
    if found:
        text = f"The contract description specified for {query.symbol} is ambiguous."
    session.error(request_id, 200, text)
    return None


def matching_symbols(session: Session, reader: FieldReader) -> None:
    """Find products whose symbol or name holds the pattern (81)."""
    request_id, pattern = reader.integer(), reader.text().upper()
    found: dict[str, Instrument] = {}
    for instrument in session.exchange.instruments:
        if instrument.symbol.startswith(pattern) or pattern in instrument.description.upper():
            found.setdefault(instrument.symbol, instrument)
    matches = list(found.values())[:MAX_MATCHES]
    fields: list[Field] = [79, request_id, len(matches)]
    for instrument in matches:
        # A product with months is shown as its index, which has no number of its own here.
        is_future = instrument.security_type is SecurityType.FUTURE
        where = primary_exchange(instrument) or instrument.exchange
        kind = "IND" if is_future else instrument.security_type.value
        derivatives = ["FUT"] if is_future else []
        fields += [0 if is_future else instrument.con_id, symbol_of(instrument), kind, where]
        fields += [instrument.currency, len(derivatives), *derivatives]
        if session.version >= 176:
            fields += [escaped(instrument.description), ""]
    session.send(fields)


def market_rule(session: Session, reader: FieldReader) -> None:
    """Tell a price increment rule (91)."""
    rule_id = reader.integer()
    for instrument in session.exchange.instruments:
        if market_rule_id(instrument) == rule_id:
            session.send([93, rule_id, 1, 0, format(instrument.tick_size.normalize(), "f")])
            return
    session.error(-1, 321, wording(321, tag="bM", detail=f"Unknown market rule {rule_id}."))
