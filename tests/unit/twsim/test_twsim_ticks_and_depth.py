"""Tick-by-tick, past ticks and depth, with ib_async unmodified on the virtual loop."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import ib_async
import pytest

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.server import TwsServer

Scene = Callable[[TwsServer, ib_async.IB], Awaitable[None]]


def play(scene: Scene) -> None:
    async def main() -> None:
        server = a_server()
        await server.start()
        ib = ib_async.IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        await scene(server, ib)
        ib.disconnect()
        await asyncio.sleep(1)
        assert not server.exchange.tick_streams.count(1)
        assert not server.exchange.depth.count(1)
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


async def qualified(ib: ib_async.IB, contract: ib_async.Contract) -> ib_async.Contract:
    found = (await ib.reqContractDetailsAsync(contract))[0].contract
    assert found is not None
    return found


async def mcl(ib: ib_async.IB) -> ib_async.Contract:
    return await qualified(ib, ib_async.Future("MCL", "202611", "NYMEX"))


@pytest.mark.parametrize("kind", ["Last", "AllLast", "BidAsk", "MidPoint"])
def test_tick_by_tick_streams_what_is_traded_and_quoted(kind: str) -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        ticker = ib.reqTickByTickData(await mcl(ib), kind)
        ticks: list[object] = []
        ticker.updateEvent += lambda each: ticks.extend(each.tickByTicks)
        await asyncio.sleep(60)
        assert len(ticks) > 3
        quote = server.exchange.venue.quote(server.exchange.instruments[0].instrument_id)
        assert quote is not None
        for tick in ticks:
            if isinstance(tick, ib_async.TickByTickAllLast):
                assert (tick.tickType, tick.exchange) == ({"Last": 1}.get(kind, 2), "NYMEX")
                assert tick.size > 0
            elif isinstance(tick, ib_async.TickByTickBidAsk):
                assert tick.bidPrice < tick.askPrice
            else:
                assert isinstance(tick, ib_async.TickByTickMidPoint)
                assert tick.midPoint > 0
        ib.cancelTickByTickData(ticker.contract, kind)  # type: ignore[arg-type]
        await asyncio.sleep(1)
        ticks.clear()
        await asyncio.sleep(60)
        assert not ticks

    play(scene)


def test_trades_tick_by_tick_are_those_of_the_bars() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        contract = await mcl(ib)
        await asyncio.sleep(600)
        end = datetime.fromtimestamp(server.exchange.clock.now_ns() // 300_000_000_000 * 300, UTC)
        bars = await ib.reqHistoricalDataAsync(contract, end, "300 S", "5 mins", "TRADES", False)
        ticks = await ib.reqHistoricalTicksAsync(contract, bars[-1].date, "", 1000, "TRADES", False)
        inside = [tick for tick in ticks if tick.time < end]
        assert sum(tick.size for tick in inside) == bars[-1].volume
        assert inside[0].price == bars[-1].open
        assert max(tick.price for tick in inside) == bars[-1].high

    play(scene)


@pytest.mark.parametrize("what", ["TRADES", "BID_ASK", "MIDPOINT"])
def test_past_ticks_up_to_the_future_are_the_latest(what: str) -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        await asyncio.sleep(10)
        ticks = await ib.reqHistoricalTicksAsync(
            await mcl(ib), "", datetime(2027, 1, 1, tzinfo=UTC), 50, what, False
        )
        assert len(ticks) >= 50
        age = server.exchange.clock.now_ns() / 1e9 - ticks[-1].time.timestamp()
        assert 0 <= age < 10

    play(scene)


@pytest.mark.parametrize("what", ["TRADES", "BID_ASK", "MIDPOINT"])
def test_past_ticks_before_the_start_end_where_they_are_asked_to(what: str) -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        contract = await mcl(ib)
        end = datetime.fromtimestamp(server.exchange.clock.now_ns() // 10**9 - 3600, UTC)
        ticks = await ib.reqHistoricalTicksAsync(contract, "", end, 100, what, False)
        again = await ib.reqHistoricalTicksAsync(contract, "", end, 100, what, False)
        later = await ib.reqHistoricalTicksAsync(contract, ticks[0].time, "", 50, what, False)
        assert ticks == again
        assert 100 <= len(ticks) <= 110
        assert all(tick.time < end for tick in ticks)
        assert [tick.time for tick in ticks] == sorted(tick.time for tick in ticks)
        assert later[:50] == ticks[:50]

    play(scene)


@pytest.mark.parametrize(
    ("start", "end", "count", "what"),
    [
        ("", "", 10, "TRADES"),
        ("20260908 10:00:00", "20260908 11:00:00", 10, "TRADES"),
        ("20260908 10:00:00", "", 1001, "TRADES"),
        ("20260908 10:00:00", "", 10, "OPTION_VOLUME"),
    ],
)
def test_impossible_request_of_past_ticks_is_refused(
    start: str, end: str, count: int, what: str
) -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        with pytest.raises(ib_async.RequestError) as refused:
            await ib.reqHistoricalTicksAsync(await mcl(ib), start, end, count, what, False)
        assert refused.value.code == 10187

    play(scene)


def test_book_has_levels_that_follow_the_touch() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        contract = await mcl(ib)
        book, quotes = ib.reqMktDepth(contract, 5), ib.reqMktData(contract)
        for _ in range(20):
            await asyncio.sleep(7)
            assert [len(book.domBids), len(book.domAsks)] == [5, 5]
            assert (book.domBids[0].price, book.domAsks[0].price) == (quotes.bid, quotes.ask)
            bids = [row.price for row in book.domBids]
            assert bids == [pytest.approx(quotes.bid - 0.01 * row) for row in range(5)]
            assert all(row.size > 0 for row in book.domBids + book.domAsks)
        ib.cancelMktDepth(contract)
        await asyncio.sleep(1)

    play(scene)


def test_smart_book_names_exchanges_and_needs_the_smart_flag() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        codes: list[int] = []
        ib.errorEvent += lambda request_id, code, text, contract: codes.append(code)
        contract = await qualified(ib, ib_async.Stock("USO", "SMART", "USD"))
        ib.reqMktDepth(contract, 5)
        await asyncio.sleep(5)
        assert 10092 in codes
        other = await qualified(ib, ib_async.Stock("USO", "SMART", "USD"))
        book = ib.reqMktDepth(other, 5, isSmartDepth=True)
        await asyncio.sleep(5)
        assert 2152 in codes
        assert {row.marketMaker for row in book.domBids} <= {"ARCA", "BATS", "ISLAND", "DRCTEDGE"}
        assert len(book.domBids) == 5

    play(scene)


def test_fourth_book_and_sixth_stream_are_refused() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        codes: list[int] = []
        ib.errorEvent += lambda request_id, code, text, contract: codes.append(code)
        contract = await mcl(ib)
        for request_id in range(900, 904):
            ib.client.reqMktDepth(request_id, contract, 5, False, [])
        for request_id in range(910, 916):
            ib.client.reqTickByTickData(request_id, contract, "Last", 0, False)
        await asyncio.sleep(1)
        assert codes == [309, 10190]

    play(scene)


def test_depth_exchanges_and_smart_components_are_named() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        exchanges = await ib.reqMktDepthExchangesAsync()
        assert ("NYMEX", "FUT") in {(each.exchange, each.secType) for each in exchanges}
        parts = await ib.reqSmartComponentsAsync("9c0001")
        assert {part.exchange: part.exchangeLetter for part in parts}["ARCA"] == "P"

    play(scene)
