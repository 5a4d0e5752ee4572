"""Nonsense from eight clients at a time: the ninth notices nothing, and nothing fails."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from benchmarks.fuzz import Findings, fuzz

from microfutures.twsim.handlers.table import HANDLERS


def assert_clean(findings: Findings) -> None:
    assert findings.failures == {}
    assert findings.disturbances == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nonsense_is_refused_or_ends_its_own_connection(seed: int) -> None:
    findings = fuzz(1_500, seed)
    assert_clean(findings)
    assert findings.disconnected > 5
    assert {"320", "505", "200", "321"} <= set(findings.errors)


@pytest.mark.slow
def test_memory_stays_flat_over_many_servers() -> None:
    # In a process of its own: here the peak may be of another test.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        findings = pool.submit(fuzz, 60_000, 3).result()
    assert_clean(findings)
    first, *_, last = findings.peak_megabytes
    # Servers that were kept would be 4 MiB each.
    assert last - first < 10


def test_fuzzer_finds_what_is_put_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(session: object, reader: object) -> None:
        raise KeyError("planted")

    monkeypatch.setitem(HANDLERS, 49, broken)
    findings = fuzz(300, 1)
    assert any(place.startswith("KeyError at test_twsim_nonsense") for place in findings.failures)
    assert findings.disturbances
