from decimal import Decimal

import pytest

from microfutures.model.events import AccountReported, MarginPreviewed
from microfutures.model.identifiers import InstrumentId, IntentId
from microfutures.risk.margin import margin_reason_against


def an_account(available: str = "2000", net: str = "2000") -> AccountReported:
    return AccountReported(
        time_ns=1,
        account="DU1",
        net_liquidation=Decimal(net),
        cash=Decimal(net),
        available_funds=Decimal(available),
        initial_margin=Decimal(0),
        maintenance_margin=Decimal(0),
    )


def a_preview(change: str, *, name: str = "MCLX6", error: str = "") -> MarginPreviewed:
    return MarginPreviewed(
        time_ns=1,
        intent_id=IntentId("i1"),
        instrument_id=InstrumentId(name),
        initial_margin_change=Decimal(change),
        maintenance_margin_change=Decimal(change),
        equity_with_loan=Decimal(2000),
        error=error,
    )


def test_margin_says_exactly_what_is_missing_for_both_legs_together() -> None:
    previews = [a_preview("1012"), a_preview("3500", name="USO")]
    assert margin_reason_against(previews, an_account(), 0) == (
        "needs 4,512.00 USD initial margin; 2,000.00 USD are available "
        "less 0.00 USD kept free: 2,512.00 USD are missing"
    )


@pytest.mark.parametrize(("change", "fits"), [("1800.00", True), ("1800.01", False)])
def test_margin_keeps_a_share_of_the_equity_free(change: str, fits: bool) -> None:
    reason = margin_reason_against([a_preview(change)], an_account(), 10)
    assert (reason is None) is fits


def test_margin_does_not_let_one_leg_pay_for_the_other() -> None:
    previews = [a_preview("2500"), a_preview("-1000", name="USO")]
    assert "500.00 USD are missing" in (margin_reason_against(previews, an_account(), 0) or "")


def test_margin_of_an_account_in_debt_is_not_eased_by_it() -> None:
    reason = margin_reason_against([a_preview("1")], an_account("-500", "-1000"), 10)
    assert reason is not None
    assert "501.00 USD are missing" in reason


@pytest.mark.parametrize(
    ("previews", "account", "words"),
    [
        ([], an_account(), "no margin preview came"),
        (
            [a_preview("1"), a_preview("0", name="USO", error="[200] none")],
            an_account(),
            "USO: [200]",
        ),
        ([a_preview("1")], None, "not known yet"),
        ([a_preview("NaN")], an_account(), "preview of MCLX6 is not a number"),
        ([a_preview("Infinity")], an_account(), "not a number"),
        ([a_preview("1")], an_account("NaN"), "available funds are not a number"),
    ],
)
def test_margin_refuses_what_it_can_not_know(
    previews: list[MarginPreviewed], account: AccountReported | None, words: str
) -> None:
    assert words in (margin_reason_against(previews, account, 10) or "")
