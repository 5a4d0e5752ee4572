"""Faults as ib_async, unmodified, meets them; the control port; a short soak of all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import ib_async
import pytest
from benchmarks.soak import run
from msgspec.structs import replace

from helpers.gateway import a_server
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.faults.control import answer, open_control_port
from microfutures.twsim.faults.desk import FaultDesk
from microfutures.twsim.faults.kinds import KINDS
from microfutures.twsim.faults.schedule import parse_fault, read_scenario
from microfutures.twsim.gateway import build_server
from microfutures.venue.synthetic import SyntheticMarket

EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "scenarios").glob("*.toml"))

Scene = Callable[[FaultDesk, ib_async.IB, list[int]], Awaitable[None]]


def play(scene: Scene, *, cash: int = 25_000) -> None:
    """Run `scene` with a desk of faults, a connected client and the error codes it gets."""

    async def main() -> None:
        market = SyntheticMarket(seed=1)
        clock = SimulatedClock(market.start_ns)
        server = build_server(
            market=market, clock=clock, host="127.0.0.1", port=0, initial_cash=Decimal(cash)
        )
        desk = FaultDesk(server, clock)
        await server.start()
        ib, codes = ib_async.IB(), list[int]()
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        ib.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
        await scene(desk, ib, codes)
        ib.disconnect()
        await desk.stop()
        await server.stop()
        assert desk.pending == 0

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


async def mcl(ib: ib_async.IB) -> ib_async.Contract:
    (details,) = await ib.reqContractDetailsAsync(ib_async.Future("MCL", "202611", "NYMEX"))
    assert details.contract is not None
    return details.contract


async def uso(ib: ib_async.IB) -> ib_async.Contract:
    (fund,) = await ib.qualifyContractsAsync(ib_async.Stock("USO", "SMART", "USD"))
    assert isinstance(fund, ib_async.Contract)
    return fund


def cause(desk: FaultDesk, kind: str, **parameters: object) -> None:
    desk.cause(parse_fault({"kind": kind, **parameters}, place="test"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "parameters", "codes"),
    [
        ("link_loss", {}, [1100, 1102]),
        ("link_loss", {"then": 1101}, [1100, 1101]),
        ("link_loss", {"code": 2110}, [2110, 1102]),
        ("farm_loss", {}, [2103, 2104]),
        ("farm_loss", {"code": 2105}, [2105, 2106]),
        ("farm_loss", {"code": 2157}, [2157, 2158]),
        ("nightly_reset", {}, [1100, 2103, 2105, 2157, 1102, 2104, 2106, 2158]),
    ],
)
def test_loss_is_told_and_its_return_too(
    kind: str, parameters: dict[str, object], codes: list[int]
) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, seen: list[int]) -> None:
        cause(desk, kind, **parameters)
        await asyncio.sleep(400)
        assert seen == codes
        assert desk.lasting == ()

    play(scene)


@pytest.mark.parametrize(("then", "goes_on"), [(1101, False), (1102, True)])
def test_streams_end_with_a_loss_of_data_and_only_then(then: int, goes_on: bool) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        contract = await mcl(ib)
        ticker = ib.reqTickByTickData(contract, "BidAsk")
        ib.reqMktDepth(contract)
        bars = ib.reqRealTimeBars(contract, 5, "TRADES", False)
        cause(desk, "link_loss", then=then, seconds=10)
        await asyncio.sleep(11)
        told: list[object] = []
        ticker.updateEvent += told.append
        count = len(bars)
        await asyncio.sleep(60)
        assert bool(told) == (len(bars) > count) == goes_on

    play(scene)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["socket_drop", "refused", "restart", "weekly_logout"])
def test_client_is_dropped_and_comes_back_when_it_may(kind: str) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        cause(desk, kind)
        await asyncio.sleep(1)
        assert not ib.isConnected()
        if kind != "socket_drop":
            with pytest.raises(ConnectionRefusedError):
                await ib.connectAsync("127.0.0.1", desk.server.port, clientId=1)
        await asyncio.sleep(700)
        await ib.connectAsync("127.0.0.1", desk.server.port, clientId=1)
        assert ib.isConnected()

    play(scene)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("crossed_quotes", lambda bid, ask: bid > ask > 0),
        ("absurd_prices", lambda bid, ask: ask > bid > 100),
        ("zero_prices", lambda bid, ask: bid == ask == 0),
        ("negative_prices", lambda bid, ask: bid < 0 and ask < 0),
    ],
)
def test_prices_are_wrong_for_a_while(kind: str, told: Callable[[float, float], bool]) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        ticker = ib.reqMktData(await mcl(ib))
        await asyncio.sleep(20)
        assert 50 < ticker.bid < ticker.ask < 100
        cause(desk, kind, seconds=60)
        await asyncio.sleep(59)
        assert told(ticker.bid, ticker.ask)
        await asyncio.sleep(2)
        assert 50 < ticker.bid < ticker.ask < 100

    play(scene)


@pytest.mark.parametrize(("kind", "data_type"), [("frozen_data", 2), ("delayed_data", 3)])
def test_data_are_not_live_for_a_while(kind: str, data_type: int) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        ticker = ib.reqMktData(await mcl(ib))
        await asyncio.sleep(20)
        cause(desk, kind, seconds=60)
        await asyncio.sleep(1)
        assert ticker.marketDataType == data_type
        await asyncio.sleep(60)
        assert ticker.marketDataType == 1

    play(scene)


def test_one_leg_is_quiet_while_the_other_goes_on() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        oil, fund = ib.reqMktData(await mcl(ib)), ib.reqMktData(await uso(ib))
        await asyncio.sleep(20)
        cause(desk, "quiet_leg", seconds=60)
        heard: list[object] = []
        oil.updateEvent += lambda _: heard.append("oil")
        fund.updateEvent += lambda _: heard.append("fund")
        await asyncio.sleep(59)
        assert set(heard) == {"oil"}
        await asyncio.sleep(2)
        assert "fund" in heard

    play(scene)


def test_halt_is_told_and_refuses_orders_until_it_ends() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, seen: list[int]) -> None:
        fund = await uso(ib)
        ticker = ib.reqMktData(fund)
        await asyncio.sleep(20)
        cause(desk, "trading_halt", seconds=60)
        await asyncio.sleep(1)
        assert ticker.halted == 1
        order = ib_async.MarketOrder("BUY", 1, tif="DAY")
        ib.placeOrder(fund, order)
        await asyncio.sleep(1)
        assert 154 in seen
        await asyncio.sleep(60)
        assert ticker.halted == 0
        assert not desk.server.exchange.desk.executions

    play(scene)


def test_port_change_tells_the_new_port() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, seen: list[int]) -> None:
        old = desk.server.port
        cause(desk, "port_change")
        await asyncio.sleep(1)
        assert 1300 in seen
        assert desk.server.port != old
        await ib.connectAsync("127.0.0.1", desk.server.port, clientId=1)

    play(scene)


def test_half_open_gateway_accepts_and_never_answers() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        cause(desk, "half_open")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ib.reqCurrentTimeAsync(), 10)
        second = ib_async.IB()
        with pytest.raises(TimeoutError):
            await second.connectAsync("127.0.0.1", desk.server.port, clientId=2, timeout=5)
        await asyncio.sleep(30)
        assert not ib.isConnected()

    play(scene)


def test_slow_reader_answers_in_the_end() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        loop = asyncio.get_running_loop()
        cause(desk, "slow_reader", seconds=5)
        began = loop.time()
        await ib.reqCurrentTimeAsync()
        assert 4.9 < loop.time() - began < 5.1

    play(scene)


@pytest.mark.parametrize("kind", ["split_packets", "merged_packets"])
def test_packets_of_any_cut_are_read(kind: str) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        cause(desk, kind, seconds=60)
        contract = await mcl(ib)
        ticker = ib.reqMktData(contract)
        await asyncio.sleep(20)
        assert ticker.bid < ticker.ask

    play(scene)


@pytest.mark.parametrize("code", [354, 10089, 10168, 10197])
def test_market_data_without_subscription_are_refused(code: int) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, seen: list[int]) -> None:
        cause(desk, "no_subscription", code=code)
        ticker = ib.reqMktData(await mcl(ib))
        await asyncio.sleep(2)
        assert seen == [code]
        assert ticker.bid != ticker.bid

    play(scene)


@pytest.mark.parametrize("code", [100, 162, 420])
def test_requests_that_come_too_fast_are_refused(code: int) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, seen: list[int]) -> None:
        contract = await mcl(ib)
        cause(desk, "pacing", code=code)
        if code == 162:
            await ib.reqHistoricalDataAsync(contract, "", "60 S", "1 min", "TRADES", False)
        elif code == 420:
            ib.reqRealTimeBars(contract, 5, "TRADES", False)
        else:
            ib.client.reqCurrentTime()
        await asyncio.sleep(1)
        assert seen == [code]

    play(scene)


def test_rejected_and_silent_orders_never_reach_the_market() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, seen: list[int]) -> None:
        contract = await mcl(ib)
        cause(desk, "order_reject", seconds=5)
        rejected = ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1, tif="DAY"))
        await asyncio.sleep(6)
        assert seen == [201]
        assert rejected.isDone()
        cause(desk, "silent_order", seconds=5)
        silent = ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1, tif="DAY"))
        await asyncio.sleep(6)
        assert silent.orderStatus.status == "PendingSubmit"
        assert desk.server.exchange.orders == {}

    play(scene)


def test_fill_comes_before_its_acknowledgement() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        contract = await mcl(ib)
        await asyncio.sleep(1)
        cause(desk, "fill_before_acknowledgement", delay=2)
        trade = ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1, tif="DAY"))
        await asyncio.sleep(1)
        assert (len(trade.fills), trade.orderStatus.status) == (1, "PendingSubmit")
        await asyncio.sleep(3)
        assert trade.orderStatus.status == "Filled"

    play(scene)


def test_everything_about_an_order_comes_late() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _: list[int]) -> None:
        contract = await mcl(ib)
        await asyncio.sleep(3)
        desk.cause(parse_fault({"kind": "late", "delay": 5, "seconds": 60}, place="test"))
        trade = ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1, tif="DAY"))
        await asyncio.sleep(4)
        assert (trade.orderStatus.status, trade.fills) == ("PendingSubmit", [])
        await asyncio.sleep(8)
        assert trade.orderStatus.status == "Filled"
        assert trade.fills[0].commissionReport.commission > 0

    play(scene)


def test_partial_fill_stops_and_the_rest_is_cancelled_late() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        contract = await mcl(ib)
        ticker = ib.reqMktData(contract)
        await asyncio.sleep(2)
        cause(desk, "partial_fill_stops", seconds=600, delay=60)
        size = int(ticker.askSize) + 1
        trade = ib.placeOrder(contract, ib_async.LimitOrder("BUY", size, ticker.ask, tif="DAY"))
        await asyncio.sleep(50)
        assert trade.orderStatus.status == "Submitted"
        filled = trade.filled()
        assert 0 < filled < size
        await asyncio.sleep(30)
        assert (trade.orderStatus.status, trade.filled()) == ("Cancelled", filled)

    play(scene, cash=10_000_000)


def test_order_is_filled_while_its_cancel_is_pending() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, codes: list[int]) -> None:
        contract = await mcl(ib)
        ticker = ib.reqMktData(contract)
        await asyncio.sleep(2)
        cause(desk, "slow_cancel", seconds=60, delay=20)
        filled, cancelled = (
            ib.placeOrder(contract, ib_async.LimitOrder("BUY", 1, ticker.bid - away, tif="DAY"))
            for away in (1, 5)
        )
        await asyncio.sleep(1)
        for trade in (filled, cancelled):
            ib.cancelOrder(trade.order)
        await asyncio.sleep(1)
        assert filled.orderStatus.status == cancelled.orderStatus.status == "PendingCancel"
        filled.order.lmtPrice = round(ticker.ask + 0.05, 2)
        ib.placeOrder(contract, filled.order)
        await asyncio.sleep(5)
        assert (filled.orderStatus.status, filled.filled()) == ("Filled", 1)
        assert cancelled.orderStatus.status == "PendingCancel"
        await asyncio.sleep(20)
        assert cancelled.orderStatus.status == "Cancelled"
        assert 10148 in codes

    play(scene)


def test_corrected_execution_has_the_next_revision_and_a_commission_of_its_own() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, codes: list[int]) -> None:
        contract = await mcl(ib)
        await asyncio.sleep(2)
        trade = ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1, tif="DAY"))
        await asyncio.sleep(1)
        (first,) = trade.fills
        cause(desk, "correction", ticks=2)
        await asyncio.sleep(1)
        corrected = trade.fills[-1]
        assert corrected.execution.execId == first.execution.execId[:-2] + "02"
        assert corrected.execution.price == pytest.approx(first.execution.price + 0.02)
        assert corrected.commissionReport.execId == corrected.execution.execId
        assert len(await ib.reqExecutionsAsync()) == 2

    play(scene)


@pytest.mark.parametrize("kind", ["duplicated", "reordered"])
def test_client_counts_a_fill_once_however_it_is_told(kind: str) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        contract = await mcl(ib)
        await asyncio.sleep(1)
        cause(desk, kind)
        trade = ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1, tif="DAY"))
        await asyncio.sleep(3)
        assert (len(trade.fills), trade.orderStatus.status) == (1, "Filled")

    play(scene)


def test_clock_is_off() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        right = await ib.reqCurrentTimeAsync()
        cause(desk, "clock_off", offset=90)
        wrong = await ib.reqCurrentTimeAsync()
        assert 90 <= (wrong - right).total_seconds() <= 91

    play(scene)


def test_client_id_is_in_use_for_a_while() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        cause(desk, "client_id_in_use", seconds=20)
        second = ib_async.IB()
        codes: list[int] = []
        second.errorEvent += lambda _id, code, _text, _contract: codes.append(code)
        with pytest.raises((ConnectionError, TimeoutError)):
            await second.connectAsync("127.0.0.1", desk.server.port, clientId=2)
        assert codes == [326]
        assert ib.isConnected()

    play(scene)


@pytest.mark.parametrize("keeps_orders", [True, False])
def test_restart_keeps_or_forgets_open_orders(keeps_orders: bool) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        contract = await mcl(ib)
        ib.placeOrder(contract, ib_async.LimitOrder("BUY", 1, 60.0, tif="GTC"))
        await asyncio.sleep(1)
        cause(desk, "restart", keeps_orders=keeps_orders)
        await asyncio.sleep(31)
        await ib.connectAsync("127.0.0.1", desk.server.port, clientId=1)
        assert len(await ib.reqAllOpenOrdersAsync()) == int(keeps_orders)

    play(scene)


def test_fault_of_one_client_leaves_the_other_alone() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        second = ib_async.IB()
        await second.connectAsync("127.0.0.1", desk.server.port, clientId=2)
        cause(desk, "socket_drop", client=2)
        await asyncio.sleep(1)
        assert (ib.isConnected(), second.isConnected()) == (True, False)

    play(scene)


def test_control_port_answers_each_line_with_one() -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, seen: list[int]) -> None:
        port = await open_control_port(desk, 9_999)
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        transport, _ = await loop.create_connection(
            lambda: asyncio.StreamReaderProtocol(reader), "127.0.0.1", 9_999
        )
        transport.write(b"fault farm_loss code=2105 seconds=60\nli")
        transport.write(b"st\nfault socket_drp\n")
        assert (await reader.readline()).startswith(b"ok FarmLoss")
        assert b"2105" in await reader.readline()
        assert b"did you mean 'socket_drop'" in await reader.readline()
        await asyncio.sleep(1)
        assert seen == [2105]
        transport.close()
        port.close()

    play(scene)


@pytest.mark.parametrize("line", ["", "falt", "fault", "fault pacing code", "fault pacing code=1"])
def test_wrong_command_is_one_line_of_error(line: str) -> None:
    async def scene(desk: FaultDesk, ib: ib_async.IB, _seen: list[int]) -> None:
        said = answer(desk, line)
        assert said.startswith("error ")
        assert "\n" not in said
        assert desk.caused == {}

    play(scene)


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_scenario_plays(path: Path) -> None:
    async def main() -> None:
        scenario = read_scenario(path)
        server = a_server(scenario=scenario.market or "demo")
        clock = SimulatedClock(0)
        # A weekend is played in the time of an evening.
        last = max(plan.at or 0.0 for plan in scenario.plans)
        plans = [
            replace(plan, at=plan.at * min(1.0, 800 / last)) if plan.at else plan
            for plan in scenario.plans
        ]
        desk = FaultDesk(server, clock, seed=scenario.seed or 0, plans=tuple(plans))
        await server.start()
        desk.start()
        timed = [plan for plan in plans if plan.per_request is None]
        await asyncio.sleep(900)
        assert set(desk.caused) >= {type(plan.fault).__name__ for plan in timed}
        await desk.stop()
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_short_soak_of_every_fault_leaks_nothing(seed: int) -> None:
    outcome = run(hours=0.25, seed=seed)
    assert outcome.is_clean, outcome
    assert len(outcome.faults) == len(KINDS)
