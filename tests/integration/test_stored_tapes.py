"""Imported files play like the files themselves."""

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from microfutures.adapters.store.plan import ImportOptions, plan_import
from microfutures.adapters.store.store import MarketStore, OnConflict
from microfutures.adapters.stored_tapes import is_store, load_stored
from microfutures.adapters.tapes import TapeError, load_tapes

DATA = Path(__file__).parents[3] / "shared" / "data"
SYMBOLS = ("MCL", "USO")


def stored(root: Path, *files: Path) -> Path:
    for file in files:
        for part in plan_import(file, ImportOptions()).parts:
            MarketStore(root).merge(part.series, part.table, OnConflict.REFUSE)
    return root


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_store_plays_the_same_updates_as_the_files(tmp_path: Path) -> None:
    folder = DATA / "micro_2026"
    root = stored(tmp_path / "s", *(folder / f"{symbol}_1m.csv" for symbol in SYMBOLS))
    assert is_store(root)
    start = datetime(2026, 3, 26, 13, 30, tzinfo=UTC)
    end = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)
    ours = load_stored(root, symbols=SYMBOLS, start=start, end=end)
    theirs = load_tapes(folder, symbols=SYMBOLS, start=start, end=end)
    updates = list(ours.updates())
    assert len(updates) > 5_000
    assert updates == list(theirs.updates())
    front = ours.instruments[0].instrument_id
    assert ours.history(front, ours.start_ns, 60, 5) == theirs.history(front, ours.start_ns, 60, 5)
    assert ours.describe().startswith("stored tape: MCL/bars_1m, USO/bars_1m")


def month(folder: Path, name: str) -> Path:
    path = folder / f"{name}_1m.csv"
    rows = [f"2026-03-26 14:{minute:02d}:00,95,95.1,94.9,95.05,40" for minute in range(5)]
    path.write_text("ts_utc,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    return path


def test_single_months_are_played_as_contracts_of_their_own(tmp_path: Path) -> None:
    files = [month(tmp_path, name) for name in ("MCLK26", "MCLM26")]
    market = load_stored(stored(tmp_path / "s", *files), symbols=("MCL",))
    assert [each.instrument_id for each in market.instruments] == ["MCLK6", "MCLM6"]
    assert {update.instrument_id for update in islice(market.updates(), 4)} == {"MCLK6", "MCLM6"}


def test_symbol_that_is_not_stored_is_named_with_what_is(tmp_path: Path) -> None:
    root = stored(tmp_path / "s", month(tmp_path, "MCLK26"))
    with pytest.raises(TapeError, match=r"all of MCL, USO have; found MCLK26/bars_1m"):
        load_stored(root, symbols=SYMBOLS)
    late = datetime(2026, 4, 30, tzinfo=UTC)
    with pytest.raises(TapeError, match="no rows of MCL from 2026-04-30"):
        load_stored(root, symbols=("MCL",), start=late)
    assert not is_store(tmp_path)
