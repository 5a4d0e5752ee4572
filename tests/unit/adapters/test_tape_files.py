"""Tapes made for the test: every way a file can be right, and every way it can be wrong."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from microfutures.adapters.tapes import TapeError, load_tapes
from microfutures.adapters.tapes.load import TapeOptions
from microfutures.adapters.tapes.paths import BarPath
from microfutures.model.errors import (
    ConfigurationError,
    InvalidValueError,
    UnknownInstrumentError,
)
from microfutures.model.identifiers import InstrumentId
from microfutures.model.timestamp import from_datetime
from microfutures.venue.messages import BookUpdate, SplitUpdate, TradeUpdate

Write = Callable[[str, str], Path]
HEADER = "ts_utc,open,high,low,close,volume\n"
OIL = InstrumentId("MCLK6")
SECOND = 10**9


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


def minute(number: int) -> int:
    return from_datetime(datetime(2026, 3, 26, 14, number, tzinfo=UTC))


def rows(*prices: str, volume: int = 40) -> str:
    return HEADER + "".join(
        f"2026-03-26T14:{number:02d}:00Z,{price},{volume}\n" for number, price in enumerate(prices)
    )


RISING = "95.00,95.10,94.98,95.08"


def test_bar_is_played_open_nearer_extreme_other_extreme_close(write: Write) -> None:
    market = load_tapes(write("MCL_1m.csv", rows(RISING, RISING)).parent, symbols=("MCL",))
    updates = list(market.updates())[:8]
    books = [update for update in updates if isinstance(update, BookUpdate)]
    trades = [update for update in updates if isinstance(update, TradeUpdate)]
    assert [trade.price_ticks for trade in trades] == [9500, 9498, 9510, 9508]
    assert [trade.size for trade in trades] == [10, 10, 10, 10]
    assert (books[0].bid_ticks, books[0].ask_ticks) == (9500, 9501)
    assert [(book.time_ns - minute(0)) // SECOND for book in books] == [0, 20, 40, 59]
    assert all(book.bid_size == 2 for book in books)


def test_falling_bar_visits_its_high_first(write: Write) -> None:
    falling = "95.08,95.10,94.90,94.95"
    market = load_tapes(write("MCL_1m.csv", rows(falling, falling)).parent, symbols=("MCL",))
    trades = [item.price_ticks for item in market.updates() if isinstance(item, TradeUpdate)]
    assert trades[:4] == [9508, 9510, 9490, 9495]


def test_path_of_ends_plays_open_and_close_only(write: Write) -> None:
    folder = write("MCL_1m.csv", rows(RISING, RISING)).parent
    options = TapeOptions(path=BarPath.ENDS, spread_ticks=2)
    market = load_tapes(folder, symbols=("MCL",), options=options)
    books = [item for item in market.updates() if isinstance(item, BookUpdate)]
    assert [(book.bid_ticks, book.ask_ticks) for book in books[:2]] == [
        (9499, 9501),
        (9507, 9509),
    ]


def test_bar_without_volume_quotes_and_does_not_trade(write: Write) -> None:
    folder = write("MCL_1m.csv", rows(RISING, RISING, volume=0)).parent
    updates = list(load_tapes(folder, symbols=("MCL",)).updates())
    assert not [update for update in updates if isinstance(update, TradeUpdate)]
    assert len(updates) == 8


def test_rows_before_the_start_are_history(write: Write) -> None:
    folder = write("MCL_1m.csv", rows(*[RISING] * 10)).parent
    start = datetime(2026, 3, 26, 14, 5, tzinfo=UTC)
    market = load_tapes(folder, symbols=("MCL",), start=start)
    history = market.history(OIL, market.start_ns, 60, 3)
    assert [bar.start_ns for bar in history] == [minute(2), minute(3), minute(4)]
    (five,) = market.history(OIL, market.start_ns, 300, 9)
    assert (five.start_ns, five.volume) == (minute(0), 200)
    assert market.history(OIL, market.start_ns, 30, 9) == []
    assert next(iter(market.updates())).time_ns == minute(5)


def test_end_cuts_the_tape(write: Write) -> None:
    folder = write("MCL_1m.csv", rows(*[RISING] * 10)).parent
    end = datetime(2026, 3, 26, 14, 2, tzinfo=UTC)
    updates = list(load_tapes(folder, symbols=("MCL",), end=end).updates())
    assert updates[-1].time_ns == minute(2) - 1
    with pytest.raises(ConfigurationError, match="is empty; choose a later end"):
        load_tapes(folder, symbols=("MCL",), start=end, end=end)


def test_symbols_are_merged_in_time_order_and_the_finest_common_size_is_taken(
    write: Write,
) -> None:
    write("MCL_1m.csv", rows(RISING, RISING))
    write("MCL_5m.csv", HEADER)
    folder = write("USO_1m.csv", rows("78.00,78.05,77.99,78.01", "78.01,78.02,78.00,78.00")).parent
    market = load_tapes(folder, symbols=("MCL", "USO"))
    times = [update.time_ns for update in market.updates()]
    assert times == sorted(times)
    assert [item.instrument_id for item in market.instruments] == ["MCLK6", "USO"]
    assert market.describe().startswith("tape of ")


def test_files_may_be_named_one_by_one(write: Write) -> None:
    first = write("a.csv", rows(RISING, RISING))
    second = write("b.csv", rows("78.00,78.05,77.99,78.01", "78.01,78.02,78.00,78.00"))
    market = load_tapes(None, symbols=(f"MCL={first}", f"USO={second}"))
    assert market.describe().startswith("tape: MCL from a.csv, USO from b.csv")


@pytest.mark.parametrize(
    ("stamp", "column"),
    [
        ("1774533600", "time"),
        ("1774533600000", "timestamp"),
        ("1774533600000000", "ts"),
        ("1774533600000000000", "ts_ns"),
        ("2026-03-26T14:00:00+00:00", "datetime"),
        ("2026-03-26T10:00:00-04:00", "time"),
        ("2026-03-26 14:00:00", "ts_utc"),
    ],
)
def test_time_is_read_in_every_usual_spelling(write: Write, stamp: str, column: str) -> None:
    text = f"{column},open,high,low,close\n{stamp},{RISING}\n"
    path = write("x.csv", text + text.splitlines()[1].replace("00:00", "01:00", 1) + "\n")
    if stamp.isdigit():
        later = str(int(stamp) + 60 * 10 ** (len(stamp) - 10))
        path = write("x.csv", text + f"{later},{RISING}\n")
    market = load_tapes(None, symbols=(f"MCL={path}",))
    assert market.start_ns == minute(0)


def test_time_without_a_zone_is_refused_unless_the_zone_is_given(write: Write) -> None:
    text = f"time,open,high,low,close\n2026-03-26 10:00:00,{RISING}\n2026-03-26 10:01:00,{RISING}\n"
    path = write("x.csv", text)
    with pytest.raises(TapeError, match=r"x\.csv, line 2: column time is no moment"):
        load_tapes(None, symbols=(f"MCL={path}",))
    options = TapeOptions(time_zone="America/New_York")
    assert load_tapes(None, symbols=(f"MCL={path}",), options=options).start_ns == minute(0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty; give a file with a header"),
        (HEADER, "a header and no rows"),
        ("when,open,high,low,close\n1,1,1,1,1\n", "no column for the time; found when, open"),
        ("ts_utc,open,high,low\n2026-03-26T14:00:00Z,1,1,1\n", "no column for the close"),
        (
            rows(RISING, "95.00,nan,94.98,95.08"),
            "line 3: column high must be a number, was 'nan'",
        ),
        (rows(RISING, "95.00,,94.98,95.08"), "line 3: column high must be a number, was ''"),
        (rows(RISING, "95.00,95.10,94.98,96.00"), "line 3: open 95.0 and close 96.0 must lie"),
        (rows(RISING) + f"2026-03-26T13:59:00Z,{RISING},1\n", "line 3: the time goes back"),
        (
            rows(RISING) + f"2026-03-26T14:00:00Z,{RISING},1\n",
            "line 3: the time of the row before again",
        ),
        (rows(RISING) + "2026-03-26T14:01:00Z,1\n", "line 3: 2 fields where the header has 6"),
        (rows(RISING), "one row doesn't tell how long a bar is"),
        (rows(RISING, RISING).replace("14:01", "late"), "line 3: column ts_utc is no moment"),
    ],
)
def test_broken_file_is_refused_with_place_and_remedy(
    write: Write, text: str, message: str
) -> None:
    path = write("MCL_1m.csv", text)
    with pytest.raises(TapeError, match=r"MCL_1m\.csv") as caught:
        load_tapes(path.parent, symbols=("MCL",))
    assert message in str(caught.value)


def test_unfinished_bars_are_left_out(write: Write) -> None:
    lines = rows(RISING, RISING, RISING).splitlines()
    text = "\n".join([lines[0] + ",final", lines[1] + ",1", lines[2] + ",1", lines[3] + ",0"])
    folder = write("MCL_1m.csv", text + "\n").parent
    market = load_tapes(folder, symbols=("MCL",))
    assert market.end_ns == minute(2)


def test_missing_symbol_and_missing_file_say_what_is_there(write: Write) -> None:
    folder = write("MCL_1m.csv", rows(RISING, RISING)).parent
    with pytest.raises(TapeError, match=r"found MCL_1m\.csv; name files like MCL_1m\.csv"):
        load_tapes(folder, symbols=("MCL", "USO"))
    with pytest.raises(TapeError, match="there is no such file"):
        load_tapes(None, symbols=("MCL=nowhere.csv",))
    with pytest.raises(TapeError, match="no folder to look for MCL"):
        load_tapes(None, symbols=("MCL",))
    with pytest.raises(UnknownInstrumentError, match="'MLC'"):
        load_tapes(folder, symbols=("MLC",))
    with pytest.raises(ConfigurationError, match="at least one symbol"):
        load_tapes(folder, symbols=())


def test_contract_of_unmarked_months_follows_the_roll_rule(write: Write) -> None:
    days = "".join(f"2026-03-{day}T14:00:00Z,{RISING},9\n" for day in (16, 17, 18, 19))
    folder = write("MCL_1d.csv", HEADER + days).parent
    market = load_tapes(folder, symbols=("MCL",))
    assert [item.instrument_id for item in market.instruments] == ["MCLJ6", "MCLK6"]
    names = {update.instrument_id: update.time_ns for update in reversed(list(market.updates()))}
    assert datetime.fromtimestamp(names[OIL] / 1e9, tz=UTC).date() == date(2026, 3, 18)


def test_stated_contract_changes_win_over_the_rule(write: Write) -> None:
    days = "".join(f"2026-03-{day}T14:00:00Z,{RISING},9\n" for day in (16, 17, 18, 19))
    folder = write("MCL_1d.csv", HEADER + days).parent
    options = TapeOptions(contract_changes={"MCL": {date(2026, 3, 17): "202606"}})
    market = load_tapes(folder, symbols=("MCL",), options=options)
    assert [item.instrument_id for item in market.instruments] == ["MCLJ6", "MCLM6"]
    bad = TapeOptions(contract_changes={"MCL": {date(2026, 3, 17): "June"}})
    with pytest.raises(ConfigurationError, match="written like 202605, was 'June'"):
        load_tapes(folder, symbols=("MCL",), options=bad)


def test_quotes_are_played_as_they_are(write: Write) -> None:
    text = (
        "ts_utc,bid,ask,bid_size,ask_size,last,last_size\n"
        "2026-03-26T14:00:00.250Z,78.00,78.01,500,300,78.01,100\n"
        "2026-03-26T14:00:00.250Z,78.00,78.02,500,100,,\n"
        "2026-03-26T14:00:07Z,,78.02,0,100,,\n"
    )
    market = load_tapes(write("USO_quotes.csv", text).parent, symbols=("USO",))
    first, trade, second, third = list(market.updates())
    assert isinstance(first, BookUpdate)
    assert (first.bid_ticks, first.ask_ticks, first.bid_size) == (7800, 7801, 500)
    assert isinstance(trade, TradeUpdate)
    assert (trade.price_ticks, trade.size) == (7801, 100)
    assert isinstance(second, BookUpdate)
    assert isinstance(third, BookUpdate)
    assert third.bid_ticks is None


def test_split_of_a_daily_file_comes_before_its_session(write: Write) -> None:
    text = (
        "timestamp,open,high,low,close,volume,split_coefficient\n"
        "2020-04-28,2.16,2.25,2.11,2.13,1000,1\n"
        "2020-04-29,18.01,18.22,17.46,18.00,1000,0.125\n"
    )
    market = load_tapes(None, symbols=(f"USO={write('uso.csv', text)}",))
    updates = list(market.updates())
    (place,) = [n for n, item in enumerate(updates) if isinstance(item, SplitUpdate)]
    split = updates[place]
    assert isinstance(split, SplitUpdate)
    assert (split.numerator, split.denominator) == (1, 8)
    assert datetime.fromtimestamp(split.time_ns / 1e9, tz=UTC) == datetime(
        2020, 4, 29, 8, tzinfo=UTC
    )
    after = updates[place + 1]
    assert isinstance(after, BookUpdate)
    assert after.bid_ticks == 1801


def test_parquet_reads_like_csv(tmp_path: Path, write: Write) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    stamps = [datetime(2026, 3, 26, 14, number, tzinfo=UTC) for number in (0, 1)]
    names = ("open", "high", "low", "close")
    prices = [float(text) for text in RISING.split(",")]
    columns = {name: [price, price] for name, price in zip(names, prices, strict=True)}
    table = pyarrow.table({"ts_utc": stamps, **columns, "volume": [40, 40]})
    (tmp_path / "p").mkdir()
    parquet.write_table(table, tmp_path / "p" / "MCL_1m.parquet")
    from_parquet = load_tapes(tmp_path / "p", symbols=("MCL",))
    from_csv = load_tapes(write("MCL_1m.csv", rows(RISING, RISING)).parent, symbols=("MCL",))
    assert list(from_parquet.updates()) == list(from_csv.updates())


def test_spread_below_one_tick_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="spread_ticks must be at least 1, was 0"):
        TapeOptions(spread_ticks=0)


def test_contract_that_is_not_on_the_tape_has_no_history(write: Write) -> None:
    market = load_tapes(write("MCL_1m.csv", rows(RISING, RISING)).parent, symbols=("MCL",))
    with pytest.raises(InvalidValueError, match="SPY is not on this tape; it has MCLK6"):
        market.history(InstrumentId("SPY"), market.start_ns, 60, 1)
