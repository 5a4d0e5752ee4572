"""Real files of five vendors, as they are."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from microfutures.adapters.store.lean_zips import plan_lean
from microfutures.adapters.store.plan import ImportOptions, plan_import
from microfutures.adapters.store.series import Kind, Series
from microfutures.adapters.store.store import MarketStore, OnConflict

DATA = Path(__file__).parents[5] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def imported(store: MarketStore, file: str) -> None:
    for part in plan_import(DATA / file, ImportOptions()).parts:
        store.merge(part.series, part.table, OnConflict.REFUSE)


def test_micro_minutes_are_stored_as_they_are(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    imported(store, "micro_2026/MCL_1m.csv")
    series = Series("MCL", Kind.BARS, "1m")
    assert store.extent(series).rows == 9_403
    one = store.read(
        series,
        datetime(2026, 3, 26, 13, 30, tzinfo=UTC),
        datetime(2026, 3, 26, 13, 31, tzinfo=UTC),
    )
    lines = (DATA / "micro_2026" / "MCL_1m.csv").read_text().splitlines()
    (line,) = [line.split(",") for line in lines if line.startswith("2026-03-26T13:30:00Z")]
    assert list(one.drop_columns("time").to_pylist()[0].values()) == [
        float(field) for field in line[1:6]
    ]


def test_april_2020_settlement_is_stored_below_zero(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    part = next(
        part
        for part in plan_import(
            DATA / "RTL_CL_daily/CL_by_contract_1to4.csv", ImportOptions()
        ).parts
        if part.series.instrument == "CLK20"
    )
    store.merge(part.series, part.table, OnConflict.REFUSE)
    start, end = (datetime(2020, 4, day, tzinfo=UTC) for day in (17, 22))
    assert store.read(part.series, start, end)["price"].to_pylist() == [18.27, -37.63, 10.01]


def test_split_of_april_2020_is_told_by_two_vendors(tmp_path: Path) -> None:
    store = MarketStore(tmp_path)
    imported(store, "daily_etf/USO_alphavantage_raw.csv")
    actions = store.read(Series("USO", Kind.ACTIONS, "1d"))
    assert actions["split"].to_pylist() == [0.125]
    assert actions["time"].cast("date32").to_pylist() == [date(2020, 4, 29)]
    lean = plan_lean(DATA / "lean/equity/usa/daily/uso.zip")
    assert lean.notes[0].startswith("USO/bars_1d: left out 140 rows before 2006-04-10")
    closes = dict(
        zip(
            lean.parts[0].table["time"].cast("date32").to_pylist(),
            lean.parts[0].table["close"].to_pylist(),
            strict=True,
        )
    )
    assert (closes[date(2020, 4, 28)], closes[date(2020, 4, 29)]) == (2.13, 18.0)


def test_lean_factor_files_tell_splits_and_dividends() -> None:
    folder = DATA / "lean/equity/usa/factor_files"
    (uso,) = plan_lean(folder / "uso.csv").parts
    assert uso.table["time"].cast("date32").to_pylist() == [date(2020, 4, 29)]
    assert uso.table.drop_columns("time").to_pylist() == [{"split": 0.125, "dividend": 0.0}]
    (spy,) = plan_lean(folder / "spy.csv").parts
    days = spy.table["time"].cast("date32").to_pylist()
    paid = dict(zip(days, spy.table["dividend"].to_pylist(), strict=True))
    # The distribution of SPDR S&P 500 with the ex-day of 2013-09-20.
    assert paid[date(2013, 9, 20)] == pytest.approx(0.838, abs=0.002)
    assert set(spy.table["split"].to_pylist()) == {1.0}


def test_lean_minutes_of_futures_are_utc_and_of_stocks_new_york() -> None:
    (spy,) = plan_lean(DATA / "lean/equity/usa/minute/spy/20131007_trade.zip").parts
    opening = datetime(2013, 10, 7, 13, 30, tzinfo=UTC)
    volumes = dict(
        zip(
            spy.table["time"].cast("int64").to_pylist(),
            spy.table["volume"].to_pylist(),
            strict=True,
        )
    )
    regular = volumes[int(opening.timestamp()) * 10**9]
    assert regular > 5 * volumes[int(opening.timestamp() - 60) * 10**9]
    es = plan_lean(DATA / "lean/future/cme/minute/es/20131007_quote.zip").parts
    first = {part.series.instrument: part.table["bid_open"][0].as_py() for part in es}
    assert first["ESZ13"] == 1676.5
