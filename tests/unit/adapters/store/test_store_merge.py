"""What the store does with rows it has, rows it hasn't, and a crash."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.store.errors import ConflictError, StoreError
from microfutures.adapters.store.journals import plan_journal
from microfutures.adapters.store.series import Kind, Series
from microfutures.adapters.store.store import MarketStore, Merge, OnConflict
from microfutures.adapters.store.tidy import to_table
from microfutures.adapters.writer_lock import WriterLock
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote
from microfutures.ports.journal import JournalRecord

PRICES = Series("CLK20", Kind.PRICES, "1m")
QUOTES = Series("MCLK26", Kind.QUOTES, "tick")
MINUTE_NS = 60 * 10**9
START_NS = int(datetime(2026, 1, 31, 23, 50, tzinfo=UTC).timestamp()) * 10**9


def prices(minutes: dict[int, float]) -> pa.Table:
    moments = np.array([START_NS + minute * MINUTE_NS for minute in sorted(minutes)])
    return to_table(
        Kind.PRICES, moments, {"price": np.array([minutes[key] for key in sorted(minutes)])}
    )


def quotes(rows: list[tuple[int, float]]) -> pa.Table:
    columns = {name: np.ones(len(rows)) for name in ("ask", "bid_size", "ask_size", "last")}
    columns |= {"bid": np.array([bid for _, bid in rows]), "last_size": np.full(len(rows), np.nan)}
    return to_table(Kind.QUOTES, np.array([START_NS + at for at, _ in rows]), columns)


def test_series_whose_first_file_is_being_written_is_none_yet(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    store.merge(QUOTES, quotes([(0, 1.0)]), OnConflict.REFUSE)
    begun = tmp_path / PRICES.folder
    begun.mkdir(parents=True)
    (begun / "2026-01.part").touch()
    assert store.series() == [QUOTES]


def merge(store: MarketStore, series: Series, table: pa.Table) -> Merge:
    return store.merge(series, table, OnConflict.REFUSE)


def stored(store: MarketStore, series: Series = PRICES) -> dict[int, float]:
    table = store.read(series)
    moments = table["time"].cast("int64").to_pylist()
    return {
        (moment - START_NS) // MINUTE_NS: price
        for moment, price in zip(moments, table["price"].to_pylist(), strict=True)
    }


def test_same_rows_again_change_nothing(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    assert merge(store, PRICES, prices({0: 1.0, 1: 2.0})) == Merge(added=2)
    before = [path.stat().st_mtime_ns for path in store.files(PRICES)]
    assert merge(store, PRICES, prices({0: 1.0, 1: 2.0})) == Merge(known=2)
    assert [path.stat().st_mtime_ns for path in store.files(PRICES)] == before


def test_rows_go_to_the_file_of_their_month_and_overlaps_join(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    merge(store, PRICES, prices({0: 1.0, 9: 2.0, 10: 3.0}))
    assert merge(store, PRICES, prices({10: 3.0, 11: 4.0})) == Merge(added=1, known=1)
    assert [path.name for path in store.files(PRICES)] == ["2026-01.parquet", "2026-02.parquet"]
    assert stored(store) == {0: 1.0, 9: 2.0, 10: 3.0, 11: 4.0}


def test_other_numbers_for_a_moment_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    merge(store, PRICES, prices({0: 1.0, 10: 3.0}))
    with pytest.raises(ConflictError, match="1 rows differ from what is stored, the first at 2026"):
        merge(store, PRICES, prices({1: 9.0, 10: 3.5}))
    assert stored(store) == {0: 1.0, 10: 3.0}


def test_conflict_is_kept_or_replaced_when_asked(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    merge(store, PRICES, prices({0: 1.0}))
    assert store.merge(PRICES, prices({0: 2.0}), OnConflict.KEEP) == Merge(kept=1)
    assert stored(store) == {0: 1.0}
    assert store.merge(PRICES, prices({0: 2.0}), OnConflict.REPLACE) == Merge(replaced=1)
    assert stored(store) == {0: 2.0}


def test_quotes_that_come_twice_stay_twice_and_are_not_doubled_again(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    first = quotes([(0, 5.0), (0, 5.0), (1, 6.0)])
    assert merge(store, QUOTES, first) == Merge(added=3)
    assert merge(store, QUOTES, first) == Merge(known=3)
    assert merge(store, QUOTES, quotes([(1, 6.0), (1, 6.0)])) == Merge(added=1, known=1)
    assert store.read(QUOTES)["bid"].to_pylist() == [5.0, 5.0, 6.0, 6.0]


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(st.sets(st.integers(0, 40), min_size=1), min_size=1, max_size=4))
def test_store_is_the_union_whatever_the_order_of_imports(
    tmp_path_factory: pytest.TempPathFactory, imports: list[set[int]]
) -> None:
    store = MarketStore(tmp_path_factory.mktemp("store"))
    for minutes in imports:
        merge(store, PRICES, prices({minute: minute * 0.5 for minute in minutes}))
    assert stored(store) == {minute: minute * 0.5 for minute in sorted(set().union(*imports))}


def test_half_of_a_write_that_died_is_neither_seen_nor_in_the_way(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    merge(store, PRICES, prices({0: 1.0}))
    (file,) = store.files(PRICES)
    file.with_suffix(".part").write_bytes(b"PAR1 half")
    assert stored(store) == {0: 1.0}
    merge(store, PRICES, prices({1: 2.0}))
    assert stored(store) == {0: 1.0, 1: 2.0}


def test_damaged_file_is_named_when_read_and_when_merged(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    merge(store, PRICES, prices({0: 1.0}))
    (file,) = store.files(PRICES)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(StoreError, match="can't be read"):
        store.read(PRICES)
    with pytest.raises(StoreError, match=r"2026-01\.parquet: can't be read"):
        merge(store, PRICES, prices({1: 2.0}))


def test_second_importer_is_sent_away_and_a_readonly_place_is_named(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / ".lock")
    with pytest.raises(StoreError, match="another import writes this store; wait until"):
        merge(MarketStore(tmp_path), PRICES, prices({0: 1.0}))
    lock.release()
    merge(MarketStore(tmp_path), PRICES, prices({0: 1.0}))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the store can't be written: "):
        merge(MarketStore(tmp_path / "file" / "x"), PRICES, prices({0: 1.0}))


def test_range_is_half_open_and_unknown_series_are_named(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    merge(store, PRICES, prices({0: 1.0, 9: 2.0, 10: 3.0, 11: 4.0}))
    start = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    end = datetime(2026, 2, 1, 0, 1, tzinfo=UTC)
    assert store.read(PRICES, start, end)["price"].to_pylist() == [2.0, 3.0]
    with pytest.raises(StoreError, match=r"the store has no MCLK26/quotes_tick; it has CLK20/"):
        store.read(QUOTES)


def test_quotes_of_a_journal_are_imported_under_the_dated_contract(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with SqliteJournal(path) as journal:
        for number in range(3):
            quote = Quote(InstrumentId("MCLK6"), START_NS + number, 95.0 + number, None, 3.0)
            payload = msgspec.json.encode(quote)
            journal.append(JournalRecord(number + 1, START_NS, "market", "Quote", payload))
        journal.commit()
    (part,) = plan_journal(path).parts
    assert str(part.series) == "MCLK26/quotes_tick"
    assert part.table["bid"].to_pylist() == [95.0, 96.0, 97.0]
    assert part.table["ask"].null_count == 3
