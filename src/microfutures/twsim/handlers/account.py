"""Requests about the account: positions, values, summaries, P&L, and the session itself."""

from microfutures.twsim.account import messages as account_messages
from microfutures.twsim.errors import wording
from microfutures.twsim.session import Session
from microfutures.twsim.wire import Field, FieldReader, spell

MAX_SUMMARIES = 2
"""Summaries that a client may be subscribed to at once, IB's limit."""


def _account(session: Session, request_id: int, name: str) -> str | None:
    """Return the account that is meant, the first when none is named; tell when it is unknown."""
    if name in session.exchange.accounts:
        return name
    if not name or name == "All":
        return session.exchange.accounts[0]
    detail = f"Invalid account code '{name}'."
    session.error(request_id, 321, wording(321, tag="bH", detail=detail))
    return None


def positions(session: Session, reader: FieldReader) -> None:
    """Subscribe to positions (61)."""
    session.wants.positions = True
    account_messages.send_positions(session)


def cancel_positions(session: Session, reader: FieldReader) -> None:
    """End the subscription to positions (64)."""
    session.wants.positions = False


def account_updates(session: Session, reader: FieldReader) -> None:
    """Subscribe to account values and the portfolio, or end it (6)."""
    reader.skip(1)
    subscribe, name = reader.flag(), reader.text()
    account = _account(session, -1, name)
    if account is None:
        return
    session.wants.account_updates = account if subscribe else None
    if subscribe:
        account_messages.send_account(session, account, with_end=True)


def account_summary(session: Session, reader: FieldReader) -> None:
    """Subscribe to a summary (62)."""
    reader.skip(1)
    request_id, _group, tags = reader.integer(), reader.text(), reader.text()
    wanted = tuple(tag.strip() for tag in tags.split(",") if tag.strip())
    summaries = session.wants.summaries
    if not wanted:
        session.error(request_id, 321, wording(321, tag="bG", detail="No tags were given."))
        return
    if request_id not in summaries and len(summaries) >= MAX_SUMMARIES:
        detail = "Maximum number of account summary requests exceeded"
        session.error(request_id, 322, wording(322, tag="bG", detail=detail))
        return
    summaries[request_id] = wanted
    account_messages.send_summary(session, request_id, wanted, with_end=True)


def cancel_account_summary(session: Session, reader: FieldReader) -> None:
    """End a summary (63)."""
    reader.skip(1)
    session.wants.summaries.pop(reader.integer(), None)


def pnl(session: Session, reader: FieldReader) -> None:
    """Subscribe to the P&L of an account (92)."""
    request_id = reader.integer()
    account = _account(session, request_id, reader.text())
    if account is not None:
        session.wants.pnl[request_id] = account
        account_messages.send_pnl(session, request_id, account)


def cancel_pnl(session: Session, reader: FieldReader) -> None:
    """End the P&L of an account (93)."""
    session.wants.pnl.pop(reader.integer(), None)


def pnl_single(session: Session, reader: FieldReader) -> None:
    """Subscribe to the P&L of a position (94)."""
    request_id = reader.integer()
    account = _account(session, request_id, reader.text())
    reader.skip(1)
    con_id = reader.integer()
    if account is not None:
        session.wants.pnl_single[request_id] = (account, con_id)
        account_messages.send_pnl_single(session, request_id, account, con_id)


def cancel_pnl_single(session: Session, reader: FieldReader) -> None:
    """End the P&L of a position (95)."""
    session.wants.pnl_single.pop(reader.integer(), None)


def positions_multi(session: Session, reader: FieldReader) -> None:
    """Subscribe to the positions of an account (74)."""
    reader.skip(1)
    request_id = reader.integer()
    account = _account(session, request_id, reader.text())
    if account is not None:
        session.wants.positions_multi[request_id] = account
        account_messages.send_positions_multi(session, request_id, account)


def cancel_positions_multi(session: Session, reader: FieldReader) -> None:
    """End the positions of an account (75)."""
    reader.skip(1)
    session.wants.positions_multi.pop(reader.integer(), None)


def account_updates_multi(session: Session, reader: FieldReader) -> None:
    """Subscribe to the values of an account (76)."""
    reader.skip(1)
    request_id = reader.integer()
    account = _account(session, request_id, reader.text())
    if account is not None:
        session.wants.updates_multi[request_id] = account
        account_messages.send_updates_multi(session, request_id, account, with_end=True)


def cancel_account_updates_multi(session: Session, reader: FieldReader) -> None:
    """End the values of an account (77)."""
    reader.skip(1)
    session.wants.updates_multi.pop(reader.integer(), None)


def managed_accounts(session: Session, reader: FieldReader) -> None:
    """Name the accounts (17)."""
    session.send([15, 1, ",".join(session.exchange.accounts)])


def current_time(session: Session, reader: FieldReader) -> None:
    """Tell the time, whole seconds (49)."""
    session.send([49, 1, session.exchange.clock.now_ns() // 1_000_000_000])


def user_info(session: Session, reader: FieldReader) -> None:
    """Tell the white branding id: none (104)."""
    session.send([107, reader.integer(), ""])


def family_codes(session: Session, reader: FieldReader) -> None:
    """Tell the family codes: one per account, empty (80)."""
    rows: list[Field] = []
    for account in session.exchange.accounts:
        rows += [account, ""]
    session.send([78, len(session.exchange.accounts), *rows])


def start_again(session: Session, reader: FieldReader) -> None:
    """Refuse to start an API that runs (71)."""
    reader.skip(1)
    detail = f"The API runs as client {session.client_id}, can't become {spell(reader.text())}"
    session.error(-1, 321, wording(321, tag="b", detail=detail))


def nothing(session: Session, reader: FieldReader) -> None:
    """Take a setting or a cancel that has no answer."""
