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
    account: str
    order_ref: str
    transmit: bool
    parent_id: int
    outside_rth: bool
    good_after_time: str
    good_till_date: str
    what_if: bool


def read_order(reader: FieldReader, version: int) -> OrderRequest:
    """Read an order; fields that the simulator has no use for are passed over.

    The layout is that of IB's published client for server versions 157 to 178.
    """
    order_id = reader.integer()
    contract = read_contract(reader)
    reader.skip(2)  # secIdType, secId
    action = reader.text()
    quantity = reader.decimal() or Decimal(0)
    order_type, limit_price, aux_price = reader.text(), reader.decimal(), reader.decimal()
    time_in_force, oca_group, account = reader.text(), reader.text(), reader.text()
    reader.skip(2)  # openClose, origin
    order_ref, transmit, parent_id = reader.text(), reader.flag(), reader.integer()
    reader.skip(4)  # blockOrder, sweepToFill, displaySize, triggerMethod
    outside_rth = reader.flag()
    reader.skip(1)  # hidden
    if contract.security_type == "BAG":
        _skip_combo(reader)
    reader.skip(2)  # deprecated shares allocation, discretionaryAmt
    good_after_time, good_till_date = reader.text(), reader.text()
    what_if = _read_what_if(reader, version)
    return OrderRequest(
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
        good_after_time=good_after_time,
        good_till_date=good_till_date,
        what_if=what_if,
    )


def _skip_combo(reader: FieldReader) -> None:
    reader.skip(8 * reader.integer())
    reader.skip(reader.integer())
    reader.skip(2 * reader.integer())


def _read_what_if(reader: FieldReader, version: int) -> bool:
    """Pass over the advanced fields up to the what-if flag and return it."""
    reader.skip(3 + (1 if version < 177 else 0))  # faGroup, faMethod, faPercentage, faProfile
    reader.skip(22)  # modelCode … volatilityType
    if reader.text():  # deltaNeutralOrderType
        reader.skip(9)
    else:
        reader.skip(1)  # deltaNeutralAuxPrice
    reader.skip(6)  # continuousUpdate … scaleSubsLevelSize
    increment = reader.decimal()
    if increment is not None and increment > 0:
        reader.skip(7)
    reader.skip(3)  # scaleTable, activeStartTime, activeStopTime
    if reader.text():  # hedgeType
        reader.skip(1)
    reader.skip(4)  # optOutSmartRouting, clearingAccount, clearingIntent, notHeld
    if reader.flag():  # deltaNeutralContract
        reader.skip(3)
    if reader.text():  # algoStrategy
        reader.skip(2 * reader.integer())
    reader.skip(1)  # algoId
    return reader.flag()
