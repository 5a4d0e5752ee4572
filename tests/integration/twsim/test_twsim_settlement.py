"""What a client hears when futures are settled: in the evening, and for the last time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, time

import ib_async
import pytest

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.twsim.gateway import build_server
from microfutures.venue.synthetic import SyntheticMarket

LAST_DAY = date(2026, 9, 21)
ACCOUNT = "DU1000001"

Scene = Callable[[ib_async.IB, ib_async.Contract], Awaitable[None]]


def holding_one(month: str, start: time, scene: Scene) -> None:
    """Run `scene` with a client that has just bought a contract."""

    async def main() -> None:
        market = SyntheticMarket(seed=1, start_ns=moment_ns(LAST_DAY, start, NEW_YORK))
        clock = SimulatedClock(market.start_ns)
        server = build_server(market=market, clock=clock, host="127.0.0.1", port=0)
        await server.start()
        ib = ib_async.IB()
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        details = await ib.reqContractDetailsAsync(ib_async.Future("MCL", month, "NYMEX"))
        contract = details[0].contract
        assert contract is not None
        await asyncio.sleep(1)
        trade = ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1, tif="DAY"))
        await asyncio.sleep(5)
        assert trade.isDone()
        await scene(ib, contract)
        ib.disconnect()
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


def cash(ib: ib_async.IB) -> float:
    (value,) = [
        each
        for each in ib.accountValues(ACCOUNT)
        if (each.tag, each.currency) == ("TotalCashBalance", "USD")
    ]
    return float(value.value)


def test_position_of_a_month_that_ends_is_gone_at_its_last_price() -> None:
    async def scene(ib: ib_async.IB, contract: ib_async.Contract) -> None:
        (held,) = ib.portfolio(ACCOUNT)
        assert (held.contract.localSymbol, held.position) == ("MCLV6", 1)
        resting = ib.placeOrder(contract, ib_async.LimitOrder("SELL", 1, 99.0, tif="GTC"))
        seen: list[tuple[str, float]] = []
        ib.updatePortfolioEvent += lambda item: seen.append(
            (item.contract.localSymbol, item.position)
        )
        await asyncio.sleep(300)
        assert ("MCLV6", 0) in seen
        assert ib.positions() == []
        assert resting.orderStatus.status == "Cancelled"
        assert cash(ib) == pytest.approx(25_000 - 0.77, abs=60)

    holding_one("202610", time(14, 26), scene)


def test_cash_moves_by_the_variation_when_the_session_ends() -> None:
    async def scene(ib: ib_async.IB, contract: ib_async.Contract) -> None:
        assert cash(ib) == pytest.approx(25_000 - 0.77)
        await asyncio.sleep(240)
        (before,) = ib.portfolio(ACCOUNT)
        assert (before.contract.localSymbol, before.position) == ("MCLX6", 1)
        variation = cash(ib) - (25_000 - 0.77)
        assert variation != 0
        assert variation == pytest.approx(before.unrealizedPNL + 0.77, abs=0.01)

    holding_one("202611", time(16, 57), scene)
