import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microfutures.adapters.sqlite_journal import BUFFER_RECORDS, SqliteJournal
from microfutures.model.errors import JournalError
from microfutures.ports.journal import Journal, JournalRecord

SOURCES = Path(__file__).parents[3] / "src"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def record(sequence: int, kind: str = "market", payload: bytes = b'{"a":1}') -> JournalRecord:
    return JournalRecord(sequence, 1_000 + sequence, kind, "Name", payload)


def in_another_process(source: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", source, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_journal_satisfies_the_port(path: Path) -> None:
    with SqliteJournal(path) as journal:
        port: Journal = journal
        port.append(record(1))
        port.commit()


def test_records_come_back_as_they_were_after_reopening(path: Path) -> None:
    records = [record(n, kind) for n, kind in enumerate(["market", "order", "system"], start=1)]
    with SqliteJournal(path) as journal:
        for each in records:
            journal.append(each)
    with SqliteJournal(path) as journal:
        assert list(journal.read()) == records
        assert journal.last_sequence() == 3


def test_a_payload_is_json_to_any_client_of_sqlite(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal.append(record(1, payload='{"is":"déjà vu"}'.encode()))
    database = sqlite3.connect(path)
    asked = "SELECT typeof(payload), json_extract(payload, '$.is') FROM records"
    assert database.execute(asked).fetchall() == [("text", "déjà vu")]
    database.close()


def test_reading_by_kind_and_sequence_selects(path: Path) -> None:
    with SqliteJournal(path) as journal:
        for sequence in range(1, 5_001):
            journal.append(record(sequence, "order" if sequence % 10 == 0 else "market"))
        orders = [each.sequence for each in journal.read({"order", "decision"})]
        both = [each.sequence for each in journal.read({"order", "market"}, after_sequence=4_990)]
        assert orders == list(range(10, 5_001, 10))
        assert both == list(range(4_991, 5_001))
        assert list(journal.read(set())) == []


def test_reading_orders_uses_the_small_index(path: Path) -> None:
    from microfutures.adapters.journal_pages import _PAGE_BUT_MARKET

    with SqliteJournal(path) as journal:
        journal.append(record(1))
    with sqlite3.connect(path) as database:
        plan = database.execute("EXPLAIN QUERY PLAN " + _PAGE_BUT_MARKET, (0, "[]", 5)).fetchall()
    database.close()
    assert any("records_but_market" in str(row) for row in plan)
    assert not any("TEMP B-TREE" in str(row) for row in plan)


def test_a_sequence_that_does_not_grow_is_refused(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal.append(record(7))
        with pytest.raises(JournalError, match="record 7 comes after 7"):
            journal.append(record(7))


def test_a_full_buffer_is_written_without_a_commit(path: Path) -> None:
    journal = SqliteJournal(path)
    for sequence in range(1, BUFFER_RECORDS + 1):
        journal.append(record(sequence))
    with sqlite3.connect(path) as reader:
        assert reader.execute("SELECT count(*) FROM records").fetchone() == (BUFFER_RECORDS,)
    reader.close()
    journal.close()


def test_anybody_can_read_while_it_is_written(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal.append(record(1))
        journal.commit()
        source = (
            "import sqlite3,sys; print(sqlite3.connect(sys.argv[1])"
            ".execute('SELECT count(*) FROM records').fetchone()[0])"
        )
        assert in_another_process(source, path).stdout.strip() == "1"


def test_a_second_writer_is_told_who_the_first_is(path: Path) -> None:
    source = (
        "import sys; from pathlib import Path\n"
        "from microfutures.adapters.sqlite_journal import SqliteJournal\n"
        "from microfutures.model.errors import JournalError\n"
        "try: SqliteJournal(Path(sys.argv[1]))\n"
        "except JournalError as error: print(error)"
    )
    with SqliteJournal(path):
        answer = in_another_process(source, path)
        assert f"process {os.getpid()}" in answer.stdout
        assert "journal.db " in answer.stdout
        with pytest.raises(JournalError, match="is written by"):
            SqliteJournal(path)
    assert in_another_process(source, path).stdout == ""


def test_what_was_committed_survives_a_kill(path: Path) -> None:
    source = (
        "import os, signal, sys; from pathlib import Path\n"
        "from microfutures.adapters.sqlite_journal import SqliteJournal\n"
        "from microfutures.ports.journal import JournalRecord\n"
        "journal = SqliteJournal(Path(sys.argv[1]))\n"
        "for n in (1, 2): journal.append(JournalRecord(n, n, 'order', 'X', b'{}'))\n"
        "journal.commit()\n"
        "journal.append(JournalRecord(3, 3, 'order', 'X', b'{}'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert in_another_process(source, path).returncode == -9
    with SqliteJournal(path) as journal:
        assert [each.sequence for each in journal.read()] == [1, 2]


def test_a_torn_tail_of_the_write_ahead_log_costs_only_the_torn_commit(tmp_path: Path) -> None:
    path, torn = tmp_path / "a.db", tmp_path / "b.db"
    journal = SqliteJournal(path)
    for sequence in (1, 2, 3):
        journal.append(record(sequence, "order"))
        journal.commit()
    log = path.with_name("a.db-wal").read_bytes()
    torn.write_bytes(path.read_bytes())
    torn.with_name("b.db-wal").write_bytes(log[:-2_000])
    journal.close()
    with SqliteJournal(torn) as survivor:
        assert [each.sequence for each in survivor.read()] == [1, 2]


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"hello, I am something else entirely\n" * 200)
    before = path.read_bytes()
    with pytest.raises(JournalError, match="not a journal; move it away"):
        SqliteJournal(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="another program"):
        SqliteJournal(path)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(path: Path) -> None:
    SqliteJournal(path).close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE schema_version SET version = 99")
    database.close()
    with pytest.raises(JournalError, match="schema version 99"):
        SqliteJournal(path)


def test_damaged_pages_are_reported_with_a_remedy(path: Path) -> None:
    with SqliteJournal(path) as journal:
        for sequence in range(1, 3_000):
            journal.append(record(sequence, payload=b'{"x":"%d"}' % (sequence * 7_919)))
    damaged = bytearray(path.read_bytes())
    damaged[8_192:] = b"\xff" * (len(damaged) - 8_192)
    path.write_bytes(damaged)
    with pytest.raises(JournalError, match="recover"), SqliteJournal(path) as journal:
        list(journal.read())


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="check the directory"):
        SqliteJournal(tmp_path / "no" / "journal.db")


def test_a_full_disk_is_an_error_and_loses_nothing_committed(path: Path) -> None:
    # A limit on the size of files fails a write as a full disk does.
    source = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from microfutures.adapters.sqlite_journal import SqliteJournal\n"
        "from microfutures.model.errors import JournalError\n"
        "from microfutures.ports.journal import JournalRecord\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "journal = SqliteJournal(Path(sys.argv[1]))\n"
        "journal.append(JournalRecord(1, 1, 'order', 'X', b'{}')); journal.commit()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    for n in range(2, 3_000): journal.append(JournalRecord(n, n, 'm', 'X', b'{}' * 500))\n"
        "    journal.commit()\n"
        "except JournalError as error: print(error)\n"
    )
    answer = in_another_process(source, path)
    assert "free space" in answer.stdout, answer
    with SqliteJournal(path) as journal:
        assert next(iter(journal.read())).sequence == 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_meta_and_the_count_of_starts_survive(path: Path) -> None:
    with SqliteJournal(path) as journal:
        assert journal.get_meta("x") is None
        journal.set_meta("x", "1")
        journal.set_meta("x", "2")
        assert journal.count_start() == 1
    with SqliteJournal(path) as journal:
        assert journal.get_meta("x") == "2"
        assert journal.count_start() == 2


def test_closing_twice_is_harmless(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(record(1))
    journal.close()
    journal.close()
    with SqliteJournal(path) as again:
        assert again.last_sequence() == 1


@settings(max_examples=25, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["market", "order", "decision"]), min_size=1, max_size=300),
    commits=st.lists(st.booleans(), min_size=300, max_size=300),
)
def test_same_records_make_the_same_file_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], commits: list[bool]
) -> None:
    files = []
    for _ in range(2):
        path = tmp_path_factory.mktemp("same") / "journal.db"
        with SqliteJournal(path) as journal:
            journal.count_start()
            for sequence, (kind, commit) in enumerate(zip(kinds, commits, strict=False), start=1):
                journal.append(record(sequence, kind, b'{"n":"%s"}' % (b"x" * (sequence % 97))))
                if commit:
                    journal.commit()
        files.append(path.read_bytes())
    assert files[0] == files[1]


def test_a_disk_without_room_for_the_name_of_the_writer_is_told(path: Path) -> None:
    source = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from microfutures.adapters.sqlite_journal import SqliteJournal\n"
        "from microfutures.model.errors import JournalError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"
        "try: SqliteJournal(Path(sys.argv[1]))\n"
        "except JournalError as error: print(error)\n"
    )
    answer = in_another_process(source, path)
    assert "free some space on the disk" in answer.stdout, answer
