"""Every way a file can be wrong: a named error with the line, or a repair that is said."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from microfutures.adapters.store.errors import (
    BrokenFileError,
    ColumnError,
    ConflictError,
    EmptyFileError,
    MomentError,
    PriceError,
    TimeZoneError,
)
from microfutures.adapters.store.journals import plan_journal
from microfutures.adapters.store.lean_zips import plan_lean
from microfutures.adapters.store.moments import TimeOptions
from microfutures.adapters.store.plan import ImportOptions, Plan, plan_import
from microfutures.adapters.tapes import TapeError

Write = Callable[[str], Path]
HEADER = "ts_utc,open,high,low,close,volume\n"
BAR = "95.00,95.10,94.98,95.08,40"


def row(minute: int, bar: str = BAR) -> str:
    return f"2026-03-26 14:{minute:02d}:00,{bar}\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        path = tmp_path / "MCL_1m.csv"
        path.write_text(text)
        return path

    return write_file


NO_WORD = TimeOptions()


def plan(path: Path, *, times: TimeOptions = NO_WORD, skip: bool = False) -> Plan:
    return plan_import(path, ImportOptions(times=times, skip_bad_rows=skip))


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", EmptyFileError, "the file is empty"),
        (HEADER, EmptyFileError, "a header and no rows"),
        ("1774531800,1,2,0,1,5\n", ColumnError, "the first line is no header"),
        ("ts_utc,high,low\n" + "2026-03-26 14:00,2,1\n", ColumnError, "no columns for open, high"),
        ("when,open,high,low,close\nx,1,2,0,1\n", ColumnError, "--column time=NAME"),
        ("ts_utc,open,open,high,low,close\n", ColumnError, "several columns are called open"),
        (HEADER + row(0) + "2026-03-26 14:01:00,95.0", BrokenFileError, "line 3: 2 fields"),
        (HEADER + row(0) + "2026-03-26 14:01:00,95.0", BrokenFileError, "in the middle of a row"),
        (HEADER + "2026-03-26 14:00,1\n" + row(1), BrokenFileError, "line 2: 2 fields where"),
        (HEADER + row(0) + row(1, "95.0,94.0,94.5,95,1"), PriceError, "line 3: these prices can't"),
        (HEADER + row(0) + row(1, "95.0,,94.5,95,1"), PriceError, "line 3: these prices can't be"),
        (HEADER + row(0) + row(1, "95.0,n/a,9,95,1"), PriceError, "line 3: these prices can't be"),
        (HEADER + row(0) + row(1, "95.0,x,9,95,1"), PriceError, "line 3: column high must be a nu"),
        (HEADER + row(0) + row(1, "95,inf,9,95,1"), PriceError, "column high must be a number"),
        (
            HEADER + row(0) + row(0, "95.00,95.20,94.98,95.08,41") + row(1),
            ConflictError,
            "line 3: two different rows for 2026-03-26T14:00:00 UTC; the other is line 2",
        ),
        (HEADER + row(0) + f"26.03.2026 14:01,{BAR}\n", MomentError, "line 3: column ts_utc holds"),
        (HEADER + row(0) + f"2026-02-30 14:01,{BAR}\n", MomentError, "line 3: column ts_utc is no"),
        (HEADER + f"12,{BAR}\n13,{BAR}\n", MomentError, "1970-01-01T00:00:12 UTC, before 1980"),
        (HEADER + f"1774531800,{BAR}\n1774531860000,{BAR}\n", MomentError, "counts in two units"),
        (HEADER + row(0), MomentError, "one moment doesn't tell how long a bar is"),
        (
            HEADER + row(0) + f"2026-03-26 10:01:00-04:00,{BAR}\n",
            TimeZoneError,
            "line 3: column ts_utc holds moments without a zone and then moments with an offset",
        ),
        (
            HEADER.replace("ts_utc", "time") + row(0) + row(1),
            TimeZoneError,
            "doesn't say its time zone; say it: --time-zone America/New_York",
        ),
    ],
)
def test_bad_file_is_refused_with_place_and_remedy(
    write: Write, text: str, error: type[TapeError], words: str
) -> None:
    with pytest.raises(error) as caught:
        plan(write(text))
    assert words in str(caught.value)
    assert "MCL_1m.csv" in str(caught.value)


def test_moment_that_a_time_zone_skips_is_refused(write: Write) -> None:
    text = HEADER.replace("ts_utc", "time") + f"2026-03-08 02:30,{BAR}\n2026-03-08 02:31,{BAR}\n"
    with pytest.raises(TimeZoneError, match="can't be in America/New_York"):
        plan(write(text), times=TimeOptions(time_zone="America/New_York"))


def test_moment_that_a_time_zone_has_twice_is_refused(write: Write) -> None:
    text = HEADER.replace("ts_utc", "time") + f"2026-11-01 01:30,{BAR}\n2026-11-01 01:31,{BAR}\n"
    with pytest.raises(TimeZoneError, match="can't be in America/New_York"):
        plan(write(text), times=TimeOptions(time_zone="America/New_York"))


def test_moment_in_the_future_is_refused(write: Write) -> None:
    with pytest.raises(MomentError, match="in the future; check unit and time zone"):
        plan(write(HEADER + row(0) + row(1)), times=TimeOptions(now_ns=1_700_000_000 * 10**9))


def test_rows_out_of_order_are_sorted_and_it_is_said(write: Write) -> None:
    (part,) = plan(write(HEADER + row(2) + row(0) + row(1) + row(3))).parts
    times = part.table["time"].cast("int64").to_pylist()
    assert times == sorted(times)
    assert part.repairs == ("sorted 2 rows that were out of order",)


def test_repeated_rows_are_dropped_and_it_is_said(write: Write) -> None:
    (part,) = plan(write(HEADER + row(0) + row(1) + row(1))).parts
    assert part.table.num_rows == 2
    assert part.repairs == ("dropped 1 rows that were there twice",)


def test_unfinished_rows_are_left_out_and_it_is_said(write: Write) -> None:
    text = HEADER.strip() + ",final\n" + "".join(
        row(minute).strip() + f",{int(minute < 2)}\n" for minute in range(3)
    )  # fmt: skip
    found = plan(write(text))
    assert found.notes == ("left out 1 unfinished rows",)
    assert found.parts[0].table.num_rows == 2


def test_bad_rows_are_left_out_only_when_asked_and_counted(write: Write) -> None:
    text = HEADER + row(0) + row(1, "95,94,94.5,95,1") + row(2) + row(3) + "2026-03-26 14"
    found = plan(write(text), skip=True)
    assert found.notes == (
        "left out 1 rows with the wrong number of fields, line 6",
        "left out 1 impossible rows, line 3",
    )
    assert found.parts[0].table.num_rows == 3


def test_blank_lines_do_not_shift_the_line_that_is_named(write: Write) -> None:
    with pytest.raises(PriceError, match="line 5: column high"):
        plan(write(HEADER + row(0) + "\n\n" + row(1, "95,x,94.5,95,1") + row(2)))


def test_parquet_row_without_a_moment_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "MCL_1m.parquet"
    times = pa.array([1_774_531_800, None], pa.timestamp("s", "UTC"))
    prices = {name: [1.0, 1.0] for name in ("open", "high", "low", "close")}
    parquet.write_table(pa.table({"ts": times, **prices}), path)
    with pytest.raises(MomentError, match="line 3: column ts is no moment: None"):
        plan(path)


def test_half_written_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "MCL_1m.parquet"
    whole = plan_import_table(tmp_path)
    parquet.write_table(whole, path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BrokenFileError, match="no readable Parquet"):
        plan(path)


def plan_import_table(folder: Path) -> object:
    source = folder / "MCL_2m.csv"
    source.write_text(HEADER + row(0) + row(1))
    return plan(source).parts[0].table


def test_file_that_does_not_tell_its_instrument_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(HEADER + row(0) + row(1))
    with pytest.raises(ColumnError, match="--instrument, like MCL"):
        plan(path)


def test_half_written_lean_zip_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "future" / "cme" / "minute" / "es"
    folder.mkdir(parents=True)
    path = folder / "20131007_trade.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20131007_es_minute_trade_201312.csv", "0,1,2,0,1,5\n" * 50)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BrokenFileError, match="no readable zip"):
        plan_lean(path)


def test_zip_outside_of_leans_folders_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "20131007_trade.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.csv", "0,1,2,0,1,5\n")
    with pytest.raises(BrokenFileError, match="its folders don't say equity or future"):
        plan_lean(path)


def test_factor_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "equity" / "usa" / "factor_files"
    folder.mkdir(parents=True)
    path = folder / "uso.csv"
    path.write_text("20060410,1,8,1\n20200428,1,8,2.13\n2050")
    with pytest.raises(BrokenFileError, match=r"line 3: no row of a factor file: '2050'"):
        plan_lean(path)


def test_other_database_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"SQLite format 3\0" + bytes(500))
    with pytest.raises(BrokenFileError, match="name the journal of a run"):
        plan_journal(path)
