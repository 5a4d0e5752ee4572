"""Requests about the account: positions, values, summaries, P&L, and the session itself."""

from microfutures.twsim import account_messages
from microfutures.twsim.errors import wording
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FieldReader


def positions(session: Session, reader: FieldReader) -> None:
    """Subscribe to positions (61)."""
    session.wants_positions = True
    account_messages.send_positions(session, with_end=True)


def cancel_positions(session: Session, reader: FieldReader) -> None:
    """End the subscription to positions (64)."""
    session.wants_positions = False


def account_updates(session: Session, reader: FieldReader) -> None:
    """Subscribe to account values and the portfolio, or end it (6)."""
    reader.skip(1)
    subscribe, account = reader.flag(), reader.text() or session.exchange.accounts[0]
    if account not in session.exchange.accounts:
        detail = f"Invalid account code '{account}'."
        session.error(-1, 321, wording(321, tag="bH", detail=detail))
        return
    session.account_updates = account if subscribe else None
    if subscribe:
        account_messages.send_account(session, account, with_end=True)


def account_summary(session: Session, reader: FieldReader) -> None:
    """Subscribe to a summary (62)."""
    reader.skip(1)
    request_id, _group, tags = reader.integer(), reader.text(), reader.text()
    wanted = tuple(tag.strip() for tag in tags.split(",") if tag.strip())
    session.summaries[request_id] = wanted
    account_messages.send_summary(session, request_id, wanted, with_end=True)


def cancel_account_summary(session: Session, reader: FieldReader) -> None:
    """End a summary (63)."""
    reader.skip(1)
    session.summaries.pop(reader.integer(), None)


def pnl(session: Session, reader: FieldReader) -> None:
    """Subscribe to the P&L of an account (92)."""
    request_id, account = reader.integer(), reader.text() or session.exchange.accounts[0]
    if account not in session.exchange.accounts:
        detail = f"Invalid account code '{account}'."
        session.error(request_id, 321, wording(321, tag="bI", detail=detail))
        return
    session.pnl[request_id] = account
    account_messages.send_pnl(session, request_id, account)


def cancel_pnl(session: Session, reader: FieldReader) -> None:
    """End the P&L of an account (93)."""
    session.pnl.pop(reader.integer(), None)


def pnl_single(session: Session, reader: FieldReader) -> None:
    """Subscribe to the P&L of a position (94)."""
    request_id, account = reader.integer(), reader.text() or session.exchange.accounts[0]
    reader.skip(1)
    con_id = reader.integer()
    session.pnl_single[request_id] = (account, con_id)
    account_messages.send_pnl_single(session, request_id, account, con_id)


def cancel_pnl_single(session: Session, reader: FieldReader) -> None:
    """End the P&L of a position (95)."""
    session.pnl_single.pop(reader.integer(), None)


def positions_multi(session: Session, reader: FieldReader) -> None:
    """Send the positions of an account (74)."""
    reader.skip(1)
    request_id = reader.integer()
    for position in session.exchange.venue.account(session.exchange.accounts[0]).positions:
        session.send(account_messages.multi_position(session, request_id, position))
    session.send([72, 1, request_id])


def account_updates_multi(session: Session, reader: FieldReader) -> None:
    """Send the values of an account (76)."""
    reader.skip(1)
    request_id, account = reader.integer(), reader.text() or session.exchange.accounts[0]
    figures = account_messages.values(session.exchange.venue.account(account))
    for name, amount in figures.items():
        session.send([73, 1, request_id, account, "", name, account_messages.money(amount), "USD"])
    session.send([74, 1, request_id])


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
    rows = [field for account in session.exchange.accounts for field in (account, "")]
    session.send([78, len(session.exchange.accounts), *rows])


def nothing(session: Session, reader: FieldReader) -> None:
    """Take a setting or a cancel that has no answer."""
