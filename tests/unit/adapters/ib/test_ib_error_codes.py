import pytest

from microfutures.adapters.ib import error_codes
from microfutures.adapters.ib.code_class import CodeClass
from microfutures.adapters.ib.error_codes import CODES, UNKNOWN, classify
from microfutures.model.events import Severity

ROWS = (
    *error_codes._TWS_MESSAGES,
    *error_codes._CLIENT_MESSAGES,
    *error_codes._SYSTEM_MESSAGES,
    *error_codes._HIGH_MESSAGES,
)


def test_no_code_has_two_rows() -> None:
    codes = [code for row in ROWS for code in row[0]]
    assert len(codes) == len(set(codes)) == len(CODES)
    assert len(codes) > 400


def test_what_a_person_sees_has_advice() -> None:
    loud = (Severity.WARNING, Severity.ERROR)
    silent = [code for code, each in CODES.items() if each.severity in loud and not each.advice]
    # These three say all there is to say in TWS's own words.
    assert set(silent) <= {308, 319, 405, 432, 10018, 10019}


@pytest.mark.parametrize("code", [10349, 399, 404, 2109, 2137, 105, 329, 10311, 99_999, -1])
def test_remarks_and_unknown_codes_kill_nothing(code: int) -> None:
    facts = classify(code)
    assert not facts.refuses_order
    assert not facts.fails_request


@pytest.mark.parametrize("code", [103, 110, 201, 203, 321, 383, 387, 451, 10243, 10268])
def test_refusals_refuse(code: int) -> None:
    assert classify(code).refuses_order
    assert classify(code).fails_request


@pytest.mark.parametrize("code", [135, 161, 202, 10147, 10148])
def test_news_of_a_cancel_is_neither_a_refusal_nor_loud(code: int) -> None:
    facts = classify(code)
    assert facts.code_class is CodeClass.CANCEL
    assert not facts.refuses_order
    assert facts.severity is Severity.INFO


@pytest.mark.parametrize("code", [2104, 2106, 2158, 2107, 2108, 2119])
def test_good_news_of_farms_is_quiet(code: int) -> None:
    assert classify(code).severity is Severity.DEBUG


@pytest.mark.parametrize("code", [2103, 2105, 2157])
def test_a_lost_farm_is_no_lost_connection(code: int) -> None:
    assert classify(code).code_class is CodeClass.FARM


@pytest.mark.parametrize("code", [326, 502, 504, 1100, 1300])
def test_connection_codes_say_what_to_do(code: int) -> None:
    facts = classify(code)
    assert facts.code_class is CodeClass.CONNECTION
    assert facts.advice


def test_an_unknown_code_is_a_warning_with_advice() -> None:
    assert classify(123_456) is UNKNOWN
    assert UNKNOWN.severity is Severity.WARNING
    assert UNKNOWN.advice
