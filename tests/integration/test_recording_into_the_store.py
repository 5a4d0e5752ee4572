"""`--record`: what a desk saw is in the store, whatever became of the desk, and can be played."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.waiting import wait_until
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.store.errors import StoreError
from microfutures.adapters.store.follower import PLACES_NAME, JournalFollower
from microfutures.adapters.store.series import Kind, Series
from microfutures.adapters.store.store import MarketStore
from microfutures.adapters.stored_tapes import load_stored
from microfutures.app.cli import main
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote
from microfutures.model.timestamp import seconds
from microfutures.ports.journal import JournalRecord
from microfutures.venue.messages import BookUpdate

ROOT = Path(__file__).parents[2]
SYMBOLS = ("MCL", "USO")
BEGAN_NS = 1_790_000_000 * 10**9


def quotes_in(journal: Path) -> int:
    """Return how many quotes a journal has on disk."""
    if not journal.exists():
        return 0
    database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        return int(
            database.execute("SELECT count(*) FROM records WHERE name = 'Quote'").fetchone()[0]
        )
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def rows_in(store: Path) -> int:
    every = MarketStore(store)
    return sum(every.extent(series).rows for series in every.series())


def run(*flags: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(flag) for flag in flags])
    return int(ended.value.code or 0)


@pytest.mark.slow
def test_recorded_run_is_whole_and_can_be_played(tmp_path: Path) -> None:
    store, logs = tmp_path / "store", tmp_path / "logs"
    code = run("--simulate", "--virtual-time", "--duration", "30m", "--log-dir", logs,
               "--display", "none", "--record", store)  # fmt: skip
    assert code == 0
    assert rows_in(store) == quotes_in(logs / "journal_simulated.sqlite3") > 5_000
    market = load_stored(store, symbols=SYMBOLS)
    assert {type(update) for update in market.updates()} == {BookUpdate}
    code = run("backtest", "--data", store, "--no-journal", "--output", tmp_path / "backtest")
    assert code == 0
    assert len((tmp_path / "backtest" / "round_trips.csv").read_text().splitlines()) > 2


@pytest.mark.slow
def test_nothing_that_was_journaled_is_lost_with_a_killed_desk(tmp_path: Path) -> None:
    store, logs = tmp_path / "store", tmp_path / "logs"
    journal = logs / "journal_simulated.sqlite3"
    words = ["--simulate", "--speed", "30", "--log-dir", logs, "--display", "none",
             "--record", store]  # fmt: skip
    command = [sys.executable, "main.py", *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: process.poll() is not None or quotes_in(journal) >= 500)
        process.kill()
    wanted = quotes_in(journal)
    assert wanted >= 500
    # The follower ends by itself when it has caught up; nobody waits for it then.
    wait_until(lambda: (store / PLACES_NAME).exists() and rows_in(store) >= wanted)
    assert rows_in(store) == wanted
    assert caught_up(JournalFollower(journal, store)) == 0


def caught_up(follower: JournalFollower) -> int:
    """Catch up as soon as nobody else writes the store."""
    while True:
        try:
            return follower.catch_up()
        except StoreError:
            os.sched_yield()


def test_folder_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "store").write_text("a file")
    code = run("--simulate", "--log-dir", tmp_path / "logs", "--record", tmp_path / "store")
    assert code == 2
    assert "--record" in capsys.readouterr().err
    assert not (tmp_path / "logs").exists()


def quote(place: int, bid: float = 70.0) -> Quote:
    return Quote(
        InstrumentId("MCLK6"), BEGAN_NS + seconds(place), bid=bid, ask=bid + 0.01, bid_size=3,
        ask_size=4,
    )  # fmt: skip


def write(journal: Path, quotes: list[Quote], *, after: int = 0) -> None:
    import msgspec

    with SqliteJournal(journal) as opened:
        for sequence, each in enumerate(quotes, after + 1):
            payload = msgspec.json.encode(each)
            opened.append(JournalRecord(sequence, each.time_ns, "market", "Quote", payload))
        opened.commit()


def test_follower_goes_on_where_it_stopped_and_twice_changes_nothing(tmp_path: Path) -> None:
    journal, store = tmp_path / "journal.sqlite3", tmp_path / "store"
    write(journal, [quote(place) for place in range(5)])
    assert JournalFollower(journal, store).catch_up() == 5
    write(journal, [quote(place) for place in range(5, 8)], after=5)
    assert JournalFollower(journal, store).catch_up() == 3
    # Killed after the rows were written and before their place was: they come again.
    (store / PLACES_NAME).unlink()
    assert JournalFollower(journal, store).catch_up() == 0
    assert rows_in(store) == 8


def test_new_journal_of_an_old_name_is_read_from_its_beginning(tmp_path: Path) -> None:
    journal, store = tmp_path / "journal.sqlite3", tmp_path / "store"
    write(journal, [quote(place) for place in range(5)])
    JournalFollower(journal, store).catch_up()
    journal.unlink()
    write(journal, [quote(place, 71.0) for place in range(100, 103)])
    assert JournalFollower(journal, store).catch_up() == 3
    (place,) = json.loads((store / PLACES_NAME).read_bytes()).values()
    assert place["sequence"] == 3


def test_half_written_file_is_never_read_as_whole(tmp_path: Path) -> None:
    journal, store = tmp_path / "journal.sqlite3", tmp_path / "store"
    write(journal, [quote(place) for place in range(5)])
    JournalFollower(journal, store).catch_up()
    series = Series("MCLK26", Kind.QUOTES, "tick")
    (file,) = MarketStore(store).files(series)
    half = file.read_bytes()[: file.stat().st_size // 2]
    file.with_suffix(".part").write_bytes(half)
    assert MarketStore(store).read(series).num_rows == 5
    write(journal, [quote(5)], after=5)
    assert JournalFollower(journal, store).catch_up() == 1
    assert not file.with_suffix(".part").exists()
