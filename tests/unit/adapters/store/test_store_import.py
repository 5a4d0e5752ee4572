"""Files that are right, in the spellings that vendors use."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from microfutures.adapters.store.columns import guess_columns
from microfutures.adapters.store.moments import TimeOptions
from microfutures.adapters.store.plan import ImportOptions, Plan, Stamp, plan_import
from microfutures.adapters.store.series import Kind, dated_name

Write = Callable[[str, str], Path]
FIRST = datetime(2026, 3, 26, 13, 30, tzinfo=UTC)
BAR = "95.00,95.10,94.98,95.08,40"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


def moments(plan: Plan) -> list[datetime]:
    times: list[datetime] = [
        stamp.to_pydatetime() if hasattr(stamp, "to_pydatetime") else stamp
        for stamp in plan.parts[0].table["time"].to_pylist()
    ]
    return times


@pytest.mark.parametrize(
    ("column", "first", "second", "zone"),
    [
        ("ts_utc", "2026-03-26 13:30:00", "2026-03-26 13:31:00", None),
        ("Time", "2026-03-26T13:30:00Z", "2026-03-26T13:31:00Z", None),
        ("datetime", "2026-03-26T09:30:00-04:00", "2026-03-26T09:31:00-0400", None),
        ("datetime", "2026-03-26 13:30:00.000 +00:00", "2026-03-26 13:31:00.000 +00:00", None),
        ("Timestamp", "1774531800", "1774531860", None),
        ("timestamp", "1774531800000", "1774531860000", None),
        ("ts", "1774531800000000000", "1774531860000000000", None),
        ("<DATE>", "2026-03-26 09:30", "2026-03-26 09:31", "America/New_York"),
        ("time", "2026-03-26 13:30", "2026-03-26 13:31", "UTC"),
    ],
)
def test_time_is_read_in_every_usual_spelling(
    write: Write, column: str, first: str, second: str, zone: str | None
) -> None:
    path = write("MCL_x.csv", f"{column},Open,High,Low,Close,Vol\n{first},{BAR}\n{second},{BAR}\n")
    plan = plan_import(path, ImportOptions(times=TimeOptions(time_zone=zone)))
    assert moments(plan) == [FIRST, FIRST.replace(minute=31)]
    assert str(plan.parts[0].series) == "MCL/bars_1m"


def test_days_and_clock_in_two_columns_with_semicolons(write: Write) -> None:
    rows = f"Date,Time,Open,High,Low,Close,Vol\n20260326,09:30,{BAR}\n20260326,09:35,{BAR}\n"
    path = write("MES.csv", rows.replace(",", ";"))
    plan = plan_import(path, ImportOptions(times=TimeOptions(time_zone="America/New_York")))
    assert moments(plan)[0] == FIRST
    assert str(plan.parts[0].series) == "MES/bars_5m"


def test_days_and_clock_may_be_named(write: Write) -> None:
    rows = f"session,at,open,high,low,close,vol\n2026-03-26,09:30,{BAR}\n2026-03-26,09:31,{BAR}\n"
    options = ImportOptions(
        columns={"time": "session", "clock": "at"}, times=TimeOptions("America/New_York")
    )
    assert moments(plan_import(write("MES.csv", rows), options))[0] == FIRST


def test_american_dates_need_a_format_and_then_are_read(write: Write) -> None:
    text = f"Date,Open,High,Low,Close,Volume\n03/26/2026 09:30,{BAR}\n03/26/2026 09:31,{BAR}\n"
    options = TimeOptions(time_zone="America/New_York", pattern="%m/%d/%Y %H:%M")
    plan = plan_import(write("MCL.csv", text), ImportOptions(times=options))
    assert moments(plan)[0] == FIRST


def test_moments_at_the_end_of_a_bar_are_turned_into_its_start(write: Write) -> None:
    text = f"ts_utc,open,high,low,close,volume\n2026-03-26 13:35,{BAR}\n2026-03-26 13:40,{BAR}\n"
    plan = plan_import(write("MCL_5m.csv", text), ImportOptions(stamp=Stamp.END))
    assert moments(plan)[0] == FIRST
    assert "each the end of its bar" in plan.guesses[1]


def test_guess_says_what_each_column_is_taken_for() -> None:
    columns = guess_columns(Path("x.csv"), ["ts", "o", "h", "l", "close", "vol", "wap"], {})
    assert columns.sentence() == (
        "time is ts; open is o; high is h; low is l; volume is vol; by name: close; not used: wap"
    )


def test_a_column_that_is_named_wins_over_the_guess() -> None:
    names = ["date", "open", "high", "low", "close", "adjusted"]
    columns = guess_columns(Path("x.csv"), names, {"close": "adjusted"})
    assert columns.roles["close"] == "adjusted"
    assert columns.ignored == ("close",)


def test_quotes_may_share_a_moment_and_miss_a_side(write: Write) -> None:
    text = (
        "ts_utc,bid,ask,bid_size,ask_size\n"
        "2026-03-26 13:30:00,95.01,95.02,3,4\n"
        "2026-03-26 13:30:00,95.01,,3,\n"
    )
    (part,) = plan_import(write("MCLK26.csv", text), ImportOptions()).parts
    assert str(part.series) == "MCLK26/quotes_tick"
    assert part.table["ask"].to_pylist() == [95.02, None]


def test_settlements_by_contract_become_a_series_a_contract(write: Write) -> None:
    text = "date,contract,settle\n2020-04-20,CLK20,-37.63\n2020-04-20,CLM20,20.43\n"
    plan = plan_import(write("chain.csv", text), ImportOptions())
    assert [str(part.series) for part in plan.parts] == ["CLK20/prices_1d", "CLM20/prices_1d"]
    assert plan.parts[0].table["price"].to_pylist() == [-37.63]


def test_splits_and_dividends_beside_daily_bars_become_actions(write: Write) -> None:
    text = (
        "timestamp,open,high,low,close,volume,dividend_amount,split_coefficient\n"
        "2020-04-28,2.04,2.15,2.00,2.13,9,0,1\n"
        "2020-04-29,17.5,18.2,17.4,18.00,9,0.05,0.125\n"
    )
    bars, actions = plan_import(write("USO.csv", text), ImportOptions()).parts
    assert bars.series.kind is Kind.BARS
    assert actions.table.drop_columns("time").to_pylist() == [{"split": 0.125, "dividend": 0.05}]


def test_parquet_with_aware_moments(tmp_path: Path) -> None:
    path = tmp_path / "USO_1m.parquet"
    times = pa.array([FIRST, FIRST.replace(minute=31)], pa.timestamp("us", "America/New_York"))
    numbers = {name: [1.0, 2.0] for name in ("open", "high", "low", "close")}
    parquet.write_table(pa.table({"ts": times, **numbers}), path)
    plan = plan_import(path, ImportOptions())
    assert moments(plan)[0] == FIRST
    assert plan.parts[0].table["volume"].null_count == 2


def test_contract_names_get_the_year_they_trade_in() -> None:
    cases = {("MCLK6", 2026): "MCLK26", ("MCLF7", 2026): "MCLF27", ("MES", 2026): "MES"}
    cases[("MCLZ5", 2026)] = "MCLZ25"
    assert {case: dated_name(*case) for case in cases} == cases
