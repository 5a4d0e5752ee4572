"""The place-order request (3): a long message whose layout depends on its own content."""

from decimal import Decimal

import msgspec

from microfutures.twsim.contracts import ContractQuery, read_contract
from microfutures.twsim.wire import FieldReader


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; prices are None where it left them unset."""

    order_id: int
    contract: ContractQuery
    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None
    aux_price: Decimal | None
    time_in_force: str
    oca_group: str
    oca_type: int
    account: str
    order_ref: str
    transmit: bool
    parent_id: int
    outside_rth: bool
    what_if: bool
    not_simulated: tuple[str, ...]
    """Names of attributes that would change how the order trades and that nothing here obeys."""


class _Main(msgspec.Struct, frozen=True, kw_only=True):
    """The fields up to the financial adviser's."""

    order_id: int
    contract: ContractQuery
    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None
    aux_price: Decimal | None
    time_in_force: str
    oca_group: str
    account: str
    order_ref: str
    transmit: bool
    parent_id: int
    outside_rth: bool


def read_order(reader: FieldReader, version: int) -> OrderRequest:
    """Read an order up to its conditions; what follows them has no use here.

    The layout is that of IB's published client for server versions 157 to 178.
    """
    unknown: list[str] = []
    main = _read_main(reader)
    _read_timing(reader, unknown)
    _note(unknown, "faGroup", reader.text() != "")
    reader.skip(2)  # faMethod, faPercentage
    if version < 177:
        reader.skip(1)  # faProfile
    reader.skip(4)  # modelCode, shortSaleSlot, designatedLocation, exemptCode
    oca_type = reader.integer()
    _read_quantities(reader, unknown)
    _read_volatility(reader)
    _read_trail_and_scale(reader, unknown)
    _read_hedge(reader, unknown)
    what_if = _read_algo(reader, unknown)
    _read_conditions(reader, main.order_type, unknown)
    fields = {name: getattr(main, name) for name in _Main.__struct_fields__}
    return OrderRequest(**fields, oca_type=oca_type, what_if=what_if, not_simulated=tuple(unknown))


def _note(unknown: list[str], name: str, is_set: bool) -> None:
    if is_set:
        unknown.append(name)


def _read_main(reader: FieldReader) -> _Main:
    order_id = reader.integer()
    contract = read_contract(reader)
    reader.skip(2)  # secIdType, secId
    action = reader.text().upper()
    quantity = reader.decimal() or Decimal(0)
    order_type, limit_price, aux_price = reader.text().upper(), reader.decimal(), reader.decimal()
    time_in_force, oca_group, account = reader.text().upper(), reader.text(), reader.text()
    reader.skip(2)  # openClose, origin
    order_ref, transmit, parent_id = reader.text(), reader.flag(), reader.integer()
    reader.skip(4)  # blockOrder, sweepToFill, displaySize, triggerMethod
    outside_rth = reader.flag()
    reader.skip(1)  # hidden
    if contract.security_type == "BAG":
        reader.skip(8 * reader.count())
        reader.skip(reader.count())
        reader.skip(2 * reader.count())
    return _Main(
        order_id=order_id,
        contract=contract,
        action=action,
        quantity=quantity,
        order_type=order_type,
        limit_price=limit_price,
        aux_price=aux_price,
        time_in_force=time_in_force or "DAY",
        oca_group=oca_group,
        account=account,
        order_ref=order_ref,
        transmit=transmit,
        parent_id=parent_id,
        outside_rth=outside_rth,
    )


def _read_timing(reader: FieldReader, unknown: list[str]) -> None:
    reader.skip(1)  # sharesAllocation, deprecated
    _note(unknown, "discretionaryAmt", bool(reader.decimal()))
    _note(unknown, "goodAfterTime", reader.text() != "")
    _note(unknown, "goodTillDate", reader.text() != "")


def _read_quantities(reader: FieldReader, unknown: list[str]) -> None:
    reader.skip(2)  # rule80A, settlingFirm
    _note(unknown, "allOrNone", reader.flag())
    _note(unknown, "minQty", bool(reader.decimal()))
    # percentOffset, eTradeOnly, firmQuoteOnly, nbboPriceCap, auctionStrategy, startingPrice,
    # stockRefPrice, delta, stockRangeLower, stockRangeUpper, overridePercentageConstraints
    reader.skip(11)


def _read_volatility(reader: FieldReader) -> None:
    reader.skip(2)  # volatility, volatilityType
    has_neutral_order = reader.text() != ""
    reader.skip(1)  # deltaNeutralAuxPrice
    if has_neutral_order:
        reader.skip(8)
    reader.skip(2)  # continuousUpdate, referencePriceType


def _read_trail_and_scale(reader: FieldReader, unknown: list[str]) -> None:
    reader.skip(2)  # trailStopPrice, trailingPercent
    _note(unknown, "scaleInitLevelSize", bool(reader.decimal()))
    reader.skip(1)  # scaleSubsLevelSize
    increment = reader.decimal()
    if increment is not None and increment > 0:
        _note(unknown, "scalePriceIncrement", True)
        reader.skip(7)
    reader.skip(1)  # scaleTable
    _note(unknown, "activeStartTime", reader.text() != "")
    _note(unknown, "activeStopTime", reader.text() != "")


def _read_hedge(reader: FieldReader, unknown: list[str]) -> None:
    has_hedge = reader.text() != ""
    if has_hedge:
        _note(unknown, "hedgeType", True)
        reader.skip(1)
    reader.skip(4)  # optOutSmartRouting, clearingAccount, clearingIntent, notHeld
    if reader.flag():  # deltaNeutralContract
        _note(unknown, "deltaNeutralContract", True)
        reader.skip(3)


def _read_algo(reader: FieldReader, unknown: list[str]) -> bool:
    """Pass over the algorithm and return whether it is only a what-if."""
    if reader.text():  # algoStrategy
        _note(unknown, "algoStrategy", True)
        reader.skip(2 * reader.count())
    reader.skip(1)  # algoId
    return reader.flag()


def _read_conditions(reader: FieldReader, order_type: str, unknown: list[str]) -> None:
    reader.skip(4)  # orderMiscOptions, solicited, randomizeSize, randomizePrice
    if order_type in ("PEG BENCH", "PEGBENCH"):
        reader.skip(5)
    _note(unknown, "conditions", reader.integer() != 0)
