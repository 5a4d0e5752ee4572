import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from microfutures.app.logging_setup import DeskLog, DeskLogHandler, RepeatLimit, Repeats
from microfutures.config import LogLevel
from microfutures.model.errors import ConfigurationError
from microfutures.model.timestamp import to_iso

START_NS = 1_795_428_900_123_000_000  # 2026-11-23 10:15:00.123 UTC


class ManualClock:
    def __init__(self) -> None:
        self.moment_ns = START_NS

    def now_ns(self) -> int:
        return self.moment_ns

    async def sleep(self, seconds: float) -> None:
        self.moment_ns += round(seconds * 1e9)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> Iterator[DeskLog]:
    with DeskLog(tmp_path / "deep" / "logs", level=LogLevel.INFO, clock=clock) as opened:
        yield opened


def handler_of(log: DeskLog) -> DeskLogHandler:
    mine = (each for each in logging.getLogger().handlers if isinstance(each, DeskLogHandler))
    return next(mine)


def lines(log: DeskLog) -> list[str]:
    return log.path.read_text().splitlines()


def test_lines_carry_the_injected_time_level_and_name(log: DeskLog) -> None:
    logging.getLogger("microfutures.ib").info("connected to %s", "127.0.0.1")
    assert lines(log) == [
        "2026-11-23T10:15:00.123Z INFO microfutures.ib connected to 127.0.0.1",
    ]


def test_nothing_reaches_the_terminal(log: DeskLog, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("microfutures").error("bad")
    logging.getLogger("elsewhere").warning("worse")
    assert capfd.readouterr() == ("", "")


def test_level_rules_ours_and_others_only_warn(log: DeskLog) -> None:
    logging.getLogger("microfutures.x").debug("too small")
    logging.getLogger("asyncio").info("chatter")
    logging.getLogger("asyncio").warning("trouble")
    assert [line.split(" ", 1)[1] for line in lines(log)] == ["WARNING asyncio trouble"]


def test_a_repeated_line_is_written_once_then_counted(log: DeskLog, clock: ManualClock) -> None:
    logger = logging.getLogger("microfutures.risk")
    for _ in range(500):
        logger.warning("refused: %s", "5 > 3")
    logger.warning("something else")
    assert len(lines(log)) == 2
    clock.moment_ns += 61_000_000_000
    logger.warning("refused: %s", "5 > 3")
    assert [line.split(" ", 3)[3] for line in lines(log)] == [
        "refused: 5 > 3",
        "something else",
        f"repeated 499 × until {to_iso(clock.moment_ns - 61_000_000_000)}: refused: 5 > 3",
        "refused: 5 > 3",
    ]


def test_closing_writes_the_outstanding_counts_and_restores_logging(
    tmp_path: Path, clock: ManualClock
) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("microfutures").level)
    log = DeskLog(tmp_path, level=LogLevel.DEBUG, clock=clock)
    for _ in range(3):
        logging.getLogger("microfutures").debug("again")
    log.close()
    log.close()
    assert lines(log)[-1].endswith(f"repeated 2 × until {to_iso(clock.moment_ns)}: again")
    assert (root.level, root.handlers, logging.getLogger("microfutures").level) == before


def test_a_text_of_many_lines_stays_one_line_and_a_traceback_follows(log: DeskLog) -> None:
    logger = logging.getLogger("microfutures")
    logger.warning("first\nforged 2026 ERROR\x1b[2J")
    try:
        int("boom")
    except ValueError:
        logger.exception("failed")
    text = lines(log)
    assert text[0].endswith(r"first\nforged 2026 ERROR\x1b[2J")
    assert text[-1].startswith("ValueError: invalid literal")
    assert sum(bool(re.match(r"\d{4}-", line)) for line in text) == 2


def test_the_file_rotates(log: DeskLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler_of(log), "maxBytes", 2_000)
    for number in range(200):
        logging.getLogger("microfutures").info("line %d", number)
    files = sorted(log.path.parent.glob("trading_system.log*"))
    assert 2 < len(files) <= 11
    longest = len("2026-11-23T10:15:00.123Z INFO microfutures line 199\n")
    assert all(path.stat().st_size < 2_000 + longest for path in files)


def test_a_broken_log_file_is_told_once_and_raises_nothing(
    log: DeskLog, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk:
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        def flush(self) -> None: ...
        def fileno(self) -> int:
            return fileno

        def close(self) -> None: ...

    file = handler_of(log).stream
    assert file is not None
    fileno = file.fileno()
    with monkeypatch.context() as patch:
        patch.setattr(handler_of(log), "stream", FullDisk())
        logging.getLogger("microfutures").error("one")
        logging.getLogger("microfutures").error("two")
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "No space left" in text


def test_arguments_that_do_not_fit_are_shown_beside_the_text(log: DeskLog) -> None:
    # Straight to the handler: the one that pytest adds to every logger would raise.
    handler_of(log).emit(logging.LogRecord("x", 40, "", 0, "%d and %d", (1,), None))
    assert lines(log)[0].endswith("ERROR x %d and %d (1,)")


def test_a_directory_that_cannot_be_made_is_a_configuration_error(
    tmp_path: Path, clock: ManualClock
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(ConfigurationError, match="--log-dir"):
        DeskLog(blocker / "logs", level=LogLevel.INFO, clock=clock)


def test_repeat_limit_forgets_when_it_holds_too_many_lines() -> None:
    limit = RepeatLimit()
    for number in range(5_000):
        assert limit.take_ended(START_NS) == []
        assert limit.admit(("x", 20, str(number)), START_NS)
    assert limit.admit(("x", 20, "0"), START_NS)


def test_repeat_limit_ends_every_window_when_the_clock_goes_back() -> None:
    limit = RepeatLimit()
    line = ("x", 20, "text")
    assert limit.admit(line, START_NS)
    assert not limit.admit(line, START_NS)
    assert limit.take_ended(START_NS - 10**9) == [(line, Repeats(START_NS, START_NS, 1))]
    assert limit.admit(line, START_NS - 10**9)


def test_logging_is_as_it_was_when_the_log_is_closed(tmp_path: Path, clock: ManualClock) -> None:
    names = ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing")
    before = [getattr(logging, name) for name in names]
    with DeskLog(tmp_path, level=LogLevel.INFO, clock=clock):
        assert [getattr(logging, name) for name in names] != before
    assert [getattr(logging, name) for name in names] == before
