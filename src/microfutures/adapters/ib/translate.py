"""From the wire's words to the model's, once, at the edge."""

from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ib_async import BarData, Contract, ContractDetails, Execution

from microfutures.model.errors import InvalidValueError
from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef, Symbol
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.orders import OrderStatus, Side
from microfutures.model.sessions import Session
from microfutures.model.timestamp import from_datetime

DUST = Decimal("1e-9")

UNSET_FROM = Decimal("1e300")
"""IB writes the largest double where there is no value."""

STATUSES: dict[str, OrderStatus] = {
    "PreSubmitted": OrderStatus.WORKING,
    "Submitted": OrderStatus.WORKING,
    "PendingCancel": OrderStatus.CANCEL_IN_FLIGHT,
    "ApiCancelled": OrderStatus.CANCELLED,
    "Cancelled": OrderStatus.CANCELLED,
    "Filled": OrderStatus.FILLED,
    "Inactive": OrderStatus.REJECTED,
}
"""IB's words; ``PendingSubmit`` and ``ApiPending`` say nothing that we don't know."""

_ZONE_NAMES = {"EST": "America/New_York", "CST": "America/Chicago", "MET": "Europe/Berlin"}


def instrument_id(contract: Contract) -> InstrumentId:
    """Return our name of a contract: its local symbol."""
    return InstrumentId(contract.localSymbol or contract.symbol)


def decimal_of(value: float) -> Decimal:
    """Return a wire float as the decimal that was written on the wire."""
    return Decimal(repr(value))


def on_tick(price: Decimal, tick_size: Decimal | None) -> Decimal:
    """Return `price`, rounded to the tick when it misses it by less than a billionth."""
    if tick_size is None:
        return price
    rounded = (price / tick_size).to_integral_value() * tick_size
    return rounded if abs(rounded - price) < DUST else price


def money(text: str | float) -> Decimal | None:
    """Return an amount; None for empty, unset or not a number."""
    try:
        amount = Decimal(str(text))
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and abs(amount) < UNSET_FROM else None


def price_or_none(price: float, size: float) -> float | None:
    """Return a quoted price; None for IB's no-price: -1 or 0 without size, NaN, infinity."""
    if not isfinite(price) or (price in (-1.0, 0.0) and size == 0):
        return None
    return price


def zone_of(name: str) -> ZoneInfo:
    """Return a contract's time zone; raise `InvalidValueError` for one nobody knows."""
    try:
        return ZoneInfo(_ZONE_NAMES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidValueError(f"unknown time zone {name!r} in contract details") from error


def sessions_of(text: str, zone: ZoneInfo) -> tuple[Session, ...]:
    """Return the sessions of IB's ``20250521:1700-20250522:1600;20250524:CLOSED``.

    The older spelling ``20180323:0400-0930,0930-1600`` is read too. Ascending, overlaps joined.
    """
    sessions: list[Session] = []
    for part in text.split(";"):
        if not part or part.endswith("CLOSED"):
            continue
        day = part.partition(":")[0]
        for stretch in part.split(","):
            first, dash, last = stretch.partition("-")
            if not dash:
                raise InvalidValueError(f"no session: {stretch!r}")
            opens, closes = (each if ":" in each else f"{day}:{each}" for each in (first, last))
            session = Session(_moment(opens, zone), _moment(closes, zone))
            if session.close_ns <= session.open_ns:
                raise InvalidValueError(f"a session that ends before it begins: {stretch!r}")
            sessions.append(session)
    sessions.sort(key=lambda session: session.open_ns)
    joined: list[Session] = []
    for session in sessions:
        if joined and session.open_ns <= joined[-1].close_ns:
            close_ns = max(joined[-1].close_ns, session.close_ns)
            joined[-1] = Session(joined[-1].open_ns, close_ns)
        else:
            joined.append(session)
    return tuple(joined)


def _moment(text: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.strptime(text, "%Y%m%d:%H%M").replace(tzinfo=zone)
    except ValueError as error:
        raise InvalidValueError(f"no moment: {text!r}") from error
    return from_datetime(moment)


def instrument_of(details: ContractDetails, tick_size: Decimal | None = None) -> Instrument:
    """Return the instrument that contract details describe; `tick_size` wins over their least."""
    contract = details.contract
    if contract is None:
        raise InvalidValueError("contract details without a contract")
    zone = zone_of(details.timeZoneId or "America/New_York")
    return Instrument(
        instrument_id=instrument_id(contract),
        symbol=Symbol(contract.symbol),
        security_type=SecurityType(contract.secType),
        exchange=contract.exchange,
        currency=contract.currency,
        multiplier=Decimal(contract.multiplier or "1"),
        tick_size=tick_size or decimal_of(details.minTick),
        con_id=contract.conId,
        description=details.longName,
        last_trade_date=last_trade_date(contract),
        time_zone=zone.key,
        trading_hours=sessions_of(details.tradingHours, zone),
        liquid_hours=sessions_of(details.liquidHours, zone),
    )


def last_trade_date(contract: Contract) -> date | None:
    """Return a future's last trading day."""
    text = contract.lastTradeDateOrContractMonth
    if contract.secType != "FUT" or len(text) < 8:
        return None
    return datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=ZoneInfo("UTC")).date()


def fill_of(contract: Contract, execution: Execution, tick_size: Decimal | None) -> Fill:
    """Return the fill that an execution is; its price on the tick where a float missed it by dust.

    Raises
    ------
    InvalidValueError
        For a quantity that isn't whole: this desk never ordered it.
    """
    quantity = round(execution.shares)
    if quantity <= 0 or quantity != execution.shares:
        raise InvalidValueError(
            f"execution {execution.execId}: shares must be whole, were {execution.shares}"
        )
    return Fill(
        execution_id=ExecutionId(execution.execId),
        order_ref=OrderRef(execution.orderRef),
        instrument_id=instrument_id(contract),
        side=Side.BUY if execution.side == "BOT" else Side.SELL,
        quantity=quantity,
        price=on_tick(decimal_of(execution.price), tick_size),
        time_ns=from_datetime(execution.time),
    )


def bar_of(bar: BarData, seconds: int) -> Bar:
    """Return a past bar; its date must be a moment (``formatDate=2``)."""
    if not isinstance(bar.date, datetime):
        raise InvalidValueError(f"bar without a time of day: {bar.date!r}")
    return Bar(
        start_ns=from_datetime(bar.date),
        seconds=seconds,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=max(bar.volume, 0.0),
    )
