"""Option arithmetic against published values, and chains as ib_async reads them."""

import asyncio
from collections.abc import Awaitable, Callable
from math import exp

import ib_async
import pytest

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.options.black import RATE, Terms, computed, implied_volatility, price

Scene = Callable[[ib_async.IB], Awaitable[None]]


def play(scene: Scene) -> None:
    async def main() -> None:
        server = a_server()
        await server.start()
        ib = ib_async.IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        await scene(ib)
        ib.disconnect()
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


def test_call_and_put_of_a_future_differ_by_the_discounted_gap() -> None:
    call, put = Terms(True, 70.0, 0.5, True), Terms(False, 70.0, 0.5, True)
    gap = price(call, 72.0, 0.35) - price(put, 72.0, 0.35)
    assert gap == pytest.approx(exp(-RATE * 0.5) * 2.0)


def test_at_the_money_future_option_is_worth_its_textbook_price() -> None:
    # Black 1976: F = K = 100, T = 1, sigma = 0.2 gives 7.965567 before discounting.
    value = price(Terms(True, 100.0, 1.0, True), 100.0, 0.2)
    assert value == pytest.approx(7.965567 * exp(-RATE), rel=1e-6)


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("is_on_future", [True, False])
@pytest.mark.parametrize("volatility", [0.05, 0.3, 1.2])
def test_implied_volatility_undoes_the_price(
    is_call: bool, is_on_future: bool, volatility: float
) -> None:
    terms = Terms(is_call, 70.0, 0.25, is_on_future)
    found = implied_volatility(terms, 71.0, price(terms, 71.0, volatility))
    assert found == pytest.approx(volatility, rel=1e-4)


def test_price_below_intrinsic_value_has_no_volatility() -> None:
    assert implied_volatility(Terms(True, 70.0, 0.25, True), 80.0, 5.0) is None


def test_greeks_have_their_signs() -> None:
    call = computed(Terms(True, 70.0, 0.25, False), 70.0, 0.3)
    put = computed(Terms(False, 70.0, 0.25, False), 70.0, 0.3)
    assert 0.5 < call.delta < 0.6
    assert call.delta - put.delta == pytest.approx(1.0, rel=1e-3)
    assert call.gamma == pytest.approx(put.gamma)
    assert call.vega > 0
    assert call.theta < 0


def test_chain_of_a_fund_is_found_described_and_computed() -> None:
    async def scene(ib: ib_async.IB) -> None:
        (fund,) = await ib.qualifyContractsAsync(ib_async.Stock("USO", "SMART", "USD"))
        assert isinstance(fund, ib_async.Contract)
        chains = await ib.reqSecDefOptParamsAsync("USO", "", "STK", fund.conId)
        smart = next(each for each in chains if each.exchange == "SMART")
        assert smart.multiplier == "100"
        assert len(smart.expirations) == 6
        strike = sorted(smart.strikes)[len(smart.strikes) // 2]
        wanted = ib_async.Option("USO", sorted(smart.expirations)[0], strike, "C", "SMART")
        (detail,) = await ib.reqContractDetailsAsync(wanted)
        assert detail.contract is not None
        assert (detail.contract.strike, detail.contract.right) == (strike, "C")
        assert detail.underConId == fund.conId
        again = await ib.reqContractDetailsAsync(ib_async.Contract(conId=detail.contract.conId))
        assert again[0].contract is not None
        assert again[0].contract.localSymbol == detail.contract.localSymbol
        one = await ib.calculateOptionPriceAsync(detail.contract, 0.3, strike)
        assert one is not None
        assert one.optPrice is not None
        back = await ib.calculateImpliedVolatilityAsync(detail.contract, one.optPrice, strike)
        assert back is not None
        assert back.impliedVol == pytest.approx(0.3, rel=1e-3)

    play(scene)


def test_chain_of_a_future_ends_before_the_future() -> None:
    async def scene(ib: ib_async.IB) -> None:
        wanted = ib_async.Future("MCL", "202611", "NYMEX", currency="USD")
        (future,) = await ib.qualifyContractsAsync(wanted)
        assert isinstance(future, ib_async.Contract)
        (chain,) = await ib.reqSecDefOptParamsAsync("MCL", "NYMEX", "FUT", future.conId)
        assert (chain.tradingClass, chain.multiplier) == ("MCO", "100")
        assert max(chain.expirations) < future.lastTradeDateOrContractMonth
        options = await ib.reqContractDetailsAsync(
            ib_async.FuturesOption("MCL", max(chain.expirations), 0.0, "", "NYMEX")
        )
        assert {each.contract.right for each in options if each.contract} == {"C", "P"}
        assert len(options) == 2 * len(chain.strikes)

    play(scene)


@pytest.mark.parametrize(
    ("contract", "con_id"),
    [
        (ib_async.Forex("EURUSD"), 12087792),
        (ib_async.Index("SPX", "CBOE", "USD"), 416904),
        (ib_async.Contract(conId=13455763), 13455763),
    ],
)
def test_index_and_currency_pair_can_be_looked_up(contract: ib_async.Contract, con_id: int) -> None:
    async def scene(ib: ib_async.IB) -> None:
        (detail,) = await ib.reqContractDetailsAsync(contract)
        assert detail.contract is not None
        assert detail.contract.conId == con_id

    play(scene)


def test_continuous_future_is_the_front_one_under_its_own_type() -> None:
    async def scene(ib: ib_async.IB) -> None:
        (detail,) = await ib.reqContractDetailsAsync(ib_async.ContFuture("MCL", "NYMEX"))
        assert detail.contract is not None
        assert detail.contract.secType == "CONTFUT"
        assert detail.contract.localSymbol.startswith("MCL")

    play(scene)


def test_currency_pair_has_no_market_data() -> None:
    async def scene(ib: ib_async.IB) -> None:
        codes: list[int] = []
        ib.errorEvent += lambda request_id, code, text, contract: codes.append(code)
        ib.client.reqMktData(900, ib_async.Forex("EURUSD"), "", False, False, [])
        await asyncio.sleep(1)
        assert codes == [354]

    play(scene)
