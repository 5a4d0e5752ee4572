"""Positions, account values, summaries and P&L, as TWS sends them."""

from decimal import Decimal
from typing import Protocol

from microfutures.model.identifiers import InstrumentId
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.account.ledger import CURRENCIES, LEDGER_TAGS, ledger
from microfutures.twsim.contracts.lookup import (
    expiry_text,
    multiplier_text,
    primary_exchange,
    symbol_of,
    trading_class,
)
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.orders.messages import price_text
from microfutures.twsim.subscriptions import Subscriptions
from microfutures.twsim.wire import UNSET_DOUBLE, Field
from microfutures.venue.messages import AccountState, VenuePosition

REFRESH_SECONDS = 180
"""TWS refreshes account values every three minutes, and at every fill."""

ZERO = Decimal(0)
_RATIO = Decimal("0.000001")
_COST = Decimal("0.0000001")


class Receiver(Protocol):
    """A connected client."""

    exchange: Exchange

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...


def values(state: AccountState) -> dict[str, Decimal]:
    """Return the account's amounts under IB's names."""
    return {
        "NetLiquidation": state.net_liquidation,
        "TotalCashValue": state.cash,
        "SettledCash": state.cash,
        "AccruedCash": ZERO,
        "AvailableFunds": state.available_funds,
        "ExcessLiquidity": state.excess_liquidity,
        "BuyingPower": max(state.available_funds, ZERO) * 4,
        "EquityWithLoanValue": state.net_liquidation,
        "InitMarginReq": state.initial_margin,
        "MaintMarginReq": state.maintenance_margin,
        "FullInitMarginReq": state.initial_margin,
        "FullMaintMarginReq": state.maintenance_margin,
        "FullAvailableFunds": state.available_funds,
        "FullExcessLiquidity": state.excess_liquidity,
        "LookAheadInitMarginReq": state.initial_margin,
        "LookAheadMaintMarginReq": state.maintenance_margin,
        "LookAheadAvailableFunds": state.available_funds,
        "LookAheadExcessLiquidity": state.excess_liquidity,
        "GrossPositionValue": state.gross_position_value,
    }


def plain_values(state: AccountState) -> dict[str, str]:
    """Return what TWS tells of an account without a currency."""
    equity = state.net_liquidation
    cushion = state.excess_liquidity / equity if equity > 0 else ZERO
    leverage = state.gross_position_value / equity if equity > 0 else ZERO
    return {
        "AccountType": "INDIVIDUAL",
        "Cushion": _short(cushion),
        "Leverage": _short(leverage),
        "DayTradesRemaining": "-1",
        "LookAheadNextChange": "0",
    }


def money(amount: Decimal) -> str:
    """Return an amount as TWS writes it: two decimals."""
    return f"{amount:.2f}"


def send_positions(session: Receiver) -> None:
    """Send every position (61), closed ones of today too, and the end (62)."""
    for account in session.exchange.accounts:
        for position in session.exchange.venue.account(account).positions:
            session.send(_position(session, account, position))
    session.send([62, 1])


def send_account(session: Receiver, account: str, *, with_end: bool) -> None:
    """Send account values (6), the portfolio (7), the time (8) and the end (54)."""
    state = session.exchange.venue.account(account)
    texts: list[tuple[str, str, str]] = [("AccountCode", account, ""), ("AccountReady", "true", "")]
    texts += [(name, value, "") for name, value in plain_values(state).items()]
    texts.append(("Currency", "USD", "USD"))
    texts += _amounts(session, state)
    for name, value, currency in texts:
        session.send([6, 2, name, value, currency, account])
    for position in state.positions:
        session.send(_portfolio(session, account, position))
    session.send([8, 1, exchange_time(session.exchange.venue.now_ns)])
    if with_end:
        session.send([54, 1, account])


def _amounts(session: Receiver, state: AccountState) -> list[tuple[str, str, str]]:
    """Return name, amount and currency: the account's own amounts, then those by currency."""
    own = [(name, money(amount), "USD") for name, amount in values(state).items()]
    return [*own, *_by_currency(session, state, CURRENCIES)]


def _by_currency(
    session: Receiver, state: AccountState, currencies: tuple[str, ...]
) -> list[tuple[str, str, str]]:
    amounts = ledger(state, session.exchange.venue.instrument)
    return [
        (name, money(amount), currency)
        for currency in currencies
        for name, amount in amounts.items()
    ]


def send_summary(
    session: Receiver, request_id: int, tags: tuple[str, ...], *, with_end: bool
) -> None:
    """Send the account summary (63) and its end (64)."""
    for account in session.exchange.accounts:
        state = session.exchange.venue.account(account)
        amounts, texts = values(state), plain_values(state)
        # TWS answers in the order of the alphabet, not in the one it was asked in.
        for tag in sorted(tags):
            if tag in texts:
                session.send([63, 1, request_id, account, tag, texts[tag], ""])
            elif tag in amounts:
                session.send([63, 1, request_id, account, tag, money(amounts[tag]), "USD"])
            elif tag in LEDGER_TAGS:
                for row in _by_currency(session, state, LEDGER_TAGS[tag]):
                    session.send([63, 1, request_id, account, *row])
    if with_end:
        session.send([64, 1, request_id])


def send_updates_multi(session: Receiver, request_id: int, account: str, *, with_end: bool) -> None:
    """Send account values of a multi request (73) and their end (74)."""
    state = session.exchange.venue.account(account)
    rows = [(name, value, "") for name, value in plain_values(state).items()]
    rows += _amounts(session, state)
    for name, value, currency in rows:
        session.send([73, 1, request_id, account, "", name, value, currency])
    if with_end:
        session.send([74, 1, request_id])


def send_positions_multi(session: Receiver, request_id: int, account: str) -> None:
    """Send the positions of a multi request (71) and their end (72)."""
    for position in session.exchange.venue.account(account).positions:
        session.send(_position_multi(session, request_id, account, position))
    session.send([72, 1, request_id])


def send_pnl(session: Receiver, request_id: int, account: str) -> None:
    """Send the account's P&L (94)."""
    state = session.exchange.venue.account(account)
    daily = session.exchange.daily.of_account(state)
    session.send([94, request_id, daily, state.unrealized, state.realized])


def send_pnl_single(session: Receiver, request_id: int, account: str, con_id: int) -> None:
    """Send the P&L of one position (95)."""
    for position in session.exchange.venue.account(account).positions:
        instrument = session.exchange.venue.instrument(position.instrument_id)
        if instrument.con_id == con_id:
            daily = session.exchange.daily.of_position(account, position)
            figures = (daily, position.unrealized, position.realized, position.market_value)
            session.send([95, request_id, position.quantity, *figures])
            return
    session.send([95, request_id, 0, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, 0])


def send_profits(session: Receiver, wants: Subscriptions) -> None:
    """Send all P&L that is subscribed."""
    for request_id, account in wants.pnl.items():
        send_pnl(session, request_id, account)
    for request_id, (account, con_id) in wants.pnl_single.items():
        send_pnl_single(session, request_id, account, con_id)


def send_refresh(session: Receiver, wants: Subscriptions) -> None:
    """Send all account values that are subscribed."""
    if wants.account_updates is not None:
        send_account(session, wants.account_updates, with_end=False)
    for request_id, tags in wants.summaries.items():
        send_summary(session, request_id, tags, with_end=False)
    for request_id, account in wants.updates_multi.items():
        send_updates_multi(session, request_id, account, with_end=False)


def send_changes(
    session: Receiver, wants: Subscriptions, account: str, changed: frozenset[InstrumentId]
) -> None:
    """Send what is subscribed of an account in which some positions changed."""
    positions_multi = _wanting(wants.positions_multi, account)
    for position in session.exchange.venue.account(account).positions:
        if position.instrument_id not in changed:
            continue
        if wants.positions:
            session.send(_position(session, account, position))
        for request_id in positions_multi:
            session.send(_position_multi(session, request_id, account, position))
    if wants.account_updates == account:
        send_account(session, account, with_end=False)
    for request_id in _wanting(wants.updates_multi, account):
        send_updates_multi(session, request_id, account, with_end=False)


def _wanting(requests: dict[int, str], account: str) -> list[int]:
    return [request_id for request_id, each in requests.items() if each == account]


def _short(ratio: Decimal) -> str:
    return format(ratio.quantize(_RATIO).normalize(), "f")


def _contract(session: Receiver, position: VenuePosition) -> list[Field]:
    instrument = session.exchange.venue.instrument(position.instrument_id)
    return [
        instrument.con_id,
        symbol_of(instrument),
        instrument.security_type.value,
        expiry_text(instrument),
        "0.0",
        "",
        multiplier_text(instrument),
        primary_exchange(instrument),
        instrument.currency,
        instrument.instrument_id,
        trading_class(instrument),
    ]


def _cost(position: VenuePosition) -> str:
    return price_text(position.average_cost.quantize(_COST))


def _position(session: Receiver, account: str, position: VenuePosition) -> list[Field]:
    held: list[Field] = [position.quantity, _cost(position)]
    return [61, 3, account, *_contract(session, position), *held]


def _position_multi(
    session: Receiver, request_id: int, account: str, position: VenuePosition
) -> list[Field]:
    held: list[Field] = [position.quantity, _cost(position)]
    return [71, 1, request_id, account, *_contract(session, position), *held, ""]


def _portfolio(session: Receiver, account: str, position: VenuePosition) -> list[Field]:
    return [
        7,
        8,
        *_contract(session, position),
        position.quantity,
        position.market_price,
        money(position.market_value),
        _cost(position),
        money(position.unrealized),
        money(position.realized),
        account,
    ]
