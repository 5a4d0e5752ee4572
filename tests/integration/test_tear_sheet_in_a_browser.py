"""The page in a real browser: every chart has size, lines and the colours of the theme."""

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import msgspec
import pytest

from helpers.tear_sheets import sample_sheet
from microfutures.reports.tear_sheet import write_tear_sheet

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

MEASURE = """
<script>
addEventListener("load", () => {
  const seen = {};
  for (const svg of document.querySelectorAll("svg[data-chart]")) {
    const box = svg.getBoundingClientRect();
    const shapes = [...svg.querySelectorAll("path, use")].filter((shape) => {
      const size = shape.getBoundingClientRect();
      return size.width > 0 || size.height > 0;
    });
    const colours = new Set();
    for (const shape of shapes) {
      const style = getComputedStyle(shape);
      colours.add(style.stroke).add(style.fill);
    }
    seen[svg.dataset.chart] = {
      width: box.width, height: box.height, shapes: shapes.length, colours: [...colours],
    };
  }
  const words = [...document.querySelectorAll("script.tips")].map((data) => {
    const figure = data.parentElement;
    const box = figure.getBoundingClientRect();
    const place = { clientX: box.left + box.width / 2, clientY: box.top + 20 };
    figure.dispatchEvent(new PointerEvent("pointermove", place));
    const word = figure.querySelector("output");
    return word.getBoundingClientRect().width > 50 ? word.textContent : "";
  });
  const report = document.createElement("pre");
  report.id = "report";
  report.textContent = JSON.stringify({
    charts: seen,
    words,
    cells: document.querySelectorAll("table.heat td").length,
    overflow: document.documentElement.scrollWidth - innerWidth,
    background: getComputedStyle(document.body).backgroundColor,
  });
  document.body.append(report);
});
</script>
"""


class Chart(msgspec.Struct):
    width: float
    height: float
    shapes: int
    colours: list[str]


class Report(msgspec.Struct):
    charts: dict[str, Chart]
    words: list[str]
    cells: int
    overflow: float
    background: str


@pytest.fixture(scope="module")
def browser() -> str:
    for name in BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.skip("needs Chromium or Chrome")


def seen_by(browser: str, page: Path, profile: Path) -> Report:
    answer = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--window-size=1240,2400",
            f"--user-data-dir={profile}", "--virtual-time-budget=2000", "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    found = re.search(r'<pre id="report">(.*?)</pre>', answer.stdout, re.DOTALL)
    assert found is not None, answer.stderr[-2000:]
    return msgspec.json.decode(unescape(found[1]), type=Report)


@pytest.mark.slow
def test_every_chart_is_drawn_in_dark_and_in_light(browser: str, tmp_path: Path) -> None:
    page = tmp_path / "sheet.html"
    write_tear_sheet(page, sample_sheet(days=12, has_study=True))
    text = page.read_text().replace("</body>", MEASURE + "</body>")
    reports = {}
    for theme in ("light", "dark"):
        page.write_text(text.replace('<html lang="en">', f'<html lang="en" data-theme="{theme}">'))
        reports[theme] = seen_by(browser, page, tmp_path / "profile")
    light, dark = reports["light"], reports["dark"]
    assert set(light.charts) == {
        "equity", "pair", "distribution", "excursions", "daily", "hours", "costs",
        "folds", "ranks",
    }  # fmt: skip
    for name, chart in light.charts.items():
        assert chart.width > 300, name
        assert chart.height > 150, name
        assert chart.shapes > 10, name
        assert chart.colours != dark.charts[name].colours, name
    equity, pair = light.words
    assert re.fullmatch(r"2026-\S+ \S+ · 2\d,\d+ USD · \S+ below peak", equity)
    assert re.fullmatch(r"2026-\S+ \S+ · [\d.]+ · z \S+", pair)
    assert light.cells == 20
    assert light.overflow <= 0
    assert light.background != dark.background
