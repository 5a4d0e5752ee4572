"""Contract details of any kind (9): what the venue lists, and what can only be looked up."""

from microfutures.twsim.contract_details import details_message
from microfutures.twsim.contracts import ContractQuery, find, read_contract, routed_exchange
from microfutures.twsim.errors import wording
from microfutures.twsim.option_handlers import SECURITY_TYPES, find_options, option_details
from microfutures.twsim.other_contracts import continuous, facts_message, find_others
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FieldReader


def contract_details(session: Session, reader: FieldReader) -> None:
    """Describe every contract that fits (9)."""
    reader.skip(1)
    request_id, query, includes_expired = reader.integer(), read_contract(reader), reader.flag()
    if query.security_type == "BAG":
        # TWS never answers this one; silence would only hide the mistake.
        detail = "Contract details of a combo can't be requested."
        session.error(request_id, 321, wording(321, tag="bV", detail=detail))
    elif query.security_type in SECURITY_TYPES:
        option_details(session, request_id, query)
    elif not (
        _send_listed(session, request_id, query, includes_expired=includes_expired)
        or _send_others(session, request_id, query)
    ):
        if query.con_id and find_options(session, query):
            option_details(session, request_id, query)
        else:
            session.error(request_id, 200, wording(200))


def _send_listed(
    session: Session, request_id: int, query: ContractQuery, *, includes_expired: bool
) -> bool:
    """Describe the venue's own contracts; tell whether there were any."""
    exchange = session.exchange
    now_ns = exchange.clock.now_ns()
    found = find(exchange.instruments, query, now_ns=now_ns, includes_expired=includes_expired)
    for instrument in found:
        where = query.exchange or routed_exchange(instrument)
        message = details_message(
            session.version, request_id, instrument, exchange=where, now_ns=now_ns
        )
        is_continuous = query.security_type == "CONTFUT"
        session.send(continuous(message, instrument) if is_continuous else message)
    if found:
        session.send([52, 1, request_id])
    return bool(found)


def _send_others(session: Session, request_id: int, query: ContractQuery) -> bool:
    """Describe indices and currency pairs; tell whether there were any."""
    found, now_ns = find_others(query), session.exchange.clock.now_ns()
    for facts in found:
        session.send(facts_message(session.version, request_id, facts, now_ns=now_ns))
    if found:
        session.send([52, 1, request_id])
    return bool(found)
