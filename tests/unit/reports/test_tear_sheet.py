"""The page says what the numbers are, needs nothing from outside, and survives any run."""

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.console import Console

from helpers.tear_sheets import sample_sheet
from microfutures.analytics.trades import Trade
from microfutures.model.errors import InvalidValueError
from microfutures.reports.charts import daily_chart
from microfutures.reports.drawing import thin
from microfutures.reports.findings import find
from microfutures.reports.summary import terminal_summary
from microfutures.reports.tear_sheet import tear_sheet_html, write_tear_sheet
from microfutures.reports.tear_sheet_input import PairPath, Sensitivity, TearSheetInput
from microfutures.reports.words import money, percent, span

ALL_CHARTS = {"equity", "pair", "distribution", "excursions", "daily", "hours", "costs"}
DAY_NS = 86_400 * 10**9
START_NS = 1_767_625_200 * 10**9


@pytest.fixture(scope="module")
def sheet() -> TearSheetInput:
    return sample_sheet(days=12)


@pytest.fixture(scope="module")
def page(sheet: TearSheetInput) -> str:
    return tear_sheet_html(sheet)


class Reader(HTMLParser):
    """What a browser would fetch, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.charts: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [
            f"{tag} {name}={value}"
            for name, value in given.items()
            if name in ("src", "href", "srcset", "xlink:href") and not str(value).startswith("#")
        ]
        if "data-chart" in given:
            self.charts.add(str(given["data-chart"]))
        if tag not in ("meta", "br", "img", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.mark.slow
def test_page_has_every_chart_and_fetches_nothing(page: str) -> None:
    reader = read(page)
    assert reader.charts == ALL_CHARTS
    assert reader.fetched == []
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


@pytest.mark.slow
def test_study_adds_its_answers_its_folds_and_two_charts() -> None:
    sheet = sample_sheet(days=12, has_study=True)
    text = tear_sheet_html(sheet)
    assert read(text).charts == ALL_CHARTS | {"folds", "ranks"}
    assert "Deflated Sharpe" in text
    assert text.count("lookback 60, entry z 2") == 6
    assert text.count("Parameter sensitivity") == 1


def test_map_of_one_parameter_is_one_row() -> None:
    line = Sensitivity(
        row_name="", row_values=[None], column_name="z_entry", column_values=[1.5, 2.0],
        metric="net", values=[[-3.0, None]], chosen=(0, 0),
    )  # fmt: skip
    text = tear_sheet_html(msgspec.structs.replace(sample_sheet(days=2), sensitivities=(line,)))
    assert "z_entry →" in text
    assert "<tr><th></th><td class=chosen" in text


@pytest.mark.slow
def test_page_is_the_same_for_the_same_run(sheet: TearSheetInput, page: str) -> None:
    assert tear_sheet_html(sheet) == page


@pytest.mark.slow
def test_arrays_are_as_good_as_lists(sheet: TearSheetInput, page: str) -> None:
    arrays = msgspec.structs.replace(
        sheet, times_ns=np.array(sheet.times_ns), equity=np.array(sheet.equity)
    )
    assert tear_sheet_html(arrays) == page


def test_colours_are_those_of_the_page_in_dark_and_light(page: str) -> None:
    charts = page[page.index("<figure") : page.rindex("</figure>")]
    assert "var(--accent)" in charts
    fixed = set(re.findall(r"#[0-9a-f]{6}\b", charts)) - {"#000000", "#ffffff"}
    assert fixed == set()


def test_page_shows_the_numbers_of_the_run(sheet: TearSheetInput, page: str) -> None:
    found = find(sheet)
    net = sheet.equity[-1] - sheet.equity[0]
    assert found.trades.net == pytest.approx(net)
    assert sum(found.monthly.values()) == pytest.approx(net)
    for shown in (money(net, sign=True), percent(found.trades.hit_rate), percent(found.deepest)):
        assert f">{shown}</b>" in page
    assert page.count("<td class=text>") == len(sheet.trades)


@pytest.mark.slow
def test_text_from_outside_is_only_text(sheet: TearSheetInput) -> None:
    evil = "<script>alert(1)</script>"
    changed = msgspec.structs.replace(
        sheet, title=evil, subtitle=evil, notes=(evil,), facts={evil: evil}
    )
    text = tear_sheet_html(changed)
    assert evil not in text
    assert text.count("&lt;script&gt;") >= 5
    read(text)


def curve(*equity: float) -> TearSheetInput:
    times = [START_NS + day * DAY_NS for day in range(len(equity))]
    return TearSheetInput(title="x", times_ns=times, equity=equity)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sheet",
    [
        curve(25_000.0),
        curve(25_000.0, 25_000.0, 25_000.0),
        curve(25_000.0, 1_000.0, -4_000.0, -3_000.0),
        curve(-100.0, -50.0),
        curve(*np.linspace(1e9, 2e9, 30)),
    ],
    ids=["one point", "flat", "ruin", "never positive", "large"],
)
def test_strange_curves_make_a_page_without_nan(sheet: TearSheetInput) -> None:
    text = tear_sheet_html(sheet)
    read(text)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower()
    Console(width=100, quiet=True).print(terminal_summary(sheet))


@pytest.mark.slow
def test_a_day_without_a_change_is_no_loss(sheet: TearSheetInput) -> None:
    days = len(find(sheet).daily)
    rows = len(sheet.equity)
    rising = [25_000.0 + 100 * (row * days // rows >= days // 2) for row in range(rows)]
    chart = daily_chart(find(msgspec.structs.replace(sheet, equity=rising)))
    assert set(re.findall(r"fill: var\(--(\w+)\); opacity", chart)) == {"up", "muted"}


def test_trades_without_excursions_and_a_path_without_numbers_still_make_a_page() -> None:
    trade = Trade(
        strategy="s", instrument="MCLK6", opened_ns=START_NS, closed_ns=START_NS + DAY_NS,
        direction="short", units=2, gross=-5.0, costs=1.0,
    )  # fmt: skip
    times = [START_NS, START_NS + DAY_NS]
    nothing = [float("nan")] * 2
    pair = PairPath(times_ns=times, spread=nothing, z=nothing, z_entry=2, z_exit=0.5)
    sheet = msgspec.structs.replace(curve(25_000.0, 24_994.0), trades=(trade,), pair=pair)
    assert read(tear_sheet_html(sheet)).charts == ALL_CHARTS - {"excursions"}


@pytest.mark.slow
def test_many_trades_are_listed_up_to_a_limit_and_it_is_said() -> None:
    sheet = sample_sheet(days=12)
    many = msgspec.structs.replace(sheet, trades=tuple(sheet.trades) * 30)
    text = tear_sheet_html(many)
    assert f"the last 1,000 of {len(many.trades):,}" in text
    assert text.count("<td class=text>") == 1_000


@pytest.mark.slow
def test_half_written_page_never_takes_the_place_of_a_whole_one(
    tmp_path: Path, sheet: TearSheetInput
) -> None:
    path = tmp_path / "sheet.html"
    write_tear_sheet(path, sheet)
    assert path.read_text().endswith("</html>\n")
    assert [each.name for each in tmp_path.iterdir()] == ["sheet.html"]


def test_thinned_line_keeps_its_peaks_and_its_ends() -> None:
    values = np.sin(np.linspace(0, 60, 100_000))
    values[54_321], values[777] = 9.0, -9.0
    rows = thin(values, 1_500)
    assert len(rows) <= 1_502
    assert {0, 777, 54_321, 99_999} <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()


def test_terminal_summary_has_the_numbers_of_the_page(sheet: TearSheetInput) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(terminal_summary(sheet))
    text = console.export_text()
    found = find(sheet)
    assert money(sheet.equity[-1] - sheet.equity[0], sign=True) in text
    assert percent(found.deepest) in text
    assert "94 entries were refused" in text


def test_input_of_unequal_columns_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="1 times and 2 equities"):
        TearSheetInput(title="x", times_ns=[1], equity=[1.0, 2.0])
    with pytest.raises(InvalidValueError, match="a pair path of 1 times"):
        PairPath(times_ns=[1], spread=[], z=[], z_entry=2, z_exit=0)
    with pytest.raises(InvalidValueError, match="a grid of 1 rows and 2 columns"):
        Sensitivity(
            row_name="a", row_values=[1], column_name="b", column_values=[1, 2],
            metric="m", values=[[1.0]],
        )  # fmt: skip


def test_numbers_are_written_with_a_true_minus_and_no_negative_zero() -> None:
    assert money(-1234.5) == "\N{MINUS SIGN}1,234.50"
    assert money(-0.001) == "0.00"
    assert money(0.0, sign=True) == "0.00"
    assert money(None) == "–"
    assert percent(0.1234, sign=True) == "+12.34 %"
    assert [span(seconds) for seconds in (5, 90, 7_200, 200_000)] == [
        "5 s", "1.5 min", "2.0 h", "2.3 d",
    ]  # fmt: skip
