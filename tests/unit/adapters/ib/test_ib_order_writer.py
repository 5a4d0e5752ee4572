"""Orders are spelled as ib_async spells them, whatever came before them."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from ib_async import Contract
from ib_async.client import Client
from msgspec.structs import replace

from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.order_writer import OrderWriter
from microfutures.adapters.ib.wire_order import ib_order
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.model.catalog import front_contract
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef, StrategyName
from microfutures.model.orders import DESK_TYPES, Order, OrderPurpose, OrderType, Side, TimeInForce
from microfutures.model.timestamp import to_datetime

START_NS = 1_788_877_800_000_000_000
DAY = to_datetime(SimulatedClock(START_NS).now_ns()).date()


def a_contract(symbol: str, number: int) -> Resolved:
    instrument = front_contract(symbol, DAY)
    contract = Contract(
        secType=instrument.security_type,
        conId=number,
        symbol=symbol,
        lastTradeDateOrContractMonth="20261019" if number == 1 else "",
        multiplier="100" if number == 1 else "",
        exchange=instrument.exchange,
        currency="USD",
        localSymbol=instrument.instrument_id,
        tradingClass=symbol,
    )
    return Resolved(instrument, contract)


CONTRACTS = (a_contract("MCL", 1), a_contract("USO", 2), a_contract("MGC", 3))


@st.composite
def orders(draw: st.DrawFn) -> tuple[Resolved, Order]:
    resolved = draw(st.sampled_from(CONTRACTS))
    kind = draw(st.sampled_from(sorted(DESK_TYPES)))
    ticks = draw(st.integers(-50_000, 50_000))
    return resolved, Order(
        order_ref=OrderRef(
            draw(st.from_regex(r"mf[0-9]-[a-z0-9]{1,8}-[0-9]{1,6}", fullmatch=True))
        ),
        intent_id=IntentId("i"),
        strategy=StrategyName("s"),
        instrument_id=InstrumentId(resolved.instrument.instrument_id),
        side=draw(st.sampled_from(Side)),
        quantity=draw(st.integers(1, 1_000_000)),
        order_type=kind,
        purpose=OrderPurpose.ENTRY,
        limit_ticks=ticks if kind is OrderType.LIMIT else None,
        stop_ticks=ticks if kind is OrderType.STOP else None,
        time_in_force=draw(st.sampled_from(TimeInForce)),
        outside_regular_hours=draw(st.booleans()),
    )


class Wire(Client):
    """A client of one server version whose messages are kept."""

    def __init__(self, version: int) -> None:
        self._serverVersion = version
        self.sent: list[str] = []

    def isConnected(self) -> bool:
        return True

    def sendMsg(self, msg: str) -> None:
        self.sent.append(msg)


@settings(deadline=None)
@given(st.lists(orders(), min_size=1, max_size=8), st.integers(157, 178))
def test_every_order_is_the_message_that_ib_async_would_write(
    wanted: list[tuple[Resolved, Order]], version: int
) -> None:
    ours, theirs = Wire(version), Wire(version)
    writer = OrderWriter(ours)
    write: Callable[..., None] = theirs.placeOrder
    spelled = []
    for number, (resolved, order) in enumerate(wanted):
        spelled.append(writer.spell(number, order, resolved, "DU1"))
        write(number, resolved.contract, ib_order(order, resolved, "DU1"))
    assert spelled == theirs.sent
    assert ours.sent == []


@settings(deadline=None)
@given(st.lists(orders(), min_size=1, max_size=8))
def test_an_order_is_spelled_alike_whatever_was_spelled_before(
    wanted: list[tuple[Resolved, Order]],
) -> None:
    writer, other = OrderWriter(Wire(178)), OrderWriter(Wire(178))
    for number, (resolved, order) in enumerate(wanted):
        writer.spell(0, order, resolved, "DU1")
        spelled = writer.spell(number, order, resolved, "DU1")
        assert spelled == other.spell(number, order, resolved, "DU1")


def test_contract_that_was_resolved_anew_is_spelled_anew() -> None:
    before = CONTRACTS[0]
    after = Resolved(
        replace(before.instrument, tick_size=Decimal("0.05")), Contract(conId=9, symbol="MCL")
    )
    order = Order(
        order_ref=OrderRef("r"),
        intent_id=IntentId("i"),
        strategy=StrategyName("s"),
        instrument_id=before.instrument.instrument_id,
        side=Side.BUY,
        quantity=1,
        order_type=OrderType.LIMIT,
        purpose=OrderPurpose.ENTRY,
        limit_ticks=100,
    )
    writer = OrderWriter(Wire(178))
    first = writer.spell(1, order, before, "DU1").split("\0")
    second = writer.spell(2, order, after, "DU1").split("\0")
    assert (first[2], second[2]) == ("1", "9")
    assert (first[19], second[19]) == ("1.0", "5.0")
