"""Histogram and historical schedule, with ib_async unmodified on the virtual loop."""

import asyncio
from collections.abc import Awaitable, Callable

import ib_async
import pytest

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.server import TwsServer

Scene = Callable[[TwsServer, ib_async.IB], Awaitable[None]]

MCL = ib_async.Future("MCL", "202611", "NYMEX", currency="USD")
USO = ib_async.Stock("USO", "SMART", "USD")

pytestmark = pytest.mark.slow


def play(scene: Scene) -> None:
    async def main() -> None:
        server = a_server()
        await server.start()
        ib = ib_async.IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        await scene(server, ib)
        ib.disconnect()
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


def test_histogram_counts_the_volume_of_the_bars() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        rows = await ib.reqHistogramDataAsync(MCL, False, "2 days")
        bars = await ib.reqHistoricalDataAsync(MCL, "", "2 D", "1 min", "TRADES", False)
        assert sum(row.count for row in rows) == sum(bar.volume for bar in bars)
        prices = [row.price for row in rows]
        assert prices == sorted(prices)
        assert min(bar.low for bar in bars) <= prices[0] <= prices[-1]
        assert prices[-1] <= max(bar.high for bar in bars)

    play(scene)


def test_histogram_of_nonsense_is_refused() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        with pytest.raises(ib_async.RequestError) as refused:
            await ib.reqHistogramDataAsync(MCL, False, "a while")
        assert refused.value.code == 10188

    play(scene)


def test_schedule_of_a_future_has_evenings_that_belong_to_the_next_day() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        found = await ib.reqHistoricalScheduleAsync(MCL, 3, "", False)
        first = found.sessions[0]
        assert len({each.refDate for each in found.sessions}) == 3
        assert found.timeZone == "US/Eastern"
        assert first.startDateTime.endswith("-18:00:00")
        assert first.endDateTime == f"{first.refDate}-17:00:00"
        assert first.startDateTime[:8] < first.refDate

    play(scene)


def test_schedule_of_a_fund_in_regular_hours_skips_weekend_and_labor_day() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        found = await ib.reqHistoricalScheduleAsync(USO, 3, "20260909 00:00:00 US/Eastern", True)
        assert [each.refDate for each in found.sessions] == ["20260903", "20260904", "20260908"]
        assert {each.startDateTime[9:] for each in found.sessions} == {"09:30:00"}
        assert {each.endDateTime[9:] for each in found.sessions} == {"16:00:00"}

    play(scene)


def test_schedule_needs_daily_bars() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        codes: list[int] = []
        ib.errorEvent += lambda request_id, code, text, contract: codes.append(code)
        ib.client.reqHistoricalData(900, USO, "", "3 D", "5 mins", "SCHEDULE", True, 1, False, [])
        await asyncio.sleep(1)
        assert codes == [321]

    play(scene)
