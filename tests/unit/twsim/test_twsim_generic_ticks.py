"""Generic ticks of market data lines, with ib_async unmodified on the virtual loop."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import ib_async
import pytest

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.model import catalog
from microfutures.model.instrument import SecurityType
from microfutures.model.market import Bar, Quote
from microfutures.twsim.quotes.generic_ticks import Facts, opening, parsed, problem
from microfutures.twsim.quotes.ticks import PRICE

Scene = Callable[[ib_async.IB, ib_async.Contract], Awaitable[None]]

MCL = ib_async.Future("MCL", "202611", "NYMEX", currency="USD")
USO = ib_async.Stock("USO", "SMART", "USD")

pytestmark = pytest.mark.slow


def play(scene: Scene, wanted: ib_async.Contract = MCL) -> None:
    async def main() -> None:
        server = a_server()
        await server.start()
        ib = ib_async.IB()
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        (contract,) = await ib.qualifyContractsAsync(wanted)
        assert isinstance(contract, ib_async.Contract)
        await scene(ib, contract)
        ib.disconnect()
        await asyncio.sleep(1)
        assert not server.exchange.generic_streams.count(1)
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


def test_trades_carry_the_totals_of_the_day() -> None:
    async def scene(ib: ib_async.IB, contract: ib_async.Contract) -> None:
        ticker = ib.reqMktData(contract, "233,221")
        await asyncio.sleep(60)
        assert ticker.rtVolume == ticker.volume
        assert ticker.low <= ticker.vwap <= ticker.high
        assert ticker.bid <= ticker.markPrice <= ticker.ask
        ib.cancelMktData(contract)
        await asyncio.sleep(1)
        ticker.rtVolume = 0
        await asyncio.sleep(60)
        assert not ticker.rtVolume

    play(scene)


def test_statistics_of_a_future() -> None:
    async def scene(ib: ib_async.IB, contract: ib_async.Contract) -> None:
        ticker = ib.reqMktData(contract, "104,165,293,294,295,411,588,595")
        await asyncio.sleep(60)
        assert ticker.low13week <= ticker.low <= ticker.high <= ticker.high13week
        assert ticker.low52week <= ticker.low26week <= ticker.low13week
        assert ticker.avVolume > 0
        assert 0 < ticker.histVolatility < 3
        assert ticker.volumeRate > 0
        assert ticker.futuresOpenInterest > 0
        assert ticker.volumeRate3Min <= ticker.volumeRate5Min <= ticker.volumeRate10Min

    play(scene)


def test_fund_can_be_borrowed() -> None:
    async def scene(ib: ib_async.IB, contract: ib_async.Contract) -> None:
        ticker = ib.reqMktData(contract, "236,456")
        await asyncio.sleep(5)
        assert ticker.shortable > 2.5
        assert ticker.shortableShares == 1_000_000

    play(scene, USO)


def test_options_that_nobody_trades_have_no_volume() -> None:
    async def scene(ib: ib_async.IB, contract: ib_async.Contract) -> None:
        ticker = ib.reqMktData(contract, "100,101,105")
        await asyncio.sleep(5)
        assert (ticker.callVolume, ticker.putVolume) == (0, 0)
        assert (ticker.callOpenInterest, ticker.putOpenInterest) == (0, 0)
        assert ticker.avOptionVolume == 0

    play(scene, USO)


def test_value_of_a_fund_is_what_it_is_quoted_at() -> None:
    (fund,) = catalog.listed_contracts("USO", date(2026, 9, 8))
    quote = Quote(fund.instrument_id, 0, bid=78.0, ask=78.02, last=78.05)
    days = [Bar(0, 86_400, *[close] * 4) for close in (75.0, 76.0, 77.0, 78.0)]
    tails = opening((576, 577, 578), Facts(fund, quote, days, []))
    told = [tuple(text.decode().split("\0")[:2]) for kind, text in tails if kind == PRICE]
    values = [("94", "78.0"), ("95", "78.02"), ("96", "78.02"), ("92", "77.0"), ("93", "76.0")]
    assert told == values
    young = Facts(fund, Quote(fund.instrument_id, 0), days[:1], [])
    assert opening((576, 577, 578), young) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("999", SecurityType.FUTURE),
        ("236", SecurityType.FUTURE),
        ("588", SecurityType.STOCK),
        ("100,a", SecurityType.STOCK),
        ("9" * 50, SecurityType.STOCK),
    ],
)
def test_wrong_list_is_answered_with_the_legal_ones(text: str, kind: SecurityType) -> None:
    said = problem(text, kind)
    assert said.startswith(f"Incorrect generic tick list of {text}")
    assert "233(RTVolume)" in said


def test_list_may_name_news_providers_and_switch_the_quote_off() -> None:
    assert parsed("mdoff,292:BRFG, 233") == (292, 233)
    assert not problem("mdoff,292:BRFG", SecurityType.STOCK)


def test_wrong_list_opens_no_line() -> None:
    async def scene(ib: ib_async.IB, contract: ib_async.Contract) -> None:
        codes: list[int] = []
        ib.errorEvent += lambda request_id, code, text, contract: codes.append(code)
        ticker = ib.reqMktData(contract, "999")
        await asyncio.sleep(5)
        assert codes == [321]
        assert ticker.bid != ticker.bid

    play(scene)
