"""Past bars of every kind, as clients of ib_async ask for them, and who is kept waiting by it."""

import asyncio
from datetime import datetime, time, timedelta
from math import isclose
from typing import Any
from zoneinfo import ZoneInfo

import ib_async
import pytest
from benchmarks.requests import order_fields, requests_of

from helpers.gateway import a_server
from helpers.ordering import Desk, play
from helpers.raw_client import Peer, greeted
from microfutures.twsim.turns import Turns
from microfutures.twsim.wire import encode


async def bars_of(
    desk: Desk, contract: ib_async.Contract, what: str, size: str = "1 min", span: str = "1800 S"
) -> ib_async.BarDataList:
    return await desk.ib.reqHistoricalDataAsync(contract, "", span, size, what, False)


def second_of(bar: ib_async.BarData) -> int:
    assert isinstance(bar.date, datetime)
    return int(bar.date.timestamp())


def test_bars_of_the_spread_lie_between_bid_and_ask() -> None:
    async def scene(desk: Desk) -> None:
        both = await bars_of(desk, desk.oil, "BID_ASK")
        bids, asks = await bars_of(desk, desk.oil, "BID"), await bars_of(desk, desk.oil, "ASK")
        assert len(both) == len(bids) == len(asks) > 20
        for bar, bid, ask in zip(both, bids, asks, strict=True):
            assert (bar.low, bar.high) == (bid.low, ask.high)
            assert bid.low <= bar.open <= bid.high
            assert ask.low <= bar.close <= ask.high

    play(scene)


def test_bars_of_a_second_add_up_to_those_of_five() -> None:
    async def scene(desk: Desk) -> None:
        await asyncio.sleep(30)
        short = await bars_of(desk, desk.oil, "TRADES", "1 secs", "600 S")
        long = await bars_of(desk, desk.oil, "TRADES", "5 secs", "600 S")
        volumes: dict[int, float] = {}
        for bar in short:
            start = second_of(bar) - second_of(bar) % 5
            volumes[start] = volumes.get(start, 0) + bar.volume
        shared = [bar for bar in long[:-1] if second_of(short[0]) <= second_of(bar) and bar.volume]
        assert len(shared) > 50
        for bar in shared:
            assert isclose(volumes[second_of(bar)], bar.volume)
        mids = await bars_of(desk, desk.oil, "MIDPOINT", "1 secs", "60 S")
        assert len(mids) > 20

    play(scene)


@pytest.mark.parametrize("what", ["HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"])
def test_volatility_of_a_fund_is_told_and_of_a_future_is_not(what: str) -> None:
    async def scene(desk: Desk) -> None:
        days = await bars_of(desk, desk.fund, what, "1 day", "1 M")
        assert len(days) > 2
        assert all(0.05 < bar.close < 2 for bar in days)
        assert [bar.open for bar in days[1:]] == [bar.close for bar in days[:-1]]
        minutes = await bars_of(desk, desk.fund, what)
        assert minutes[-1].close == days[-1].close
        await bars_of(desk, desk.oil, what)
        ((code, text),) = desk.errors
        assert code == 162
        assert "No historical market data for MCL/FUT@NYMEX" in text

    play(scene)


@pytest.mark.parametrize(
    ("what", "size", "span", "code"),
    [
        ("FEE_RATE", "1 day", "1 M", 162),
        ("YIELD_BID", "1 day", "1 M", 162),
        ("NONSENSE", "1 day", "1 M", 321),
        ("TRADES", "1 secs", "1 D", 162),
        ("HISTORICAL_VOLATILITY", "1 secs", "60 S", 162),
    ],
)
def test_bars_that_are_not_there_are_refused(what: str, size: str, span: str, code: int) -> None:
    async def scene(desk: Desk) -> None:
        assert not await bars_of(desk, desk.fund, what, size, span)
        assert [each for each, _ in desk.errors] == [code]

    play(scene)


@pytest.mark.parametrize(
    ("what", "size"), [("BID_ASK", "1 min"), ("HISTORICAL_VOLATILITY", "1 day"), ("BID", "1 secs")]
)
def test_bars_that_cannot_be_kept_up_to_date_are_refused(what: str, size: str) -> None:
    async def scene(desk: Desk) -> None:
        await desk.ib.reqHistoricalDataAsync(
            desk.fund, "", "600 S", size, what, False, keepUpToDate=True
        )
        assert [each for each, _ in desk.errors] == [321]

    play(scene)


async def wait_until(desk: Desk, clock: time) -> None:
    """Let the market go on to a time of day in New York."""
    now = desk.now().astimezone(ZoneInfo("America/New_York"))
    then = now.replace(hour=clock.hour, minute=clock.minute, second=clock.second)
    await asyncio.sleep((then - now).total_seconds())


@pytest.mark.slow
def test_bars_of_regular_hours_do_not_grow_after_them() -> None:
    async def scene(desk: Desk) -> None:
        await wait_until(desk, time(15, 58))
        kept: dict[bool, Any] = {}
        real_time: dict[bool, list[Any]] = {True: [], False: []}
        for is_regular in (True, False):
            kept[is_regular] = await desk.ib.reqHistoricalDataAsync(
                desk.fund, "", "600 S", "1 min", "MIDPOINT", is_regular, keepUpToDate=True
            )
            bars = desk.ib.reqRealTimeBars(desk.fund, 5, "MIDPOINT", is_regular)
            bars.updateEvent += lambda told, _, each=is_regular: real_time[each].append(told[-1])
        await asyncio.sleep(600)
        close = desk.now().replace(minute=0, second=0, microsecond=0)
        for is_regular in (True, False):
            last = kept[is_regular][-1].date
            assert (last < close) == is_regular
            times = [bar.time for bar in real_time[is_regular]]
            assert any(each < close - timedelta(seconds=5) for each in times)
            assert all(each < close for each in times) == is_regular

    play(scene)


def test_nobody_waits_for_the_long_history_of_another() -> None:
    async def scene() -> None:
        server = a_server()
        await server.start()
        asking, peer = await greeted(server.port)
        other, watcher = await greeted(server.port, client_id=6)
        wanted = next(each for each in requests_of(178) if each[:2] == ["20", "14"])
        place = wanted.index("1 D")
        wanted[place - 1 : place + 3] = ["1 min", "10 D", "0", "TRADES"]
        wanted[-2] = "0"
        asking.write(encode(wanted) + encode(order_fields(178, 1)))
        other.write(encode(order_fields(178, 2)))
        await until_heard(watcher, "3")
        assert "17" not in kinds(peer)
        await until_heard(peer, "17")
        assert kinds(peer).index("3") < kinds(peer).index("17")
        await server.stop()

    # On a virtual loop time would stand still meanwhile, and with it what travels.
    asyncio.run(scene())


def kinds(peer: Peer) -> list[str]:
    return [fields[0] for fields in peer.heard]


async def until_heard(peer: Peer, kind: str) -> None:
    while kind not in kinds(peer):
        await asyncio.sleep(0)


def test_history_that_is_cancelled_or_whose_client_left_is_not_answered() -> None:
    async def scene(desk: Desk) -> None:
        said: list[int] = []
        desk.ib.client.reqHistoricalData(
            900, desk.oil, "", "10 D", "5 secs", "TRADES", 0, 1, True, []
        )
        desk.ib.client.reqHistoricalData(
            900, desk.oil, "", "10 D", "5 secs", "TRADES", 0, 1, False, []
        )
        desk.ib.client.cancelHistoricalData(900)
        desk.ib.wrapper.historicalDataEnd = lambda *_: said.append(1)  # type: ignore[method-assign]
        await asyncio.sleep(3)
        assert not said
        assert [code for code, _ in desk.errors] == [322]
        session = desk.server.sessions[0]
        assert not session.wants.history
        assert not session.wants.growing
        desk.ib.client.reqHistoricalData(
            901, desk.oil, "", "10 D", "5 secs", "TRADES", 0, 1, True, []
        )
        desk.ib.disconnect()
        await asyncio.sleep(3)
        assert not session.wants.history

    play(scene)


def test_work_that_fails_does_not_stop_the_other_work() -> None:
    done: list[str] = []
    failed: list[dict[str, Any]] = []

    def work(name: str, *, fails: bool) -> Any:
        yield
        if fails:
            raise RuntimeError(name)
        yield
        done.append(name)

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: failed.append(said))
        turns = Turns()
        turns.begin(work("bad", fails=True))
        turns.begin(work("good", fails=False))
        turns.begin(iter(()))
        for _ in range(10):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert done == ["good"]
    assert [str(said["exception"]) for said in failed] == ["bad"]
