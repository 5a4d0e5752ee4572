"""What clients send when they place an order, read by the simulator."""

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import ib_async
import ibapi.contract
import ibapi.order
import ibapi.order_condition
import ibapi.tag_value
import pytest
from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from helpers.decoders import VERSIONS, read_by_both
from microfutures.model.catalog import listed_contracts
from microfutures.twsim.orders.facts import OrderFacts
from microfutures.twsim.orders.messages import open_order
from microfutures.twsim.orders.request import OrderRequest, read_order
from microfutures.twsim.wire import FieldReader, FrameDecoder, WireError, split_fields


class _Wire:
    """Stands in for a connection and keeps what is sent."""

    def __init__(self) -> None:
        self.sent = b""

    def isConnected(self) -> bool:
        return True

    def sendMsg(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def disconnect(self) -> None:
        self.sent += b""


def request_of_ibapi(version: int, **fields: Any) -> list[str]:
    client, wire = EClient(EWrapper()), _Wire()
    client.conn, client.serverVersion_ = wire, version
    client.setConnState(EClient.CONNECTED)
    contract = ibapi.contract.Contract()
    contract.symbol, contract.secType, contract.exchange = "MCL", "FUT", "NYMEX"
    order = ibapi.order.Order()
    for name, value in fields.items():
        setattr(order, name, value)
    client.placeOrder(12, contract, order)
    (frame,) = FrameDecoder().feed(wire.sent)
    return split_fields(frame)


def request_of_ib_async(version: int, **fields: Any) -> list[str]:
    client = ib_async.client.Client(None)
    client.connState, client._serverVersion = client.CONNECTED, version
    sent: list[str] = []
    client.sendMsg = sent.append  # type: ignore[assignment,method-assign]
    contract = ib_async.Contract(symbol="MCL", secType="FUT", exchange="NYMEX")
    client.placeOrder(12, contract, ib_async.Order(**fields))
    return sent[0].split("\0")[:-1]


Maker = Callable[..., list[str]]
BOTH = pytest.mark.parametrize("make", [request_of_ibapi, request_of_ib_async])


def read(fields: list[str], version: int) -> OrderRequest:
    reader = FieldReader(fields)
    assert reader.integer() == 3
    return read_order(reader, version)


@BOTH
@pytest.mark.parametrize("version", VERSIONS)
def test_order_is_read_as_the_client_meant_it(make: Maker, version: int) -> None:
    request = read(
        make(
            version,
            action="SELL",
            totalQuantity=Decimal(3),
            orderType="LMT",
            lmtPrice=70.25,
            tif="GTC",
            ocaGroup="one",
            ocaType=1,
            account="DU1",
            orderRef="mine",
            transmit=False,
            parentId=11,
            outsideRth=True,
            whatIf=True,
        ),
        version,
    )
    assert request.order_id == 12
    assert (request.contract.symbol, request.contract.exchange) == ("MCL", "NYMEX")
    assert (request.action, request.quantity, request.order_type) == ("SELL", Decimal(3), "LMT")
    assert (request.limit_price, request.aux_price) == (Decimal("70.25"), None)
    assert (request.time_in_force, request.account, request.order_ref) == ("GTC", "DU1", "mine")
    assert (request.oca_group, request.oca_type) == ("one", 1)
    assert (request.transmit, request.parent_id) == (False, 11)
    assert request.outside_rth
    assert request.what_if
    assert request.not_simulated == ()


@BOTH
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allOrNone", True),
        ("minQty", 2),
        ("discretionaryAmt", 0.02),
        ("algoStrategy", "Twap"),
        ("faGroup", "All"),
        ("scaleInitLevelSize", 1),
        ("activeStartTime", "20260908 12:00:00"),
    ],
)
def test_attribute_that_is_not_obeyed_is_named(
    make: Maker, version: int, name: str, value: object
) -> None:
    fields = {"action": "BUY", "totalQuantity": Decimal(1), "orderType": "MKT", name: value}
    request = read(make(version, **fields), version)
    assert request.not_simulated == (name,)
    assert not request.what_if


def test_optional_groups_move_the_fields_behind_them() -> None:
    condition = ibapi.order_condition.PriceCondition(0, 1, "NYMEX", True, 70.0)
    plain = {"action": "BUY", "totalQuantity": Decimal(1), "orderType": "MKT", "whatIf": True}
    full = request_of_ibapi(
        178,
        **plain,
        hedgeType="D",
        deltaNeutralOrderType="MKT",
        scalePriceIncrement=0.5,
        conditions=[condition],
    )
    request = read(full, 178)
    assert request.what_if
    assert request.not_simulated == ("scalePriceIncrement", "hedgeType")


@BOTH
def test_order_cut_anywhere_is_a_wire_error(make: Maker) -> None:
    fields = make(178, action="BUY", totalQuantity=Decimal(1), orderType="MKT")
    whole = FieldReader(fields)
    whole.skip(1)
    read_order(whole, 178)
    for length in range(1, len(fields) - whole.rest):
        with pytest.raises(WireError):
            read(fields[:length], 178)


@pytest.fixture(autouse=True)
def _loop() -> Any:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


EVERYTHING: dict[str, object] = {
    "action": "SELL",
    "totalQuantity": Decimal(3),
    "orderType": "TRAIL LIMIT",
    "auxPrice": 0.25,
    "trailStopPrice": 70.5,
    "lmtPriceOffset": 0.02,
    "tif": "GTD",
    "goodTillDate": "20260909 12:00:00 US/Eastern",
    "goodAfterTime": "20260908 12:00:00 US/Eastern",
    "openClose": "C",
    "sweepToFill": True,
    "displaySize": 2,
    "triggerMethod": 4,
    "hidden": True,
    "modelCode": "m",
    "rule80A": "I",
    "algoStrategy": "Adaptive",
    "solicited": True,
    "cashQty": 100.0,
    "discretionaryUpToLimitPrice": True,
    "conditionsCancelOrder": True,
}
IB_CONDITIONS = [
    ibapi.order_condition.PriceCondition(4, 7, "NYMEX", True, 70.25),
    ibapi.order_condition.TimeCondition(True, "20260908 11:00:00 US/Eastern").Or(),
    ibapi.order_condition.MarginCondition(False, 30),
    ibapi.order_condition.ExecutionCondition("FUT", "NYMEX", "MCL"),
    ibapi.order_condition.VolumeCondition(9, "NYMEX", True, 1000),
    ibapi.order_condition.PercentChangeCondition(9, "NYMEX", False, -2.5),
]


@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_an_order_says_is_told_back(version: int) -> None:
    parameters = [ibapi.tag_value.TagValue("adaptivePriority", "Urgent")]
    sent = EVERYTHING | {"conditions": IB_CONDITIONS, "algoParams": parameters}
    request = read(request_of_ibapi(version, **sent), version)
    facts = OrderFacts(
        instrument=listed_contracts("MCL", date(2026, 9, 8))[1],
        client_id=1,
        order_id=12,
        perm_id=99,
        account="DU1",
        action=request.action,
        quantity=3,
        order_type=request.order_type,
        limit_price=Decimal(0),
        aux_price=request.aux_price or Decimal(0),
        time_in_force=request.time_in_force,
        order_ref="",
        parent_id=0,
        outside_rth=False,
        terms=request.terms,
        conditions=request.conditions,
        algo_parameters=request.algo_parameters,
    )
    for _, (_, _, order, _) in read_by_both(version, open_order(version, facts)):
        told = {name: getattr(order, name) for name in EVERYTHING}
        assert told | {"totalQuantity": Decimal(3)} == EVERYTHING
        assert [(each.tag, each.value) for each in order.algoParams] == [
            ("adaptivePriority", "Urgent")
        ]
        kinds = [type(each).__name__ for each in order.conditions]
        assert kinds == [type(each).__name__ for each in IB_CONDITIONS]
        price, moment, margin, execution, volume, change = order.conditions
        assert (price.price, price.conId, price.triggerMethod) == (70.25, 7, 4)
        assert moment.time == "20260908 11:00:00 US/Eastern"
        assert (margin.percent, margin.isMore) == (30, False)
        assert (execution.secType, execution.symbol) == ("FUT", "MCL")
        assert (volume.volume, change.changePercent) == (1000, -2.5)
