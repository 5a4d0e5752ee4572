from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from ib_async import BarData, Contract, ContractDetails, Execution

from microfutures.adapters.ib.translate import (
    STATUSES,
    bar_of,
    decimal_of,
    fill_of,
    instrument_of,
    last_trade_date,
    money,
    on_tick,
    price_or_none,
    sessions_of,
    zone_of,
)
from microfutures.model.errors import InvalidValueError
from microfutures.model.orders import OrderStatus, Side
from microfutures.model.timestamp import to_iso

CENT = Decimal("0.01")

# As TWS wrote them for ES (trading and liquid hours) in May 2025.
ES_TRADING = (
    "20250521:1700-20250522:1600;20250522:1700-20250523:1600;20250524:CLOSED;"
    "20250525:1700-20250526:1200;20250526:1700-20250527:1600;20250527:1700-20250528:1600"
)
ES_LIQUID = (
    "20250522:0830-20250522:1600;20250523:0830-20250523:1600;20250524:CLOSED;"
    "20250525:1700-20250526:1200;20250527:0830-20250527:1600;20250527:1700-20250528:1600"
)


def es_details() -> ContractDetails:
    return ContractDetails(
        contract=Contract(
            conId=620731015,
            symbol="ES",
            secType="FUT",
            lastTradeDateOrContractMonth="20250620",
            multiplier="50",
            exchange="CME",
            currency="USD",
            localSymbol="ESM5",
        ),
        minTick=0.25,
        longName="E-mini S&P 500",
        timeZoneId="US/Central",
        tradingHours=ES_TRADING,
        liquidHours=ES_LIQUID,
    )


def test_hours_are_read_in_the_contracts_own_zone() -> None:
    sessions = sessions_of(ES_TRADING, zone_of("US/Central"))
    assert len(sessions) == 5
    assert to_iso(sessions[0].open_ns) == "2025-05-21T22:00:00.000Z"
    assert to_iso(sessions[0].close_ns) == "2025-05-22T21:00:00.000Z"
    assert to_iso(sessions[2].close_ns) == "2025-05-26T17:00:00.000Z"


def test_hours_follow_daylight_saving_time() -> None:
    zone = zone_of("US/Eastern")
    winter, summer = sessions_of("20260306:0930-20260306:1600;20260309:0930-20260309:1600", zone)
    assert to_iso(winter.open_ns) == "2026-03-06T14:30:00.000Z"
    assert to_iso(summer.open_ns) == "2026-03-09T13:30:00.000Z"


@pytest.mark.parametrize("text", ["", ";", "20221231:CLOSED", "20221231:CLOSED;20230101:CLOSED"])
def test_days_without_a_session_give_none(text: str) -> None:
    assert sessions_of(text, ZoneInfo("UTC")) == ()


def test_the_older_spelling_with_several_stretches_a_day_is_read() -> None:
    sessions = sessions_of("20180323:0400-0930,0930-1600;20180326:CLOSED", ZoneInfo("UTC"))
    assert [(to_iso(each.open_ns)[11:16], to_iso(each.close_ns)[11:16]) for each in sessions] == [
        ("04:00", "16:00")
    ]


@pytest.mark.parametrize("text", ["20250521", "20250521:1700", "20250521:17-20250522:16x", "a-b"])
def test_hours_that_make_no_sense_are_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"no (session|moment)"):
        sessions_of(text, ZoneInfo("UTC"))


def test_a_session_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="ends before"):
        sessions_of("20250521:1700-20250521:1600", ZoneInfo("UTC"))


@pytest.mark.parametrize("name", ["US/Eastern", "US/Central", "EST", "CST", "MET", "UTC"])
def test_zones_as_tws_names_them_are_known(name: str) -> None:
    assert zone_of(name).key


def test_an_unknown_zone_is_refused_by_name() -> None:
    with pytest.raises(InvalidValueError, match="Mars/Olympus"):
        zone_of("Mars/Olympus")


def test_contract_details_become_an_instrument() -> None:
    instrument = instrument_of(es_details())
    assert instrument.instrument_id == "ESM5"
    assert instrument.tick_size == Decimal("0.25")
    assert instrument.multiplier == 50
    assert instrument.last_trade_date == date(2025, 6, 20)
    assert instrument.time_zone == "US/Central"
    at_ten = 1747922400 * 10**9  # 2025-05-22 09:00 Chicago
    assert instrument.is_liquid(at_ten)
    assert instrument.is_open(at_ten)


def test_details_without_a_contract_or_a_tick_are_refused() -> None:
    with pytest.raises(InvalidValueError):
        instrument_of(ContractDetails())
    broken = es_details()
    broken.minTick = 0.0
    with pytest.raises(InvalidValueError):
        instrument_of(broken)


@pytest.mark.parametrize("text", ["20250620", "20250620 08:30 US/Central"])
def test_last_trade_dates_are_read_with_or_without_a_time(text: str) -> None:
    contract = Contract(secType="FUT", lastTradeDateOrContractMonth=text)
    assert last_trade_date(contract) == date(2025, 6, 20)


def test_a_month_or_a_stock_has_no_last_trade_date() -> None:
    assert last_trade_date(Contract(secType="FUT", lastTradeDateOrContractMonth="202506")) is None
    assert last_trade_date(Contract(secType="STK")) is None


@pytest.mark.parametrize(
    ("price", "size", "expected"),
    [
        (70.01, 5, 70.01),
        (-1.0, 0, None),
        (0.0, 0, None),
        (-1.0, 7, -1.0),  # crude oil, April 2020: a price like any other
        (-37.63, 0, -37.63),
        (0.0, 3, 0.0),
        (float("nan"), 5, None),
        (float("inf"), 5, None),
    ],
)
def test_only_what_is_a_price_becomes_one(
    price: float, size: float, expected: float | None
) -> None:
    assert price_or_none(price, size) == expected


def test_wire_floats_become_the_decimals_that_were_written() -> None:
    assert decimal_of(71.23) == Decimal("71.23")
    assert decimal_of(0.1 + 0.2) == Decimal("0.30000000000000004")
    assert on_tick(decimal_of(0.1 + 0.2), CENT) == Decimal("0.30")
    assert on_tick(Decimal("70.005"), CENT) == Decimal("70.005")
    assert on_tick(Decimal("70.005"), None) == Decimal("70.005")


@pytest.mark.parametrize(
    "text", ["", "1.7976931348623157E308", "nan", "-1.7976931348623157E308", "n/a", "Infinity"]
)
def test_absent_amounts_are_none(text: str) -> None:
    assert money(text) is None


def test_amounts_are_exact() -> None:
    assert money("1234.56") == Decimal("1234.56")
    assert money(0.77) == Decimal("0.77")
    assert money(1.7976931348623157e308) is None


def execution(**changes: object) -> Execution:
    fields: dict[str, object] = {
        "execId": "0000e0d5.1.01",
        "orderRef": "mf1-x-1",
        "side": "SLD",
        "shares": 3.0,
        "price": 70.10000000000001,
        "time": datetime(2026, 9, 8, 14, 30, tzinfo=UTC),
    }
    return Execution(**{**fields, **changes})  # type: ignore[arg-type]


def test_an_execution_becomes_a_fill_on_the_tick() -> None:
    fill = fill_of(Contract(symbol="MCL", localSymbol="MCLV6"), execution(), CENT)
    assert (fill.side, fill.quantity, fill.price) == (Side.SELL, 3, Decimal("70.1"))
    assert fill.instrument_id == "MCLV6"
    assert to_iso(fill.time_ns) == "2026-09-08T14:30:00.000Z"


@pytest.mark.parametrize("shares", [0.0, 0.5, -1.0])
def test_a_fraction_of_a_share_is_refused(shares: float) -> None:
    with pytest.raises(InvalidValueError, match="whole"):
        fill_of(Contract(symbol="USO"), execution(shares=shares), None)


def test_a_bar_needs_a_moment() -> None:
    bar = BarData(datetime(2026, 9, 8, 14, 30, tzinfo=UTC), 70.0, 70.2, 69.9, 70.1, -1.0)
    assert bar_of(bar, 60).volume == 0.0
    with pytest.raises(InvalidValueError, match="time of day"):
        bar_of(BarData(date(2026, 9, 8), 70.0, 70.2, 69.9, 70.1, 5.0), 60)


def test_every_word_of_tws_that_ends_an_order_is_known() -> None:
    assert STATUSES["Inactive"] is OrderStatus.REJECTED
    assert STATUSES["ApiCancelled"] is OrderStatus.CANCELLED
    assert "PendingSubmit" not in STATUSES
