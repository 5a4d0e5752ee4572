"""Orders, executions and commissions, read back by both clients and held against recordings."""

import json
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from helpers.decoders import VERSIONS, read_by_both
from microfutures.model.catalog import listed_contracts
from microfutures.model.instrument import Instrument
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.twsim.orders import messages as order_messages
from microfutures.twsim.orders.facts import ExecutionFacts, MarginFields, OrderFacts
from microfutures.twsim.wire import UNSET_DOUBLE, Field, spell

NOW = moment_ns(date(2026, 9, 8), time(10, 30), NEW_YORK)


def mcl() -> Instrument:
    return listed_contracts("MCL", date(2026, 9, 8))[1]


def an_order(**changes: object) -> OrderFacts:
    order = OrderFacts(
        instrument=mcl(),
        client_id=4,
        order_id=17,
        perm_id=1_000_000_009,
        account="DU1000001",
        action="SELL",
        quantity=3,
        order_type="LMT",
        limit_price=Decimal("70.5"),
        aux_price=Decimal(0),
        time_in_force="GTC",
        order_ref="pair/1",
        parent_id=16,
        outside_rth=True,
        oca_group="group",
        oca_type=1,
        status="Submitted",
        filled=1,
        average_price=Decimal("70.51"),
        last_price=Decimal("70.51"),
        commission=Decimal("0.77"),
    )
    return replace(order, **changes)


def an_execution(realized: Decimal | None = Decimal("12.5")) -> ExecutionFacts:
    return ExecutionFacts(
        order=an_order(),
        execution_id="0000e0d5.67fe667b.01.01",
        time_ns=NOW,
        quantity=1,
        price=Decimal("70.51"),
        cumulative=1,
        average_price=Decimal("70.51"),
        commission=Decimal("0.77"),
        realized=realized,
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_both_clients_read_an_open_order_as_it_is(version: int) -> None:
    message = order_messages.open_order(version, an_order())
    for name, (order_id, contract, order, state) in read_by_both(version, message):
        assert (name, order_id) == ("openOrder", 17)
        assert (contract.localSymbol, contract.exchange) == (mcl().instrument_id, "NYMEX")
        assert (order.action, float(order.totalQuantity), order.orderType) == ("SELL", 3.0, "LMT")
        assert (order.lmtPrice, order.tif, order.account) == (70.5, "GTC", "DU1000001")
        assert (order.orderRef, order.clientId, order.permId) == ("pair/1", 4, 1_000_000_009)
        assert (order.parentId, order.ocaGroup, order.ocaType) == (16, "group", 1)
        assert order.outsideRth
        assert not order.whatIf
        assert state.status == "Submitted"
        assert float(getattr(state, "commissionAndFees", 0) or state.commission) == 0.77


@pytest.mark.parametrize("version", VERSIONS)
def test_both_clients_read_the_margins_of_a_what_if(version: int) -> None:
    figures = tuple(Decimal(number) for number in range(1, 10))
    fields = MarginFields(figures, Decimal("1.54"))
    message = order_messages.open_order(version, an_order(), what_if=fields)
    for _, (_, _, order, state) in read_by_both(version, message):
        assert order.whatIf
        read = (
            state.initMarginBefore,
            state.maintMarginBefore,
            state.equityWithLoanBefore,
            state.initMarginChange,
            state.maintMarginChange,
            state.equityWithLoanChange,
            state.initMarginAfter,
            state.maintMarginAfter,
            state.equityWithLoanAfter,
        )
        assert tuple(float(each) for each in read) == tuple(range(1, 10))


@pytest.mark.parametrize("version", VERSIONS)
def test_both_clients_read_a_status_as_it_is(version: int) -> None:
    for name, status in read_by_both(version, order_messages.order_status(an_order())):
        assert name == "orderStatus"
        order_id, word, filled, remaining, average, perm_id, parent_id, last, client_id = status[:9]
        assert (order_id, word, float(filled), float(remaining)) == (17, "Submitted", 1, 2)
        assert (average, last, perm_id, parent_id) == (70.51, 70.51, 1_000_000_009, 16)
        assert client_id == 4


@pytest.mark.parametrize("version", VERSIONS)
def test_both_clients_read_an_execution_as_it_is(version: int) -> None:
    message = order_messages.execution(version, 9, an_execution())
    for name, (request_id, contract, execution) in read_by_both(version, message):
        assert (name, request_id, contract.symbol) == ("execDetails", 9, "MCL")
        assert (execution.orderId, execution.clientId, execution.permId) == (17, 4, 1_000_000_009)
        assert (execution.side, float(execution.shares), execution.price) == ("SLD", 1, 70.51)
        assert (float(execution.cumQty), execution.avgPrice) == (1, 70.51)
        assert (execution.acctNumber, execution.orderRef) == ("DU1000001", "pair/1")
        assert execution.execId == "0000e0d5.67fe667b.01.01"
        moment = execution.time
        spelled = moment if isinstance(moment, str) else moment.strftime("%Y%m%d %H:%M:%S UTC")
        assert spelled in ("20260908 10:30:00 America/New_York", "20260908 14:30:00 UTC")


@pytest.mark.parametrize("realized", [None, Decimal("-3.14")])
def test_both_clients_read_a_commission_as_it_is(realized: Decimal | None) -> None:
    for _, (report,) in read_by_both(178, order_messages.commission_report(an_execution(realized))):
        paid = getattr(report, "commissionAndFees", None) or report.commission
        assert (report.execId, paid, report.currency) == ("0000e0d5.67fe667b.01.01", 0.77, "USD")
        assert report.realizedPNL == (float(UNSET_DOUBLE) if realized is None else -3.14)


@pytest.mark.parametrize("version", VERSIONS)
def test_both_clients_read_a_completed_order_as_it_is(version: int) -> None:
    done = an_order(status="Filled", filled=3, completed_ns=NOW, completed_status="Filled Size: 3")
    message = order_messages.completed_order(version, done)
    for name, (contract, order, state) in read_by_both(version, message):
        assert (name, contract.localSymbol) == ("completedOrder", mcl().instrument_id)
        assert (order.permId, float(order.filledQuantity)) == (1_000_000_009, 3)
        assert (state.status, state.completedStatus) == ("Filled", "Filled Size: 3")
        assert state.completedTime == "20260908 10:30:00 America/New_York"


def recorded(shared_dir: Path, message_id: str, kind: str) -> list[list[str]]:
    lines = (shared_dir / "wire" / "captures.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        row["fields"]
        for row in rows
        if row["to"] == "client" and row["fields"][0] == message_id and kind in row["fields"]
    ]


def es() -> Instrument:
    return replace(
        mcl(),
        instrument_id="ESU5",
        symbol="ES",
        con_id=637533641,
        exchange="CME",
        multiplier=Decimal(50),
        last_trade_date=date(2025, 9, 19),
    )


def spelled(message: list[Field]) -> list[str]:
    return [spell(field) for field in message]


def test_open_order_is_field_for_field_what_tws_sent(shared_dir: Path) -> None:
    (tws,) = recorded(shared_dir, "5", "637533641")
    order = an_order(
        instrument=es(),
        client_id=100,
        order_id=2,
        perm_id=2126726143,
        account="DU1234567",
        action="BUY",
        quantity=1,
        limit_price=Decimal(5800),
        time_in_force="DAY",
        order_ref="",
        parent_id=0,
        outside_rth=False,
        oca_group="",
        oca_type=3,
        commission=None,
    )
    ours = spelled(order_messages.open_order(173, order))
    assert len(ours) == len(tws)
    # The recorded order had been changed in TWS, which left a trail stop price behind.
    differing = [place for place in range(len(tws)) if ours[place] != tws[place]]
    assert [tws[place] for place in differing] == ["5801.0"]


def test_status_and_execution_are_field_for_field_what_tws_sent(shared_dir: Path) -> None:
    order = an_order(
        instrument=es(),
        client_id=100,
        order_id=1,
        perm_id=2126726143,
        account="DU1234567",
        action="BUY",
        quantity=1,
        order_ref="",
        parent_id=0,
        filled=0,
        average_price=Decimal(0),
        last_price=Decimal(0),
    )
    (status,) = recorded(shared_dir, "3", "2126726143")[:1]
    assert spelled(order_messages.order_status(order)) == status
    (tws,) = recorded(shared_dir, "11", "637533641")[:1]
    facts = ExecutionFacts(
        order=order,
        execution_id="0001f4e5.58bbad52.01.01",
        time_ns=moment_ns(date(2025, 7, 8), time(2, 35), NEW_YORK),
        quantity=1,
        price=Decimal(5800),
        cumulative=1,
        average_price=Decimal(5800),
        commission=Decimal("2.25"),
        realized=None,
    )
    ours = spelled(order_messages.execution(173, 1, facts))
    # The last field is the liquidity: added there, removed here.
    assert ours[:-1] == tws[:-1]
    assert len(ours) == len(tws)


def test_completed_order_is_field_for_field_what_tws_sent(shared_dir: Path) -> None:
    (tws,) = recorded(shared_dir, "101", "637533641")
    order = an_order(
        instrument=es(),
        perm_id=2126726143,
        account="DU1236109",
        action="BUY",
        quantity=1,
        limit_price=Decimal(5800),
        time_in_force="DAY",
        order_ref="",
        outside_rth=False,
        oca_group="",
        oca_type=3,
        filled=0,
        status="Cancelled",
        completed_ns=moment_ns(date(2025, 7, 8), time(2, 34, 46), NEW_YORK),
        completed_status="Cancelled by Trader",
    )
    ours = spelled(order_messages.completed_order(173, order))
    assert len(ours) == len(tws)
    assert [tws[place] for place in range(len(tws)) if ours[place] != tws[place]] == ["5801.0"]
