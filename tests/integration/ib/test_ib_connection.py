"""Connecting, losing the line in every way, and getting it back."""

import asyncio
from datetime import date
from itertools import pairwise
from socket import gaierror

import pytest

from helpers.ib_desk import MCL, USO, Desk, StillMarket, approved, on_virtual_time
from microfutures.adapters.ib.market_data import HALTED
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.model.events import (
    AccountReported,
    BrokerStateReported,
    ConnectionChanged,
    ConnectionState,
    HistoryLoaded,
    InstrumentResolved,
    NoticeReceived,
    OrderUpdated,
    Severity,
)
from microfutures.model.flaws import Flaw
from microfutures.model.market import Quote
from microfutures.model.orders import OrderStatus
from microfutures.twsim.quotes.ticks import halted_tick

CONNECTED, CONNECTING = ConnectionState.CONNECTED, ConnectionState.CONNECTING
DISCONNECTED, UPSTREAM_LOST = ConnectionState.DISCONNECTED, ConnectionState.UPSTREAM_LOST

ORDER_OF_EVENTS = [
    "ConnectionChanged",
    "ConnectionChanged",
    "InstrumentResolved",
    "InstrumentResolved",
    "AccountReported",
    "BrokerStateReported",
    "HistoryLoaded",
    "HistoryLoaded",
    "ConnectionChanged",
]


def names_until_connected(desk: Desk, start: int) -> list[str]:
    names = []
    for event in desk.events[start:]:
        if not isinstance(event, NoticeReceived):
            names.append(type(event).__name__)
        if isinstance(event, ConnectionChanged) and event.state is CONNECTED:
            return names
    raise AssertionError(desk.last_words())


def test_a_connection_tells_everything_in_order_before_it_counts_as_connected() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            assert names_until_connected(desk, 0) == ORDER_OF_EVENTS
            await desk.until(lambda: len(desk.told(Quote)) > 4)
        assert [each.instrument.instrument_id for each in desk.told(InstrumentResolved)] == [
            "MCLV6",
            "USO",
        ]
        assert len(desk.told(HistoryLoaded)[0].bars) > 60
        assert desk.told(AccountReported)[0].net_liquidation == 100_000
        assert desk.states() == [CONNECTING, CONNECTING, CONNECTED, DISCONNECTED]

    on_virtual_time(scenario)


def test_a_lost_socket_is_made_anew_and_everything_told_again() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            await asyncio.sleep(30)
            start = len(desk.events)
            desk.server.kill_connections()
            await desk.until_state(DISCONNECTED)
            await desk.until_state(CONNECTED)
            names = [name for name in names_until_connected(desk, start) if name != "Quote"]
            assert names == ["ConnectionChanged", *ORDER_OF_EVENTS]
            quotes = len(desk.told(Quote))
            await desk.until(lambda: len(desk.told(Quote)) > quotes + 4)

    on_virtual_time(scenario)


def test_a_line_that_flaps_does_not_break_the_pacing_of_bars() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            for _ in range(5):
                desk.server.kill_connections()
                await desk.until_state(DISCONNECTED)
                await desk.until_state(CONNECTED, seconds=10)
            assert len(desk.told(HistoryLoaded)) == 12
            assert len(desk.told(InstrumentResolved)) == 12

    on_virtual_time(scenario)


def test_unreachable_tws_is_tried_three_times_with_advice_and_never_raised() -> None:
    async def scenario() -> None:
        desk = Desk()
        manager = desk.manager()
        assert await manager.connect_async() is False
        assert desk.states() == [CONNECTING, DISCONNECTED] * 3
        detail = desk.told(ConnectionChanged)[-1].detail
        for word in ("running", "API", "port", "client id"):
            assert word in detail

    on_virtual_time(scenario)


def test_a_name_that_no_server_knows_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise gaierror(-2, "Name or service not known")

    async def scenario() -> None:
        desk = Desk()
        monkeypatch.setattr(VirtualTimeLoop, "create_connection", unknown)
        manager = desk.manager()
        assert await manager.connect_async() is False
        assert desk.states() == [CONNECTING, DISCONNECTED] * 3
        assert "Name or service not known" in desk.told(ConnectionChanged)[-1].detail

    on_virtual_time(scenario)


def test_run_waits_longer_and_longer_and_connects_when_tws_is_there() -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.server.port = 50_999
        manager = desk.manager()
        task = asyncio.create_task(manager.run())
        await asyncio.sleep(200)
        tries = [
            event.time_ns for event in desk.told(ConnectionChanged) if event.state is CONNECTING
        ]
        pauses = [(later - earlier) / 1e9 for earlier, later in pairwise(tries)]
        assert len(pauses) >= 6
        assert pauses[0] < 2
        assert all(later > earlier for earlier, later in pairwise(pauses[:5]))
        assert max(pauses) <= 72
        await desk.server.start()
        await desk.until_state(CONNECTED)
        await manager.stop()
        await task
        await desk.server.stop()

    on_virtual_time(scenario)


def test_stop_cuts_the_wait_for_the_next_attempt_short() -> None:
    async def scenario() -> None:
        desk = Desk()
        manager = desk.manager()
        task = asyncio.create_task(manager.run())
        await asyncio.sleep(150)
        before_ns = desk.clock.now_ns()
        await manager.stop()
        await task
        assert desk.clock.now_ns() - before_ns < 1_000_000_000

    on_virtual_time(scenario)


def test_a_taken_client_id_is_told_at_once_and_the_line_stands_when_it_is_free() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            second = Desk()
            second.server = desk.server
            manager = second.manager()
            before_ns = desk.clock.now_ns()
            task = asyncio.create_task(manager.run())
            await second.until_state(DISCONNECTED)
            assert second.clock.now_ns() - before_ns < 1_000_000_000
            detail = second.told(ConnectionChanged)[-1].detail
            assert "326" in detail
            assert "--client-id" in detail
            desk.server.kill_connections()
            await second.until_state(CONNECTED)
            await manager.stop()
            await task

    on_virtual_time(scenario)


def test_a_live_account_on_a_paper_port_is_refused_with_the_reason() -> None:
    async def scenario() -> None:
        desk = Desk(account="U7654321")
        await desk.server.start()
        manager = desk.manager()
        assert await manager.connect_async() is False
        assert "U7654321 is a live account" in desk.told(ConnectionChanged)[-1].detail
        assert not desk.told(InstrumentResolved)
        allowed = desk.manager(live_given=True)
        assert await allowed.connect_async() is True
        await allowed.stop()
        await desk.server.stop()

    on_virtual_time(scenario)


class Mute(asyncio.Protocol):
    """Takes a connection and says nothing."""


class HangsUp(asyncio.Protocol):
    """Takes a connection and ends it at the first word."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.close()


def test_something_else_on_the_port_is_named_and_not_waited_for_for_ever() -> None:
    async def scenario() -> None:
        for protocol, words in ((Mute, "does not answer"), (HangsUp, "refused us")):
            server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 7700)
            desk = Desk()
            desk.server.port = 7700
            manager = desk.manager()
            assert await manager.connect_async() is False
            assert words in desk.told(ConnectionChanged)[-1].detail
            server.close()
            await server.wait_closed()

    on_virtual_time(scenario)


def test_a_half_open_socket_is_found_and_replaced() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            session = desk.session()
            session.send = lambda fields: None  # type: ignore[method-assign]
            await desk.until_state(DISCONNECTED, seconds=60)
            assert "does not answer" in desk.told(ConnectionChanged)[-1].detail
            await desk.until_state(CONNECTED)
            assert desk.session() is not session

    on_virtual_time(scenario)


def test_a_line_that_dies_while_synchronising_is_told_and_tried_again() -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.server.start()
        manager = desk.manager()
        task = asyncio.create_task(manager.run())
        await desk.until(lambda: len(desk.told(InstrumentResolved)) == 1, step=0.0001)
        desk.server.kill_connections()
        await desk.until_state(DISCONNECTED, seconds=1)
        await desk.until_state(CONNECTED)
        await manager.stop()
        await task
        await desk.server.stop()

    on_virtual_time(scenario)


def test_orders_are_refused_while_tws_has_lost_ib_and_the_state_is_told_on_return() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running() as manager:
            desk.session().error(-1, 1100, "Connectivity between IB and TWS has been lost.")
            await desk.until_state(UPSTREAM_LOST)
            manager.submit(approved("ref-1"))
            update = desk.told(OrderUpdated)[-1]
            assert update.status is OrderStatus.REJECTED
            assert "not sent" in update.reason
            assert not desk.server.exchange.orders
            start = len(desk.events)
            desk.session().error(-1, 1102, "Connectivity has been restored - data maintained.")
            await desk.until_state(CONNECTED)
            order = [type(event).__name__ for event in desk.events[start:]]
            assert order.index("BrokerStateReported") < order.index("ConnectionChanged")

    on_virtual_time(scenario)


def test_a_halt_whose_end_fell_into_an_outage_does_not_last() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            halted = halted_tick(HALTED, is_on=True)
            desk.server.exchange.lines.tell(1, "USO", halted)
            await desk.until(lambda: desk.told(Quote)[-1].trouble is Flaw.HALTED, seconds=10)
            desk.session().error(-1, 1100, "Connectivity between IB and TWS has been lost.")
            await desk.until_state(UPSTREAM_LOST)
            desk.session().error(-1, 1102, "Connectivity has been restored - data maintained.")
            await desk.until_state(CONNECTED)
            await asyncio.sleep(5)
            latest = {each.instrument_id: each.trouble for each in desk.told(Quote)}
            assert latest == {MCL: Flaw.NONE, USO: Flaw.NONE}

    on_virtual_time(scenario)


def test_lost_data_are_subscribed_anew_after_an_outage() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            desk.session().error(-1, 1100, "Connectivity between IB and TWS has been lost.")
            desk.server.exchange.lines.remove_client(1)
            await desk.until_state(UPSTREAM_LOST)
            await asyncio.sleep(20)
            quotes = len(desk.told(Quote))
            desk.session().error(-1, 1101, "Connectivity has been restored - data lost.")
            await desk.until_state(CONNECTED)
            await desk.until(lambda: len(desk.told(Quote)) > quotes + 4, seconds=10)

    on_virtual_time(scenario)


def test_a_lost_farm_is_a_notice_and_not_a_lost_line() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            desk.session().error(-1, 2103, "Market data farm connection is broken:usfuture")
            desk.session().error(-1, 2104, "Market data farm connection is OK:usfuture")
            await asyncio.sleep(1)
            assert desk.states()[-1] is CONNECTED
            told = [(each.code, each.severity) for each in desk.told(NoticeReceived)]
            assert told[-2:] == [(2103, Severity.WARNING), (2104, Severity.INFO)]
            assert (2104, Severity.DEBUG) in told

    on_virtual_time(scenario)


def test_a_lost_farm_troubles_its_contracts_alone() -> None:
    async def scenario() -> None:
        desk = Desk(market=StillMarket(step_seconds=60))
        async with desk.running():
            await desk.until(lambda: len({each.instrument_id for each in desk.told(Quote)}) == 2)
            before = len(desk.told(Quote))
            desk.session().error(-1, 2103, "Market data farm connection is broken:usfarm")
            await asyncio.sleep(1)
            troubled = [each for each in desk.told(Quote)[before:] if each.trouble]
            assert [(each.instrument_id, each.trouble) for each in troubled] == [
                (USO, Flaw.FARM_LOST)
            ]

    on_virtual_time(scenario)


def test_a_message_nobody_can_read_is_told_and_does_not_end_the_line() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            desk.session().send([999, 1, 2])
            desk.session().send([1, 6, "x", 1, "70.0", 5, 1])
            await asyncio.sleep(1)
            texts = [each.message for each in desk.told(NoticeReceived)]
            assert sum("unreadable" in text for text in texts) == 2
            assert desk.states()[-1] is CONNECTED

    on_virtual_time(scenario)


def test_the_brokers_clock_rules_even_on_another_date() -> None:
    async def scenario() -> None:
        desk = Desk()
        desk.clock = SimulatedClock(StillMarket(day=date(2027, 1, 5)).start_ns)
        async with desk.running() as manager:
            simulated_ns = desk.server.exchange.clock.now_ns()
            assert abs(manager.now_ns() - simulated_ns) < 1_000_000_000
            resolved = desk.told(InstrumentResolved)[0]
            assert abs(resolved.time_ns - simulated_ns) < 2_000_000_000

    on_virtual_time(scenario)


def test_the_same_day_gives_the_same_events_twice() -> None:
    runs: list[list[str]] = []

    async def scenario() -> None:
        desk = Desk()
        async with desk.running() as manager:
            manager.submit(approved("ref-1"))
            await asyncio.sleep(5)
            desk.server.kill_connections()
            await desk.until_state(DISCONNECTED)
            await desk.until_state(CONNECTED)
            manager.submit(approved("ref-2", instrument_id=MCL))
            await asyncio.sleep(5)
        runs.append([repr(event) for event in desk.events])

    on_virtual_time(scenario)
    on_virtual_time(scenario)
    assert runs[0] == runs[1]
    assert len(runs[0]) > 30


def test_an_account_report_comes_at_most_once_a_second() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running() as manager:
            for number in range(8):
                manager.submit(approved(f"ref-{number}"))
            await asyncio.sleep(10)
            times = [event.time_ns for event in desk.told(AccountReported)]
            assert len(times) > 1
            assert all(later - earlier > 900_000_000 for earlier, later in pairwise(times[1:]))
            await desk.until(lambda: len(desk.told(BrokerStateReported)) >= 1)

    on_virtual_time(scenario)


def test_a_line_without_upstream_counts_as_connected_only_when_it_is_back() -> None:
    async def scenario() -> None:
        desk = Desk()
        await desk.server.start()
        manager = desk.manager()
        task = asyncio.create_task(manager.run())
        await desk.until(lambda: bool(desk.told(InstrumentResolved)), step=0.0001)
        desk.session().error(-1, 1100, "Connectivity between IB and TWS has been lost.")
        await asyncio.sleep(30)
        assert desk.states()[-1] is UPSTREAM_LOST
        manager.submit(approved("ref-1"))
        assert desk.told(OrderUpdated)[-1].status is OrderStatus.REJECTED
        desk.session().error(-1, 1102, "Connectivity has been restored - data maintained.")
        await desk.until_state(CONNECTED)
        await manager.stop()
        await task
        await desk.server.stop()

    on_virtual_time(scenario)
