"""When the account desk has something to report."""

import asyncio
from decimal import Decimal

from microfutures.adapters.ib.account import AccountDesk
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.model.events import AccountReported

VALUES = {
    "NetLiquidation": "25000.00",
    "TotalCashValue": "24000.00",
    "AvailableFunds": "20000.00",
    "InitMarginReq": "5000.00",
    "MaintMarginReq": "4500.00",
}


def a_desk(reports: list[AccountReported]) -> AccountDesk:
    desk = AccountDesk(SimulatedClock(1_000), reports.append)
    desk.choose("DU1")
    for tag, value in VALUES.items():
        desk.on_value(tag, value, "USD", "DU1")
    return desk


async def has_news(desk: AccountDesk) -> bool:
    waiting = asyncio.ensure_future(desk.wait_news())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    return waiting.done() and not waiting.cancelled()


async def test_news_is_a_value_that_changed_since_the_report() -> None:
    reports: list[AccountReported] = []
    desk = a_desk(reports)
    assert await has_news(desk)

    desk.report_changes()
    assert [each.net_liquidation for each in reports] == [Decimal("25000.00")]
    assert not await has_news(desk)

    desk.on_value("NetLiquidation", "25000.00", "USD", "DU1")
    desk.on_value("NetLiquidation", "1.00", "USD", "DU2")
    assert not await has_news(desk)

    desk.on_value("NetLiquidation", "25001.00", "USD", "DU1")
    assert await has_news(desk)
