"""The 20th of April 2020 over the wire, by ib_async: the desk itself never holds that month."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import ib_async
import pytest

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.tapes import load_tapes
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.gateway import DEFAULT_CASH, build_server

pytestmark = pytest.mark.slow


def test_oil_is_sold_above_zero_and_bought_back_below(shared_dir: Path) -> None:
    oil = shared_dir / "data/RTL_CL_daily/CL_by_contract_1to4.csv"
    market = load_tapes(
        None,
        symbols=(f"MCL={oil}",),
        start=datetime(2020, 4, 17, 18, tzinfo=UTC),
        end=datetime(2020, 4, 21, tzinfo=UTC),
    )

    async def main() -> tuple[list[float], Decimal]:
        clock = SimulatedClock(market.start_ns)
        server = build_server(market=market, clock=clock, host="127.0.0.1", port=0)
        await server.start()
        ib = ib_async.IB()
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        details = await ib.reqContractDetailsAsync(ib_async.Future("MCL", "202005", "NYMEX"))
        contract = details[0].contract
        assert contract is not None
        assert contract.localSymbol == "MCLK20"
        await clock.sleep(3600)  # past the settlement of Friday, 18.27
        sold = ib.placeOrder(contract, ib_async.MarketOrder("SELL", 1, tif="DAY"))
        await clock.sleep(5)
        bought = ib.placeOrder(contract, ib_async.LimitOrder("BUY", 1, -37.0, tif="GTC"))
        await clock.sleep(3 * 86_400)
        prices = [fill.execution.price for trade in (sold, bought) for fill in trade.fills]
        ib.disconnect()
        account = server.exchange.venue.account("DU1000001")
        await server.stop()
        return prices, account.net_liquidation

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        prices, net_liquidation = runner.run(main())
    # The settlements, 18.27 and -37.63, each with half of a spread of one tick.
    assert prices == [pytest.approx(18.27, abs=0.02), pytest.approx(-37.63, abs=0.02)]
    gain = (Decimal(str(prices[0])) - Decimal(str(prices[1]))) * 100
    assert net_liquidation == DEFAULT_CASH + gain - 2 * Decimal("0.77")
