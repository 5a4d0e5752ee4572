"""Every request of every client gets the answer that TWS gives."""

import pytest

from conformance import third_client
from conformance.clients import Result, requests_of, rows_of
from conformance.table import PYTHON_CLIENTS, play_all, rendered


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return play_all()


@pytest.mark.parametrize("client", PYTHON_CLIENTS, ids=lambda client: str(client.__module__))
def test_every_request_of_a_client_has_a_row(client: type) -> None:
    assert set(requests_of(client)) == {row.method for row in rows_of(client)}


@pytest.mark.slow
def test_every_request_is_answered_as_by_tws(results: list[Result]) -> None:
    wrong = [
        (result.client, result.row.method, result.row.note, result.answer)
        for result in results
        if not result.is_answered
    ]
    assert not wrong, rendered(results)


@pytest.mark.slow
def test_all_clients_hear_the_same(results: list[Result]) -> None:
    """An answer that differs is one client's own refusal, or its own name for a callback."""
    heard: dict[tuple[str, str], set[str | None]] = {}
    for result in results:
        heard.setdefault((result.row.method, result.row.note), set()).add(result.answer)
    differing = {method for (method, _), answers in heard.items() if len(answers) > 1}
    assert differing == {"reqMktData", "verifyRequest", "verifyAndAuthRequest"}


def test_third_client_has_a_row_for_every_request() -> None:
    reason = third_client.missing()
    if reason is not None:
        pytest.skip(reason)
    known = {third_client.OTHER_NAMES.get(row.method, row.method) for row in third_client.rows()}
    assert known == third_client.requests()


@pytest.mark.slow
def test_third_client_took_part(results: list[Result]) -> None:
    reason = third_client.missing()
    if reason is not None:
        pytest.skip(reason)
    assert third_client.NAME in {result.client for result in results}
