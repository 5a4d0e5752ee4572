"""Contract details of any kind (9): what the venue lists, and what can only be looked up."""

from microfutures.twsim.contracts.details import details_message
from microfutures.twsim.contracts.lookup import ContractQuery, find, read_contract, routed_exchange
from microfutures.twsim.contracts.others import continuous, find_unlisted
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.options import SECURITY_TYPES, find_options, option_details
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
    elif not _send_known(session, request_id, query, includes_expired=includes_expired):
        if query.con_id and find_options(session.exchange, query):
            option_details(session, request_id, query)
        else:
            session.error(request_id, 200, wording(200))


def _send_known(
    session: Session, request_id: int, query: ContractQuery, *, includes_expired: bool
) -> bool:
    """Describe the venue's own contracts, or indices and pairs; tell whether there were any."""
    exchange = session.exchange
    listed, now_ns = exchange.instruments, exchange.clock.now_ns()
    known = exchange.named(query)
    found = find(known, query, now_ns=now_ns, includes_expired=includes_expired) or find_unlisted(
        listed, query, now_ns
    )
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
