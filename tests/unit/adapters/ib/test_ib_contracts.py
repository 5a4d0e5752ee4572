from datetime import date

from ib_async import Contract, ContractDetails

from microfutures.adapters.ib.contracts import eligible, market_rule_id, pick
from microfutures.model.holidays import Exchange

# MCL months and their last trading days.
LAST_DAYS = {"MCLV6": "20260921", "MCLX6": "20261019", "MCLZ6": "20261119"}


def month(name: str, last: str) -> ContractDetails:
    contract = Contract(
        symbol="MCL", secType="FUT", localSymbol=name, lastTradeDateOrContractMonth=last
    )
    return ContractDetails(contract=contract)


def chain() -> list[ContractDetails]:
    return [month(name, last) for name, last in reversed(LAST_DAYS.items())]


def names(months: list[ContractDetails]) -> list[str]:
    return [each.contract.localSymbol for each in months if each.contract]


def test_months_come_nearest_first_whatever_order_tws_sends() -> None:
    assert names(eligible(chain(), date(2026, 9, 8), Exchange.CME)) == list(LAST_DAYS)


def test_a_month_goes_seven_business_days_before_its_last() -> None:
    assert names(eligible(chain(), date(2026, 9, 10), Exchange.CME))[0] == "MCLV6"
    assert names(eligible(chain(), date(2026, 9, 11), Exchange.CME))[0] == "MCLX6"


def test_holidays_are_no_business_days() -> None:
    # Thanksgiving 2026 is November 26: the last safe day before December 1 moves one day ahead.
    december = [month("MCLF7", "20261201")]
    assert eligible(december, date(2026, 11, 19), Exchange.CME)
    assert not eligible(december, date(2026, 11, 20), Exchange.CME)


def test_what_has_no_date_is_no_month() -> None:
    assert (
        eligible([ContractDetails(), month("MCL", "202609")], date(2026, 9, 1), Exchange.CME) == []
    )


def test_the_busier_month_wins_and_the_nearer_one_a_tie() -> None:
    months = eligible(chain(), date(2026, 9, 8), Exchange.CME)[:2]
    assert names([pick(months, [10.0, 900.0])]) == ["MCLX6"]
    assert names([pick(months, [900.0, 10.0])]) == ["MCLV6"]
    assert names([pick(months, [0.0, 0.0])]) == ["MCLV6"]
    assert names([pick(months, [None, 900.0])]) == ["MCLV6"]


def test_the_market_rule_is_that_of_the_exchange_we_route_to() -> None:
    details = ContractDetails(
        contract=Contract(exchange="SMART"),
        validExchanges="AMEX,SMART,NYSE",
        marketRuleIds="26,557,26",
    )
    assert market_rule_id(details) == 557
    details.contract = Contract(exchange="ELSEWHERE")
    assert market_rule_id(details) == 26
    assert market_rule_id(ContractDetails()) is None
