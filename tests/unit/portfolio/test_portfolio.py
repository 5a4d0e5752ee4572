from decimal import Decimal

import pytest

from microfutures.model.errors import ConfigurationError, InvalidValueError
from microfutures.model.fills import Commission, Fill
from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef, StrategyName
from microfutures.model.orders import Side
from microfutures.portfolio import Portfolio
from microfutures.portfolio.round_trips import Tally

MCL, USO = InstrumentId("MCLX6"), InstrumentId("USO")
HUNDRED, ONE = Decimal(100), Decimal(1)


class AStrategy:
    def __init__(self, name: str) -> None:
        self.name = StrategyName(name)
        self.capital = Decimal(0)


def a_fill(execution_id: str, instrument: InstrumentId, quantity: int, price: str) -> Fill:
    return Fill(
        execution_id=ExecutionId(execution_id),
        order_ref=OrderRef("r"),
        instrument_id=instrument,
        side=Side.BUY if quantity > 0 else Side.SELL,
        quantity=abs(quantity),
        price=Decimal(price),
        time_ns=1,
    )


def test_portfolio_starts_with_the_capital_of_the_specification() -> None:
    assert Portfolio().current_capital == 2000
    assert Portfolio().strategies == []


@pytest.mark.parametrize("capital", [0, -1, float("nan"), float("inf")])
def test_portfolio_refuses_capital_that_is_none(capital: float) -> None:
    with pytest.raises(InvalidValueError, match="initial_capital"):
        Portfolio(capital)


def test_portfolio_distributes_capital_by_percentage_in_whole_cents() -> None:
    portfolio = Portfolio(Decimal("1000.01"))
    one, other = AStrategy("one"), AStrategy("other")
    portfolio.add_strategy(one, 33)
    portfolio.add_strategy(other, 67)
    assert (one.capital, other.capital) == (Decimal("330.00"), Decimal("670.00"))


def test_portfolio_refuses_more_than_everything() -> None:
    portfolio = Portfolio()
    portfolio.add_strategy(AStrategy("one"), 60)
    with pytest.raises(ConfigurationError, match=r"makes 101% in all"):
        portfolio.add_strategy(AStrategy("other"), 41)


def test_portfolio_frees_the_share_of_a_removed_strategy() -> None:
    portfolio = Portfolio()
    one = AStrategy("one")
    portfolio.add_strategy(one, 100)
    portfolio.remove_strategy(one.name)
    portfolio.add_strategy(AStrategy("other"), 100)
    assert [strategy.name for strategy in portfolio.strategies] == ["other"]


def test_portfolio_nets_a_round_trip_of_two_legs_with_a_late_commission() -> None:
    portfolio = Portfolio()
    pair = StrategyName("pair")
    portfolio.book_fill(pair, a_fill("1.01", MCL, 1, "71.00"), HUNDRED)
    portfolio.book_fill(pair, a_fill("2.01", USO, -90, "75.10"), ONE)
    portfolio.book_fill(pair, a_fill("3.01", MCL, -1, "71.30"), HUNDRED, reason="exit")
    assert portfolio.round_trips.count == 0
    portfolio.book_fill(pair, a_fill("4.01", USO, 90, "75.20"), ONE, reason="exit")
    for execution, amount in (("1.01", "0.77"), ("2.01", "1.00"), ("3.01", "0.77"), ("4.01", "1")):
        portfolio.book_commission(
            Commission(execution_id=ExecutionId(execution), amount=Decimal(amount))
        )
    trip = portfolio.round_trips.finished[0].view()
    assert (trip.direction, trip.units, trip.exit_reason) == ("long", 1, "exit")
    assert trip.gross == Decimal("21.00")
    assert trip.net == Decimal("17.46")
    assert portfolio.performance().net == Decimal("17.46")
    assert portfolio.current_capital == Decimal("2017.46")
    assert portfolio.round_trips.tally(pair).wins == 1


def test_portfolio_values_open_positions_at_the_mark() -> None:
    portfolio = Portfolio()
    portfolio.book_fill(StrategyName("pair"), a_fill("1.01", MCL, -2, "71.00"), HUNDRED)
    portfolio.mark(MCL, Decimal("70.50"))
    assert portfolio.performance().unrealized == Decimal("100.00")
    assert portfolio.positions == (("pair", MCL, -2),)


def test_portfolio_gives_the_steadier_strategy_the_larger_share() -> None:
    portfolio = Portfolio()
    portfolio.add_strategy(AStrategy("steady"), 50)
    portfolio.add_strategy(AStrategy("wild"), 50)
    for step, (steady, wild) in enumerate([(0.0, 0.0), (1.0, 10.0), (0.0, -10.0), (1.0, 10.0)]):
        portfolio.equity.record(
            step, 2000, {StrategyName("steady"): steady, StrategyName("wild"): wild}
        )
    shares = portfolio.optimize_allocation()
    assert shares[StrategyName("steady")] > 4 * shares[StrategyName("wild")]
    assert sum(shares.values()) <= 100


def test_late_commission_turns_a_trip_that_was_won_into_one_that_was_not() -> None:
    portfolio, pair = Portfolio(1000), StrategyName("pair")
    portfolio.book_fill(pair, a_fill("e0.01", MCL, 1, "70.00"), HUNDRED)
    portfolio.book_fill(pair, a_fill("e1.01", MCL, -1, "70.01"), HUNDRED)
    assert portfolio.round_trips.tally(pair) == Tally(count=1, wins=1)
    late = Commission(execution_id=ExecutionId("e0.01"), amount=Decimal("1.24"))
    portfolio.book_commission(late)
    assert portfolio.round_trips.tally(pair) == Tally(count=1, wins=0)
