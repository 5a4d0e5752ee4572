"""Past bars through `IBManager` from a simulated gateway, in virtual time."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.ib_desk import SECOND, Desk, StillMarket, on_virtual_time
from microfutures.adapters.store.coverage import Coverage, joined
from microfutures.adapters.store.errors import StoreError
from microfutures.adapters.store.series import Kind, Series
from microfutures.adapters.store.store import MarketStore
from microfutures.app.data.download import DownloadRequest, download, request_of
from microfutures.model import catalog
from microfutures.model.errors import (
    BrokerUnavailableError,
    ConfigurationError,
    UnknownInstrumentError,
)
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Bar
from microfutures.model.sessions import session_at
from microfutures.model.timestamp import from_datetime, to_datetime

MINUTE_NS = 60 * SECOND
OIL = Series("MCLV26", Kind.BARS, "1m")
START_NS = from_datetime(datetime(2026, 8, 31, 14, 0, tzinfo=UTC))


class LongMarket(StillMarket):
    """Bars in every minute of the trading hours since 2026-08-03; the price tells the minute."""

    HEAD_NS = from_datetime(datetime(2026, 8, 3, tzinfo=UTC))

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        symbol = "USO" if instrument_id == "USO" else "MCL"
        first, last = to_datetime(self.HEAD_NS).date(), to_datetime(self.start_ns).date()
        trading, _ = catalog.sessions(symbol, first, last)
        length_ns = bar_seconds * SECOND
        limit = min(end_ns, self.start_ns) // length_ns
        bars: list[Bar] = []
        for number in range(limit - 1, self.HEAD_NS // length_ns - 1, -1):
            at = number * length_ns
            if session_at(trading, at) is not None:
                price = 60 + number % 1000 / 100
                bars.append(Bar(at, bar_seconds, price, price, price, price, 10.0))
            if len(bars) == count:
                break
        return bars[::-1]


class HollowMarket(LongMarket):
    """Began long ago and has no fine bars: every request is answered by IB's "no data"."""

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        if bar_seconds != 600:
            return []
        return [Bar(self.HEAD_NS, bar_seconds, 70.0, 70.0, 70.0, 70.0, 10.0)]


class Lines:
    """What a download said, and after how many lines its line is cut."""

    def __init__(self, cut_after: int | None = None, desk: Desk | None = None) -> None:
        self.said: list[str] = []
        self._cut_after = cut_after
        self._desk = desk

    def __call__(self, line: str) -> None:
        self.said.append(line)
        if self._desk is not None and len(self.said) == self._cut_after:
            self._desk.session().close()

    @property
    def chunks(self) -> list[str]:
        return [line for line in self.said if line.endswith(" bars")]


def wanted(store: Path, symbol: str = "MCL", resolution: str = "1m") -> DownloadRequest:
    return DownloadRequest(symbols=(symbol,), store=store, resolution=resolution, start_ns=START_NS)


def expected_minutes(market: LongMarket) -> list[int]:
    bars = market.history(InstrumentId("MCLV6"), market.start_ns, 60, 100_000)
    return [bar.start_ns for bar in bars if bar.start_ns >= START_NS]


def minutes(store: Path, until_ns: int) -> list[int]:
    times = MarketStore(store).read(OIL)["time"].cast("int64").to_pylist()
    return [time for time in times if time < until_ns]


@pytest.mark.slow
def test_download_brings_every_bar_and_a_second_one_asks_for_none(tmp_path: Path) -> None:
    async def scenario() -> None:
        market = LongMarket(step_seconds=30)
        desk = Desk(market)
        await desk.server.start()
        first = Lines()
        await download(desk.manager(), wanted(tmp_path), say=first)
        assert minutes(tmp_path, market.start_ns) == expected_minutes(market)
        assert len(first.chunks) > 4
        again = Lines()
        await download(desk.manager(), wanted(tmp_path), say=again)
        assert len(again.chunks) <= 1
        await desk.server.stop()

    on_virtual_time(scenario)


@pytest.mark.slow
def test_download_that_was_cut_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async def scenario() -> None:
        market = LongMarket(step_seconds=30)
        desk = Desk(market)
        await desk.server.start()
        cut = Lines(cut_after=4, desk=desk)
        with pytest.raises(BrokerUnavailableError, match="run it again: it goes on where it stop"):
            await download(desk.manager(), wanted(tmp_path), say=cut)
        held = minutes(tmp_path, market.start_ns)
        assert 0 < len(held) < len(expected_minutes(market))
        rest = Lines()
        await download(desk.manager(), wanted(tmp_path), say=rest)
        assert minutes(tmp_path, market.start_ns) == expected_minutes(market)
        assert not {line for line in cut.chunks if " 0 " not in line} & set(rest.chunks)
        await desk.server.stop()

    on_virtual_time(scenario)


@pytest.mark.slow
def test_download_keeps_ibs_pace(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = Desk(HollowMarket(step_seconds=30))
        await desk.server.start()
        manager = desk.manager()
        asked: list[int] = []
        request = wanted(tmp_path, symbol="USO", resolution="5s")
        task = asyncio.create_task(
            download(manager, request, say=lambda line: asked.append(desk.clock.now_ns()))
        )
        await desk.until(lambda: len(asked) > 110, 3_600, step=1.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        window = 600 * SECOND
        busiest = max(sum(at <= other < at + window for other in asked) for at in asked)
        assert 40 <= busiest <= 60
        await desk.server.stop()

    on_virtual_time(scenario)


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-25", None), (None, "2026-07-01"), ("2026-08-10", "2026-08-09")]
)
def test_a_stretch_of_which_there_can_be_no_bar_is_named(
    tmp_path: Path, start: str | None, end: str | None
) -> None:
    async def scenario() -> None:
        desk = Desk(LongMarket(step_seconds=30))
        await desk.server.start()
        asked = request_of(["MCL"], tmp_path, "1m", start, end)
        with pytest.raises(ConfigurationError, match=r"bars reach from 2026-08-03 .* none of that"):
            await download(desk.manager(), asked, say=print)
        await desk.server.stop()

    on_virtual_time(scenario)


def test_wrong_wishes_are_named_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(UnknownInstrumentError, match="did you mean MCL"):
        request_of(["MCLL"], tmp_path, "1m", None, None)
    with pytest.raises(ConfigurationError, match="--from must be like 2026-03-26"):
        request_of(["MCL"], tmp_path, "1m", "yesterday", None)

    async def scenario() -> None:
        desk = Desk()
        with pytest.raises(ConfigurationError, match="--resolution 7m: IB's bars last 1, 5, 10"):
            await download(desk.manager(), wanted(tmp_path, resolution="7m"), say=print)

    on_virtual_time(scenario)


def test_coverage_knows_what_is_missing_also_after_a_restart(tmp_path: Path) -> None:
    coverage = Coverage(tmp_path / "x")
    assert coverage.missing(0, 100) == [(0, 100)]
    for stretch in ((80, 100), (20, 30), (30, 40)):
        coverage.add(*stretch)
    later = Coverage(tmp_path / "x")
    assert later.stretches == ((20, 40), (80, 100))
    assert later.missing(0, 120) == [(0, 20), (40, 80), (100, 120)]
    assert later.missing(25, 35) == []
    assert joined([(5, 9), (1, 6)]) == [(1, 9)]
    (tmp_path / "x" / "downloaded.json").write_text("[[1,")
    with pytest.raises(StoreError, match=r"downloaded\.json: can't be read"):
        Coverage(tmp_path / "x")
