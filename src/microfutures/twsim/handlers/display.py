"""Requests about the coloured groups of TWS's windows (67 to 70)."""

from microfutures.twsim.errors import wording
from microfutures.twsim.quotes.display_groups import GROUPS
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FieldReader

MAX_LETTERS = 100
"""Of a contract's spelling; longer ones are cut."""


def query(session: Session, reader: FieldReader) -> None:
    """Name the groups (67)."""
    reader.skip(1)
    session.send([67, 1, reader.integer(), "|".join(str(group) for group in GROUPS)])


def subscribe(session: Session, reader: FieldReader) -> None:
    """Watch a group (68)."""
    reader.skip(1)
    request_id, group = reader.integer(), reader.integer()
    if group not in GROUPS:
        detail = f"Invalid display group {group}"
        session.error(request_id, 321, wording(321, tag="dG", detail=detail))
        return
    session.exchange.groups.watch(session, request_id, group)


def update(session: Session, reader: FieldReader) -> None:
    """Have a group that is watched show another contract (69)."""
    reader.skip(1)
    request_id, contract = reader.integer(), reader.text()[:MAX_LETTERS]
    if not session.exchange.groups.show(session, request_id, contract):
        detail = "Display group is not subscribed"
        session.error(request_id, 321, wording(321, tag="dG", detail=detail))


def unsubscribe(session: Session, reader: FieldReader) -> None:
    """Watch a group no longer (70)."""
    reader.skip(1)
    session.exchange.groups.forget(session.client_id, reader.integer())
