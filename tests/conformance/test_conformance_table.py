"""Every request of every client gets the answer that TWS gives."""

from typing import Any

import pytest

from conformance import old_client, third_client
from conformance.results import Result, requests_of, rows_of
from conformance.table import PYTHON_CLIENTS, play_all, rendered
from conformance.versions import SERVER_VERSIONS, play_version


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


DIFFERING = {
    "reqMktData": "ib_async has its own name for the callback",
    "reqHistoricalData": "schedules came after release 9.81",
    "verifyRequest": "ibapi refuses it by itself",
    "verifyAndAuthRequest": "ibapi refuses it by itself",
}


@pytest.mark.slow
def test_all_clients_hear_the_same(results: list[Result]) -> None:
    heard: dict[tuple[str, str], set[str | None]] = {}
    for result in results:
        heard.setdefault((result.row.method, result.row.note), set()).add(result.answer)
    differing = {method for (method, _), answers in heard.items() if len(answers) > 1}
    assert differing <= set(DIFFERING)


@pytest.mark.slow
@pytest.mark.parametrize("version", SERVER_VERSIONS)
def test_every_request_is_answered_at_an_older_server_version(version: int) -> None:
    wrong = [
        (result.row.method, result.row.note, result.answer)
        for result in play_version(version)
        if not result.is_answered
    ]
    assert not wrong


def test_old_client_has_a_row_for_every_request() -> None:
    reason = old_client.missing()
    if reason is not None:
        pytest.skip(reason)
    assert {row.method for row in old_client.rows()} == old_client.requests()


def test_third_client_has_a_row_for_every_request() -> None:
    reason = third_client.missing()
    if reason is not None:
        pytest.skip(reason)
    known = {third_client.OTHER_NAMES.get(row.method, row.method) for row in third_client.rows()}
    assert known == third_client.requests()


@pytest.mark.slow
@pytest.mark.parametrize("client", [old_client, third_client], ids=lambda client: client.NAME)
def test_client_of_its_own_process_took_part(client: Any, results: list[Result]) -> None:
    reason = client.missing()
    if reason is not None:
        pytest.skip(reason)
    assert client.NAME in {result.client for result in results}
