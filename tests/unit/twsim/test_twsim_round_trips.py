"""Random values through messages and back: both clients read, at any version, what was meant."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.decoders import read_by_both, read_by_ib_async, read_by_ibapi, unread_by_ibapi
from microfutures.model import catalog
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.twsim.account.messages import money
from microfutures.twsim.contracts import details as contract_details
from microfutures.twsim.contracts.lookup import symbol_of
from microfutures.twsim.orders import messages as order_messages
from microfutures.twsim.orders.facts import ComboTerms, ExecutionFacts, MarginFields, OrderFacts
from microfutures.twsim.orders.request import OrderLeg
from microfutures.twsim.quotes.ticks import LIVE, Line, changes
from microfutures.twsim.wire import Field, FrameDecoder, split_fields

DAY = datetime(2026, 9, 8, tzinfo=UTC)
MOMENT_NS = int(DAY.timestamp()) * 1_000_000_000
INSTRUMENTS = tuple(
    instrument
    for symbol in catalog.symbols()
    for instrument in catalog.listed_contracts(symbol, DAY.date())[:2]
)

versions = st.integers(157, 178)
instruments = st.sampled_from(INSTRUMENTS)
ids = st.integers(0, 2**31 - 2)
perm_ids = st.integers(1, 2**31 - 2)
prices = st.decimals(-100_000, 100_000, places=4)
amounts = st.decimals(-10_000_000, 10_000_000, places=2)
quantities = st.integers(1, 1_000_000)
names = st.text("ABCxyz019-_/.:", max_size=12)

pytestmark = pytest.mark.slow


legs = st.builds(
    OrderLeg,
    con_id=ids,
    ratio=st.integers(1, 99),
    action=st.sampled_from(("BUY", "SELL")),
    exchange=st.sampled_from(("NYMEX", "SMART")),
    rest=st.just(("0", "0", "", "-1")),
)


@st.composite
def combos(draw: st.DrawFn) -> ComboTerms:
    return ComboTerms(
        legs=tuple(draw(st.lists(legs, min_size=2, max_size=8))),
        parts=(),
        routing=draw(st.sampled_from(((), ("NonGuaranteed", "1")))),
        is_guaranteed=True,
    )


@st.composite
def orders(draw: st.DrawFn) -> OrderFacts:
    quantity = draw(quantities)
    return OrderFacts(
        instrument=draw(instruments),
        client_id=draw(ids),
        order_id=draw(ids),
        perm_id=draw(perm_ids),
        account="DU" + draw(st.text("0123456789", min_size=5, max_size=8)),
        action=draw(st.sampled_from(("BUY", "SELL"))),
        quantity=quantity,
        order_type=draw(st.sampled_from(("MKT", "LMT", "STP", "STP LMT"))),
        limit_price=draw(prices),
        aux_price=draw(prices),
        time_in_force=draw(st.sampled_from(("DAY", "GTC", "IOC"))),
        order_ref=draw(names),
        parent_id=draw(ids),
        outside_rth=draw(st.booleans()),
        oca_group=draw(names),
        oca_type=draw(st.sampled_from((1, 2, 3))),
        status=draw(st.sampled_from(("PreSubmitted", "Submitted", "Filled", "Cancelled"))),
        filled=draw(st.integers(0, quantity)),
        average_price=draw(prices),
        last_price=draw(prices),
        commission=draw(st.none() | amounts),
        completed_ns=MOMENT_NS,
        completed_status=draw(names),
        combo=draw(st.none() | combos()),
    )


def legs_told(contract: Any, order: Any) -> tuple[Any, ...]:
    """Return what a message says of a combo's legs and their routing."""
    rows = [(leg.conId, leg.ratio, leg.action, leg.exchange) for leg in contract.comboLegs or ()]
    tags = [text for each in order.smartComboRoutingParams or () for text in (each.tag, each.value)]
    return rows, tags, contract.comboLegsDescrip


def legs_meant(order: OrderFacts) -> tuple[Any, ...]:
    if order.combo is None:
        return [], [], ""
    legs = order.combo.legs
    rows = [(leg.con_id, leg.ratio, leg.action, leg.exchange) for leg in legs]
    signs = {"BUY": "", "SELL": "-"}
    described = ",".join(f"{leg.con_id}|{signs[leg.action]}{leg.ratio}" for leg in legs)
    return rows, list(order.combo.routing), described


def terms(order: Any) -> tuple[Any, ...]:
    """Return what an order says in both kinds of messages that bring one."""
    return (
        order.permId,
        order.action,
        float(order.totalQuantity),
        order.orderType,
        float(order.lmtPrice),
        float(order.auxPrice),
        order.tif,
        order.account,
        order.orderRef,
        order.ocaGroup,
        order.ocaType,
        bool(order.outsideRth),
    )


def meant(order: OrderFacts) -> tuple[Any, ...]:
    return (
        order.perm_id,
        order.action,
        float(order.quantity),
        order.order_type,
        float(order.limit_price),
        float(order.aux_price),
        order.time_in_force,
        order.account,
        order.order_ref,
        order.oca_group,
        order.oca_type,
        order.outside_rth,
    )


def said_of(contract: Any) -> tuple[Any, ...]:
    return (contract.conId, contract.symbol, contract.secType, contract.localSymbol)


def meant_of(order: OrderFacts) -> tuple[Any, ...]:
    return said_by(order.instrument)


def said_by(instrument: Instrument) -> tuple[Any, ...]:
    kind = instrument.security_type.value
    return (instrument.con_id, symbol_of(instrument), kind, str(instrument.instrument_id))


@given(versions, orders(), st.none() | st.tuples(st.tuples(*[amounts] * 9), amounts))
def test_open_orders(
    version: int, order: OrderFacts, preview: tuple[tuple[Decimal, ...], Decimal] | None
) -> None:
    margins = None if preview is None else MarginFields(*preview)
    message = order_messages.open_order(version, order, margins)
    assert unread_by_ibapi(version, message) == 0
    for name, (order_id, contract, heard, state) in read_by_both(version, message):
        assert (name, order_id, state.status) == ("openOrder", order.order_id, order.status)
        assert said_of(contract) == meant_of(order)
        assert terms(heard) == meant(order)
        assert legs_told(contract, heard) == legs_meant(order)
        assert (heard.clientId, heard.parentId) == (order.client_id, order.parent_id)
        assert bool(heard.whatIf) == (margins is not None)
        if margins is not None:
            first, last = margins.figures[0], margins.figures[8]
            assert float(state.initMarginBefore) == float(first)
            assert float(state.equityWithLoanAfter) == float(last)


@given(versions, orders())
def test_completed_orders(version: int, order: OrderFacts) -> None:
    message = order_messages.completed_order(version, order)
    assert unread_by_ibapi(version, message) == 0
    for name, (contract, heard, state) in read_by_both(version, message):
        assert name == "completedOrder"
        assert said_of(contract) == meant_of(order)
        assert terms(heard) == meant(order)
        assert legs_told(contract, heard) == legs_meant(order)
        assert float(heard.filledQuantity) == order.filled
        assert (state.status, state.completedStatus) == (order.status, order.completed_status)


@given(versions, orders())
def test_statuses(version: int, order: OrderFacts) -> None:
    for _, status in read_by_both(version, order_messages.order_status(order)):
        assert status[:2] == (order.order_id, order.status)
        assert (float(status[2]), float(status[3])) == (order.filled, order.quantity - order.filled)
        assert (status[4], status[7]) == (float(order.average_price), float(order.last_price))
        assert (status[5], status[6], status[8]) == (
            order.perm_id,
            order.parent_id,
            order.client_id,
        )


@given(
    versions,
    ids,
    orders(),
    quantities,
    prices,
    amounts,
    st.none() | amounts,
    st.none() | instruments,
)
def test_executions_and_commissions(
    version: int,
    request_id: int,
    order: OrderFacts,
    quantity: int,
    price: Decimal,
    commission: Decimal,
    realized: Decimal | None,
    leg: Instrument | None,
) -> None:
    facts = ExecutionFacts(
        order=order,
        leg=leg,
        leg_action="SELL",
        execution_id="0000e0d5.67fe667b.01.01",
        time_ns=MOMENT_NS,
        quantity=quantity,
        price=price,
        cumulative=quantity,
        average_price=price,
        commission=commission,
        realized=realized,
    )
    message = order_messages.execution(version, request_id, facts)
    assert unread_by_ibapi(version, message) == 0
    for name, (heard_id, contract, heard) in read_by_both(version, message):
        assert (name, heard_id) == ("execDetails", request_id)
        assert said_of(contract) == (meant_of(order) if leg is None else said_by(leg))
        assert (heard.orderId, heard.clientId, heard.permId) == (
            order.order_id,
            order.client_id,
            order.perm_id,
        )
        action = order.action if leg is None else "SELL"
        assert heard.side == ("BOT" if action == "BUY" else "SLD")
        assert (float(heard.shares), heard.price) == (quantity, float(price))
        assert (float(heard.cumQty), heard.avgPrice) == (quantity, float(price))
        assert heard.orderRef == order.order_ref
    for _, (report,) in read_by_both(version, order_messages.commission_report(facts)):
        paid = report.commission if hasattr(report, "commission") else report.commissionAndFees
        assert paid == float(commission)
        if realized is not None:
            assert report.realizedPNL == float(realized)


@pytest.mark.parametrize("version", range(157, 179))
def test_details_of_every_product(version: int) -> None:
    for instrument in INSTRUMENTS:
        message = contract_details.details_message(
            version, 7, instrument, exchange=instrument.exchange, now_ns=MOMENT_NS
        )
        assert unread_by_ibapi(version, message) == 0
        for name, (request_id, details) in read_by_both(version, message):
            assert (name, request_id) == ("contractDetails", 7)
            assert said_of(details.contract)[:3] == (
                instrument.con_id,
                symbol_of(instrument),
                instrument.security_type.value,
            )
            assert Decimal(str(details.minTick)) == instrument.tick_size
            assert details.longName == instrument.description
            assert Decimal(details.contract.multiplier or 1) == instrument.multiplier


floats = st.none() | st.floats(-1e6, 1e6).map(lambda price: round(price, 6))
sizes = st.integers(0, 10**9).map(float)
quotes = st.builds(
    Quote, st.just(InstrumentId("MCLX6")), ids, floats, floats, sizes, sizes, floats, sizes
)


@given(versions, st.integers(0, 2**31 - 1), quotes, quotes, sizes)
def test_ticks_lead_a_client_from_one_quote_to_the_next(
    version: int, request_id: int, before: Quote, after: Quote, last_size: float
) -> None:
    shown: dict[int, float] = {}
    for old, new in ((None, before), (before, after)):
        stream = Line(request_id).frames(changes(LIVE, old, new, last_size))
        for frame in FrameDecoder().feed(stream):
            message: list[Field] = list(split_fields(frame))
            for name, values in read_by_ib_async(version, message):
                assert values[0] == request_id
                if name == "priceSizeTick":
                    shown[values[1]] = values[2]
            # IB's own client makes two calls of it: the price, and a size it adds itself.
            prices = [each for each in read_by_ibapi(version, message) if each[0] == "tickPrice"]
            assert all(shown[call[1][1]] == call[1][2] for call in prices)
    for tick, price in ((LIVE.bid, after.bid), (LIVE.ask, after.ask)):
        assert shown.get(tick, -1.0) == (-1.0 if price is None else price)


@given(versions, amounts, names)
def test_amounts_of_an_account(version: int, amount: Decimal, account: str) -> None:
    rows: tuple[tuple[list[Field], int], ...] = (
        ([6, 2, "NetLiquidation", money(amount), "USD", account], 1),
        ([63, 1, 7, account, "NetLiquidation", money(amount), "USD"], 3),
        ([73, 1, 7, account, "", "NetLiquidation", money(amount), "USD"], 4),
    )
    for message, place in rows:
        for _, values in read_by_both(version, message):
            assert Decimal(values[place]) == amount
            assert account in values


def test_field_that_no_decoder_knows_is_noticed() -> None:
    message = order_messages.open_order(170, OrderFacts(**_plain_order()))
    assert unread_by_ibapi(170, message) == 0
    assert unread_by_ibapi(170, [*message, "one more"]) == 1


def _plain_order() -> dict[str, Any]:
    return {
        "instrument": INSTRUMENTS[0],
        "client_id": 1,
        "order_id": 1,
        "perm_id": 1,
        "account": "DU1",
        "action": "BUY",
        "quantity": 1,
        "order_type": "MKT",
        "limit_price": Decimal(0),
        "aux_price": Decimal(0),
        "time_in_force": "DAY",
        "order_ref": "",
        "parent_id": 0,
        "outside_rth": False,
    }
