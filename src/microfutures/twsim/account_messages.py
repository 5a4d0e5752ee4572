"""Positions, account values, summaries and P&L, as TWS sends them."""

from decimal import Decimal
from typing import Protocol

from microfutures.model.timestamp import exchange_time
from microfutures.twsim.contracts import (
    expiry_text,
    multiplier_text,
    primary_exchange,
    trading_class,
)
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.wire import UNSET_DOUBLE, Field
from microfutures.venue.messages import AccountState, VenuePosition

REFRESH_SECONDS = 180
"""TWS refreshes account values every three minutes, and at every fill."""


class Receiver(Protocol):
    """A connected client."""

    exchange: Exchange

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...


def values(state: AccountState) -> dict[str, Decimal]:
    """Return the account's figures under IB's names."""
    return {
        "NetLiquidation": state.net_liquidation,
        "TotalCashValue": state.cash,
        "SettledCash": state.cash,
        "TotalCashBalance": state.cash,
        "CashBalance": state.cash,
        "AvailableFunds": state.available_funds,
        "ExcessLiquidity": state.excess_liquidity,
        "BuyingPower": max(state.available_funds, Decimal(0)) * 4,
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
        "RealizedPnL": state.realized,
        "UnrealizedPnL": state.unrealized,
    }


def money(amount: Decimal) -> str:
    """Return an amount as TWS writes it: two decimals."""
    return f"{amount:.2f}"


def send_positions(session: Receiver, *, with_end: bool) -> None:
    """Send every position (61), closed ones of today too, and the end (62)."""
    for account in session.exchange.accounts:
        for position in session.exchange.venue.account(account).positions:
            session.send([61, 3, account, *_contract(session, position), *_held(position)])
    if with_end:
        session.send([62, 1])


def send_account(session: Receiver, account: str, *, with_end: bool) -> None:
    """Send account values (6), the portfolio (7), the time (8) and the end (54)."""
    state = session.exchange.venue.account(account)
    texts: list[tuple[str, str, str]] = [("AccountCode", account, ""), ("AccountReady", "true", "")]
    texts += [("AccountType", "INDIVIDUAL", ""), ("Currency", "USD", "USD")]
    texts += [(name, money(amount), "USD") for name, amount in values(state).items()]
    for name, value, currency in texts:
        session.send([6, 2, name, value, currency, account])
    for position in state.positions:
        contract = _contract(session, position)
        session.send(
            [
                7,
                8,
                *contract,
                position.quantity,
                format(position.market_price, "f"),
                money(position.market_value),
                format(position.average_cost, "f"),
                money(position.unrealized),
                money(position.realized),
                account,
            ]
        )
    session.send([8, 1, exchange_time(session.exchange.venue.now_ns)])
    if with_end:
        session.send([54, 1, account])


def send_summary(
    session: Receiver, request_id: int, tags: tuple[str, ...], *, with_end: bool
) -> None:
    """Send the account summary (63) and its end (64)."""
    for account in session.exchange.accounts:
        figures = values(session.exchange.venue.account(account))
        for tag in tags:
            if tag == "AccountType":
                session.send([63, 1, request_id, account, tag, "INDIVIDUAL", ""])
            elif tag in figures:
                session.send([63, 1, request_id, account, tag, money(figures[tag]), "USD"])
    if with_end:
        session.send([64, 1, request_id])


def send_pnl(session: Receiver, request_id: int, account: str) -> None:
    """Send the account's P&L (94); the day is the simulator's whole life."""
    state = session.exchange.venue.account(account)
    daily = state.realized + state.unrealized
    session.send([94, request_id, _plain(daily), _plain(state.unrealized), _plain(state.realized)])


def send_pnl_single(session: Receiver, request_id: int, account: str, con_id: int) -> None:
    """Send the P&L of one position (95)."""
    for position in session.exchange.venue.account(account).positions:
        instrument = session.exchange.venue.instrument(position.instrument_id)
        if instrument.con_id == con_id:
            daily = position.realized + position.unrealized
            session.send(
                [
                    95,
                    request_id,
                    position.quantity,
                    _plain(daily),
                    _plain(position.unrealized),
                    _plain(position.realized),
                    _plain(position.market_value),
                ]
            )
            return
    session.send([95, request_id, 0, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, 0])


def _plain(amount: Decimal) -> str:
    return format(amount, "f")


def _contract(session: Receiver, position: VenuePosition) -> list[Field]:
    instrument = session.exchange.venue.instrument(position.instrument_id)
    return [
        instrument.con_id,
        instrument.symbol,
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


def _held(position: VenuePosition) -> list[Field]:
    return [position.quantity, format(position.average_cost, "f")]


def multi_position(session: Receiver, request_id: int, position: VenuePosition) -> list[Field]:
    """Return one position of a multi request (71)."""
    account = session.exchange.accounts[0]
    return [71, 1, request_id, account, *_contract(session, position), *_held(position), ""]
