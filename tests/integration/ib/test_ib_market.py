"""Contracts, streams and bars over the wire."""

import asyncio
from datetime import date, time

import pytest

from helpers.ib_desk import MCL, USO, Desk, StillMarket, approved, on_virtual_time
from microfutures.model.events import (
    FillReceived,
    HistoryLoaded,
    InstrumentResolved,
    NoticeReceived,
)
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.instrument import SecurityType
from microfutures.model.market import MarketDataType, Quote


def resolved_ids(desk: Desk) -> list[str]:
    return [event.instrument.instrument_id for event in desk.told(InstrumentResolved)]


def test_instruments_come_with_tick_hours_and_multiplier_of_the_broker() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running() as manager:
            oil = manager.instrument(Symbol("MCL"))
            fund = manager.instrument(Symbol("USO"))
            assert oil is not None
            assert fund is not None
            assert oil.security_type is SecurityType.FUTURE
            assert oil.multiplier == 100
            assert (str(oil.tick_size), str(fund.tick_size)) == ("0.01", "0.01")
            now_ns = manager.now_ns()
            assert oil.is_liquid(now_ns)
            assert fund.is_liquid(now_ns)
            listed = {each.instrument_id: each for each in desk.market.instruments}
            assert oil.last_trade_date == listed[MCL].last_trade_date
            later = [each for each in oil.trading_hours if each.open_ns > now_ns]
            assert set(later) <= set(listed[MCL].trading_hours)
            assert manager.instrument_by_id(USO) == fund

    on_virtual_time(scenario)


def test_the_next_month_is_chosen_when_it_trades_more() -> None:
    async def scenario() -> None:
        desk = Desk(StillMarket(volumes={"MCLV6": 10, "MCLX6": 900}))
        async with desk.running():
            assert resolved_ids(desk) == ["MCLX6", "USO"]

    on_virtual_time(scenario)


def test_a_symbol_that_the_broker_does_not_know_does_not_stop_the_others() -> None:
    async def scenario() -> None:
        desk = Desk(symbols=("MCL", "SPY", "USO"))
        async with desk.running():
            assert resolved_ids(desk) == ["MCLV6", "USO"]
            assert any("SPY" in each.message for each in desk.told(NoticeReceived))

    on_virtual_time(scenario)


def test_quotes_carry_arrival_times_and_one_event_a_change() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running() as manager:
            await asyncio.sleep(30)
            quotes = [each for each in desk.told(Quote) if each.instrument_id == MCL]
            assert 25 < len(quotes) < 35
            assert quotes[-1].bid == 70.0
            assert quotes[-1].ask in (70.01, 70.02)
            assert quotes[-1].data_type is MarketDataType.LIVE
            assert [each.time_ns for each in quotes] == sorted(each.time_ns for each in quotes)
            assert abs(quotes[-1].time_ns - manager.now_ns()) < 2_000_000_000
            assert manager.quote(MCL) == quotes[-1]

    on_virtual_time(scenario)


def test_a_stream_that_falls_silent_in_its_hours_is_asked_for_again() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running():
            desk.server.exchange.lines.remove_client(1)
            await asyncio.sleep(5)
            count = len(desk.told(Quote))
            await asyncio.sleep(180)
            assert len(desk.told(Quote)) > count + 50
            texts = [each.message for each in desk.told(NoticeReceived)]
            assert any("no tick of MCLV6" in text for text in texts)
            assert any("ticks of MCLV6 are back" in text for text in texts)

    on_virtual_time(scenario)


def test_a_quiet_stream_is_asked_for_ever_more_rarely() -> None:
    async def scenario() -> None:
        desk = Desk(StillMarket(step_seconds=30_000))
        async with desk.running():
            await asyncio.sleep(3_600)
            texts = [each.message for each in desk.told(NoticeReceived)]
            # After 60 s, then 120, 240, 480, 960: the repeated last prices are no recovery.
            assert len([text for text in texts if "no tick of MCLV6" in text]) == 5
            assert not [text for text in texts if "are back" in text]

    on_virtual_time(scenario)


def test_a_slow_stream_is_soon_left_alone() -> None:
    async def scenario() -> None:
        desk = Desk(StillMarket(step_seconds=300))
        async with desk.running():
            await asyncio.sleep(3_000)
            texts = [each.message for each in desk.told(NoticeReceived)]
            silences = [text for text in texts if "no tick of MCLV6" in text]
            assert 2 <= len(silences) <= 6  # not one in each of ten silences of 300 s

    on_virtual_time(scenario)


def test_silence_of_a_closed_market_is_not_a_fault() -> None:
    async def scenario() -> None:
        market = StillMarket(day=date(2026, 9, 12), at=time(12), step_seconds=7_200)
        desk = Desk(market)
        async with desk.running():
            await asyncio.sleep(3_600)
            assert not [each for each in desk.told(NoticeReceived) if "no tick" in each.message]

    on_virtual_time(scenario)


def test_without_live_data_delayed_ones_are_asked_for_and_marked() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running() as manager:
            session = desk.session()
            request_id = next(iter(manager._parts.market._lines))
            session.error(request_id, 354, "Requested market data is not subscribed.")
            await desk.until(lambda: session.market_data_type == 3)
            newest = max(manager._parts.market._lines)
            session.send([58, 1, newest, 3])
            session.send([1, 6, newest, 66, "69.5", 4, 1])
            await asyncio.sleep(0.5)
            delayed = [
                each for each in desk.told(Quote) if each.data_type is MarketDataType.DELAYED
            ]
            assert delayed
            assert delayed[0].bid == 69.5
            assert any("never traded" in each.advice for each in desk.told(NoticeReceived))

    on_virtual_time(scenario)


def test_bars_are_finished_ones_and_come_again_on_request() -> None:
    async def scenario() -> None:
        desk = Desk()
        async with desk.running() as manager:
            loaded = desk.told(HistoryLoaded)[0]
            starts = [bar.start_ns for bar in loaded.bars]
            assert starts == sorted(set(starts))
            assert starts[-1] + 60_000_000_000 <= loaded.time_ns
            assert manager.history(MCL) == loaded.bars
            await asyncio.sleep(20)
            manager.request_history(MCL)
            manager.request_history(InstrumentId("MCLZ9"))
            await desk.until(lambda: len(desk.told(HistoryLoaded)) == 3)

    on_virtual_time(scenario)


@pytest.mark.slow
def test_the_desk_rolls_in_the_daily_break_and_follows_what_it_still_holds() -> None:
    async def scenario() -> None:
        # MCLV6 ends on September 21: its last safe day is the 10th.
        desk = Desk(StillMarket(day=date(2026, 9, 10), at=time(16), step_seconds=60))
        async with desk.running() as manager:
            assert resolved_ids(desk)[0] == "MCLV6"
            manager.submit(approved("held"))
            await desk.until(lambda: bool(desk.told(FillReceived)))
            await asyncio.sleep(2 * 3600)
            assert resolved_ids(desk)[2:] == ["MCLX6", "USO"]
            current = manager.instrument(Symbol("MCL"))
            assert current is not None
            assert current.instrument_id == "MCLX6"
            await asyncio.sleep(7_200)
            recent = desk.clock.now_ns() - 600_000_000_000
            fresh = {each.instrument_id for each in desk.told(Quote) if each.time_ns > recent}
            assert {"MCLV6", "MCLX6"} <= fresh
            later = Desk()
            later.server = desk.server
            later.clock = desk.clock
            second = later.manager(client_id=2)
            assert await second.connect_async()
            assert resolved_ids(later) == ["MCLV6", "MCLX6", "USO"]
            await second.stop()

    on_virtual_time(scenario)
