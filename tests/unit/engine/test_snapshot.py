"""Who looks at the desk sees the newest prices and changes nothing that it decides on."""

from decimal import Decimal

from helpers.desk import MCL, OPEN_NS, a_quote
from helpers.engine_desk import ADesk
from microfutures.engine.snapshot import RunFacts, take_snapshot
from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId, OrderRef, StrategyName
from microfutures.model.orders import Side

FACTS = RunFacts(title="", host="127.0.0.1", port=7497, client_id=1, is_simulated=False)


def test_a_snapshot_values_at_the_newest_quote_and_leaves_the_engine_as_it_was() -> None:
    desk = ADesk(shares=90)
    portfolio = desk.engine.portfolio
    bought = Fill(
        execution_id=ExecutionId("1.01"),
        order_ref=OrderRef("t-1"),
        instrument_id=MCL,
        side=Side.BUY,
        quantity=1,
        price=Decimal(70),
        time_ns=OPEN_NS,
    )
    portfolio.book_fill(StrategyName("once"), bought, Decimal(100))
    desk.engine.process(a_quote("MCLX6", 69.00, 69.02))
    before = portfolio.current_capital, portfolio.drawdown_percent, portfolio.mark_of(MCL)
    snapshot = take_snapshot(desk.engine, FACTS, OPEN_NS)
    assert snapshot.portfolio.unrealized == Decimal("-99.00")
    assert snapshot.positions[0].market_price == 69.01
    after = portfolio.current_capital, portfolio.drawdown_percent, portfolio.mark_of(MCL)
    assert after == before
    assert before == (Decimal(2000), 0.0, Decimal(70))
