import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from helpers.snapshots import a_snapshot
from microfutures.config import DisplayMode
from microfutures.display.summary import exit_summary
from microfutures.display.terminal import TerminalDisplay
from microfutures.display.terminal.layout import Detail, arrange
from microfutures.display.words import gauge, span, sparkline
from microfutures.model.events import ConnectionState, Severity
from microfutures.model.snapshot import DeskSnapshot


def drawn(snapshot: DeskSnapshot, width: int, height: int, detail: Detail = Detail.OVERVIEW) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False)
    screen = arrange(snapshot, width=width, height=height, detail=detail, has_keys=True)
    with console.capture() as capture:
        console.print(screen, end="")
    return capture.get()


def plain(mode: DisplayMode = DisplayMode.PLAIN) -> tuple[TerminalDisplay, io.StringIO]:
    output = io.StringIO()
    return TerminalDisplay(mode=mode, console=Console(file=output, width=200)), output


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (132, 40), (200, 50)])
def test_dashboard_shows_every_panel_without_overflow(width: int, height: int) -> None:
    lines = drawn(a_snapshot(), width, height).splitlines()
    assert len(lines) <= height
    assert max(len(line) for line in lines) <= width
    screen = "\n".join(lines)
    for figure in (
        "CONNECTED", "DU1000001", "2,123.45", "+123.45", "25,123.45", "70.02", "77.97",
        "1,234,567", "SHORT", "+1.23", "▼ -1", "-7.00", "BUY 90", "70.23", "0.77",
        "expected 0.42 USD < 2 × round-trip cost 5.10 USD", "sold 1 MCLX6", "7 (5 won)",
    ):  # fmt: skip
        assert figure in screen, f"{figure} is missing at {width}x{height}"


def test_wide_dashboard_shows_round_trips_and_refusals() -> None:
    screen = drawn(a_snapshot(), 200, 50)
    assert "+32.66" in screen
    assert "94 x cost" in screen


def test_halt_says_what_it_does() -> None:
    assert "ENTRIES BLOCKED, EXITS RUN: Ctrl+C" in drawn(a_snapshot(halt="Ctrl+C"), 80, 24)


def test_lost_connection_says_why() -> None:
    screen = drawn(a_snapshot(connection=ConnectionState.DISCONNECTED), 80, 24)
    assert "DISCONNECTED" in screen
    assert "nothing listens on 127.0.0.1:7497" in screen


@pytest.mark.parametrize(
    ("account", "simulated", "kind"),
    [("DU1", True, "SIMULATED"), ("DU1", False, "PAPER"), ("U1", False, "LIVE MONEY")],
)
def test_header_names_the_kind_of_money(account: str, simulated: bool, kind: str) -> None:
    assert kind in drawn(a_snapshot(account=account, simulated=simulated), 80, 24)


def test_stale_and_delayed_quotes_are_marked() -> None:
    assert "1m39s stale" in drawn(a_snapshot(stale=True), 80, 24)
    assert "1s delayed" in drawn(a_snapshot(delayed=True), 80, 24)


@pytest.mark.parametrize("detail", list(Detail))
def test_every_view_fits_the_smallest_screen(detail: Detail) -> None:
    lines = drawn(a_snapshot(), 80, 24, detail).splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 80


def test_plain_mode_writes_each_event_once_and_no_escape_codes() -> None:
    display, output = plain()
    display.start()
    display.update(a_snapshot())
    display.update(a_snapshot())
    display.stop()
    text = output.getvalue()
    assert "\x1b" not in text
    assert text.count("capital 2,123.45") == 2


def test_plain_mode_tells_only_what_is_new() -> None:
    display, output = plain()
    snapshot = a_snapshot()
    display.update(snapshot)
    display.update(snapshot)
    assert output.getvalue().count("sold 1 MCLX6 at 70.23") == 1


def test_silent_mode_writes_nothing() -> None:
    display, output = plain(DisplayMode.NONE)
    display.start()
    display.update(a_snapshot())
    display.status("hello")
    display.table("t", ["a"], [[1]])
    display.stop()
    assert output.getvalue() == ""


def test_status_line_has_mark_time_and_text() -> None:
    display, output = plain()
    display.status("connected", Severity.SUCCESS, datetime(2026, 9, 8, 10, 20, tzinfo=UTC))
    display.status("no route", Severity.ERROR)
    assert output.getvalue() == "[✓] 10:20:00 connected\n[X] no route\n"


def test_status_line_survives_a_terminal_without_unicode() -> None:
    raw = io.BytesIO()
    output = io.TextIOWrapper(raw, encoding="ascii")
    display = TerminalDisplay(mode=DisplayMode.PLAIN, console=Console(file=output))
    display.status("cost × 2", Severity.SUCCESS)
    assert raw.getvalue() == b"[+] cost ? 2\n"


def test_table_shows_its_rows() -> None:
    display, output = plain()
    display.table("Positions", ["contract", "quantity"], [["MCLX6", -1]])
    assert "MCLX6" in output.getvalue()
    assert "Positions" in output.getvalue()


def test_gauge_shows_where_z_stands() -> None:
    assert gauge(0.0, 2.0, 11) == "|----●----|"
    assert gauge(9.0, 2.0, 11) == "|----+---●|"
    assert gauge(-2.0, 2.0, 11) == "|●---+----|"
    assert gauge(None, 2.0, 11) == "|---------|"


def test_small_words() -> None:
    assert [span(each) for each in (5, 65, 3700, 90_000)] == ["5s", "1m05s", "1h01m", "1d01h"]
    assert sparkline((1.0, 2.0, 3.0), 10) == "▁▅█"
    assert sparkline((1.0,), 10) == ""


def test_summary_names_what_is_still_open() -> None:
    text = exit_summary(
        a_snapshot(), still_open=["-1 MCLX6 (pair): closed"], exit_code=3, log_dir="logs"
    )
    assert "POSITIONS STILL OPEN (exit code 3)" in text
    assert "-1 MCLX6 (pair): closed" in text
    assert "net          +123.45 USD" in text
    assert "94 x cost" in text
