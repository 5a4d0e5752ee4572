"""The table of codes: every row can be said, and no source stands without one."""

import pytest

from microfutures.twsim.errors import SOURCES, SYSTEM_NOTICES, WORDING, wording


def test_every_source_is_of_a_row() -> None:
    assert SOURCES.keys() <= WORDING.keys()


@pytest.mark.parametrize("code", WORDING)
def test_every_row_can_be_said_without_its_blanks_and_with_them(code: int) -> None:
    assert "{" not in wording(code)
    said = wording(code, detail="<detail>", rate=51, limit=50, number=1, request_id=7, order_id=8)
    assert ("<detail>" in said) == ("{detail}" in WORDING[code])


def test_notices_of_a_new_connection_are_worded_as_in_the_table() -> None:
    for code, text in SYSTEM_NOTICES:
        assert text == wording(code, detail=text.rpartition(":")[2])
