import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microfutures.adapters.log_exports import event_line, export_logs, export_steps
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.ports.journal import JournalRecord

STAMP_NS = 1_795_428_900_000_000_000  # 2026-11-23 10:15:00 UTC
NAMES = ("connection_log", "market_data_log", "order_execution_log")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with SqliteJournal(tmp_path / "journal.db") as opened:
        yield opened


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    return directory


def add(journal: SqliteJournal, kind: str, payload: bytes = b'{"a":1}', count: int = 1) -> None:
    for _ in range(count):
        sequence = journal.last_sequence() + 1
        moment = STAMP_NS + sequence * 1_000_000_000
        journal.append(JournalRecord(sequence, moment, kind, "Event", payload))


def document(path: Path) -> dict[str, object]:
    value: dict[str, object] = json.loads(path.read_text())
    return value


def seed_files(logs: Path) -> None:
    """Give each sort a file, so that one without news gets no other."""
    for name in NAMES:
        (logs / f"{name}_20200101_000000.json").write_text('{"events": []}')


def sequences(files: list[Path]) -> list[int]:
    return [event["sequence"] for path in files for event in json.loads(path.read_text())["events"]]


def test_each_kind_goes_to_its_own_file(journal: SqliteJournal, logs: Path) -> None:
    for kind in ("connection", "market", "order", "decision", "equity", "system"):
        add(journal, kind)
    files = export_logs(journal, logs, STAMP_NS)
    assert [path.name for path in files] == [f"{name}_20261123_101500.json" for name in NAMES]
    assert [sequences([path]) for path in files] == [[1], [2], [3, 4]]
    assert document(files[2]) == {
        "log": "order_execution_log",
        "from": "2026-11-23T10:15:03.000Z",
        "to": "2026-11-23T10:15:04.000Z",
        "count": 2,
        "events": [
            {"time": "2026-11-23T10:15:03.000Z", "sequence": 3, "name": "Event", "a": 1},
            {"time": "2026-11-23T10:15:04.000Z", "sequence": 4, "name": "Event", "a": 1},
        ],
    }


def test_a_second_export_holds_only_the_news(journal: SqliteJournal, logs: Path) -> None:
    seed_files(logs)
    add(journal, "order")
    first = export_logs(journal, logs, STAMP_NS)
    add(journal, "order")
    second = export_logs(journal, logs, STAMP_NS)
    assert sequences(first) == [1]
    assert sequences(second) == [2]
    assert second[0].name == "order_execution_log_20261123_101500_2.json"
    assert export_logs(journal, logs, STAMP_NS) == []


def test_a_sort_without_any_file_gets_an_empty_one(journal: SqliteJournal, logs: Path) -> None:
    files = export_logs(journal, logs, STAMP_NS)
    assert [path.name.rsplit("_", 2)[0] for path in files] == list(NAMES)
    assert document(files[0]) == {
        "log": "connection_log",
        "from": None,
        "to": None,
        "count": 0,
        "events": [],
    }
    assert export_logs(journal, logs, STAMP_NS) == []


def test_the_marks_survive_a_restart(tmp_path: Path, logs: Path) -> None:
    with SqliteJournal(tmp_path / "j.db") as first:
        seed_files(logs)
        add(first, "connection", count=3)
        export_logs(first, logs, STAMP_NS)
    with SqliteJournal(tmp_path / "j.db") as second:
        add(second, "connection")
        assert sequences(export_logs(second, logs, STAMP_NS + 10**9)) == [4]


def test_what_is_appended_while_exporting_waits_for_the_next_export(
    journal: SqliteJournal, logs: Path
) -> None:
    add(journal, "market", count=1_200)
    steps = export_steps(journal, logs, STAMP_NS)
    paused = 0
    for _ in steps:
        paused += 1
        add(journal, "market")
    assert paused >= 4
    first = sequences(sorted(logs.glob("market*.json")))
    second = sequences(export_logs(journal, logs, STAMP_NS + 10**9))
    assert first == list(range(1, 1_201))
    assert second == list(range(1_201, 1_201 + paused))


def test_an_abandoned_export_leaves_nothing_and_is_made_up_for(
    journal: SqliteJournal, logs: Path
) -> None:
    seed_files(logs)
    add(journal, "market", count=1_200)
    steps = export_steps(journal, logs, STAMP_NS)
    for _ in range(4):
        next(steps)
    assert len(list(logs.iterdir())) == 4
    steps.close()
    assert len(list(logs.iterdir())) == 3
    assert len(sequences(export_logs(journal, logs, STAMP_NS))) == 1_200


def test_a_half_file_of_a_crash_is_cleared_away(journal: SqliteJournal, logs: Path) -> None:
    (logs / ".market_data_log_20261123_101400.json.tmp").write_text('{"log"')
    add(journal, "market")
    export_logs(journal, logs, STAMP_NS)
    assert sorted(path.name for path in logs.iterdir()) == [
        f"{name}_20261123_101500.json" for name in NAMES
    ]


def test_only_the_newest_files_of_ours_are_kept(journal: SqliteJournal, logs: Path) -> None:
    for path in export_logs(journal, logs, STAMP_NS - 10**9):
        os.utime(path, ns=(1, 1))
    mine = logs / "order_execution_log_of_my_own.json"
    mine.write_text("{}")
    for number in range(5):
        add(journal, "order")
        for path in export_logs(journal, logs, STAMP_NS + number * 10**9, keep=2):
            os.utime(path, ns=(2**60 + number, 2**60 + number))
    assert sorted(path.name for path in logs.glob("order*")) == [
        "order_execution_log_20261123_101503.json",
        "order_execution_log_20261123_101504.json",
        mine.name,
    ]


def test_an_unwritable_place_is_an_os_error_and_nothing_is_marked(
    journal: SqliteJournal, logs: Path
) -> None:
    add(journal, "connection")
    with pytest.raises(OSError, match="No such file"):
        export_logs(journal, logs / "missing", STAMP_NS)
    seed_files(logs)
    assert sequences(export_logs(journal, logs, STAMP_NS)) == [1]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"{}", {}),
        (b"[1,2]", {"payload": [1, 2]}),
        (b'"text"', {"payload": "text"}),
        (b'{"name":"mine","b":2}', {"payload": {"name": "mine", "b": 2}}),
        (b'{"b":{"name":"inner"}}', {"b": {"name": "inner"}}),
    ],
)
def test_odd_payloads_keep_the_line_unambiguous(
    payload: bytes, expected: dict[str, object]
) -> None:
    line = json.loads(event_line(JournalRecord(1, STAMP_NS, "order", 'N"\n', payload)))
    head = {"time": "2026-11-23T10:15:00.000Z", "sequence": 1, "name": 'N"\n'}
    assert line == head | expected


@settings(max_examples=50, deadline=None)
@given(
    payload=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    name=st.text(),
)
def test_every_payload_makes_one_valid_json_line(payload: object, name: str) -> None:
    record = JournalRecord(1, STAMP_NS, "order", name, json.dumps(payload).encode())
    line = event_line(record)
    assert b"\n" not in line
    members = dict(json.loads(line))
    assert members["name"] == name
    assert members["sequence"] == 1
    is_plain = isinstance(payload, dict) and payload.keys().isdisjoint(("time", "sequence", "name"))
    own = payload if isinstance(payload, dict) and is_plain else {"payload": payload}
    assert members == own | {key: members[key] for key in ("time", "sequence", "name")}
