"""Market scans, with ib_async unmodified on the virtual loop."""

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType

import ib_async
import pytest

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.slow


def scan(
    code: str,
    instrument: str = "FUT.US",
    *,
    above_price: float = ib_async.util.UNSET_DOUBLE,
    filters: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Return the local symbols that a scan finds after a minute of trading."""

    async def main() -> list[str]:
        server = a_server()
        await server.start()
        ib = ib_async.IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        await asyncio.sleep(60)
        xml = await ib.reqScannerParametersAsync()
        codes = re.findall(r"<scanCode>(\w+)</scanCode>", xml)
        assert "MOST_ACTIVE" in codes
        try:
            found = await ib.reqScannerDataAsync(
                ib_async.ScannerSubscription(
                    instrument=instrument, scanCode=code, abovePrice=above_price
                ),
                [],
                [ib_async.TagValue(name, value) for name, value in filters.items()],
            )
        finally:
            ib.disconnect()
            await server.stop()
        contracts = [row.contractDetails.contract for row in found]
        assert [row.rank for row in found] == list(range(len(found)))
        return [contract.localSymbol for contract in contracts if contract is not None]

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


def test_most_active_futures_come_first() -> None:
    found = scan("MOST_ACTIVE")
    assert len(found) >= 2
    assert all(name.startswith("MCL") for name in found)


def test_scan_of_stocks_finds_the_fund() -> None:
    assert scan("TOP_PERC_GAIN", "STK") == ["USO"]


def test_gainers_are_losers_backward() -> None:
    assert scan("TOP_PERC_GAIN") == scan("TOP_PERC_LOSE")[::-1]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"priceAbove": "70"}, ["USO"]),
        ({"priceAbove": "90"}, []),
        ({"priceBelow": "70"}, []),
        ({"priceBelow": "90", "volumeAbove": "1000000000"}, []),
        ({"changePercAbove": "40"}, []),
        ({"changePercBelow": "40", "moodyRatingAbove": "AA"}, ["USO"]),
    ],
)
def test_filters_leave_out_what_does_not_fit(filters: dict[str, str], found: list[str]) -> None:
    assert scan("MOST_ACTIVE", "STK", filters=filters) == found


def test_price_of_the_request_itself_is_a_filter() -> None:
    assert scan("MOST_ACTIVE", "STK", above_price=90) == []


def test_unknown_scan_is_refused() -> None:
    with pytest.raises(ib_async.RequestError) as refused:
        scan("HIGH_MOON_PHASE")
    assert refused.value.code == 162
