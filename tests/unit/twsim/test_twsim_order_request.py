"""What clients send when they place an order, read by the simulator."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ib_async
import ibapi.contract
import ibapi.order
import ibapi.order_condition
import pytest
from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from helpers.decoders import VERSIONS
from microfutures.twsim.order_request import OrderRequest, read_order
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
        ("goodAfterTime", "20260908 12:00:00 US/Eastern"),
        ("goodTillDate", "20260908 12:00:00 US/Eastern"),
        ("allOrNone", True),
        ("minQty", 2),
        ("discretionaryAmt", 0.02),
        ("algoStrategy", "Adaptive"),
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
    assert request.not_simulated == ("scalePriceIncrement", "hedgeType", "conditions")


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
