"""Bars as TWS spells them: a message of past ones (17), made a piece at a time."""

from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.history.bar_sizes import DAY_SECONDS, trading_day
from microfutures.twsim.history.bars import TRADED
from microfutures.twsim.turns import Steps
from microfutures.twsim.wire import Field, frame, spelled

SECOND = 1_000_000_000
SECONDS_SINCE_1970 = 2
BARS_AT_ONCE = 1_000


def history_frame(
    instrument: Instrument,
    request_id: int,
    bars: list[Bar],
    *,
    what: str,
    date_format: int,
    start_ns: int,
    end_ns: int,
) -> Steps[bytes]:
    """Return the framed message of past bars."""
    pieces = [spelled([17, request_id, zoned(start_ns), zoned(end_ns), len(bars)])]
    for place in range(0, len(bars), BARS_AT_ONCE):
        fields: list[Field] = []
        for bar in bars[place : place + BARS_AT_ONCE]:
            volume, average, count = traded(bar, what)
            fields.append(bar_date(instrument, bar, date_format))
            fields += [bar.open, bar.high, bar.low, bar.close, volume, average, count]
        pieces.append(spelled(fields))
        if place:
            yield
    return frame(b"".join(pieces))


def traded(bar: Bar, what: str) -> tuple[str, str, int]:
    """Return volume, average price and count as IB spells them: -1 of quotes for all but price."""
    if what not in TRADED:
        return "-1", "-1", -1
    average = (bar.open + bar.high + bar.low + bar.close) / 4
    return f"{bar.volume:.10g}", f"{average:.4f}", max(int(bar.volume), 1)


def bar_date(instrument: Instrument, bar: Bar, date_format: int) -> Field:
    """Return when a bar begins, as the client wants it told."""
    if bar.seconds >= DAY_SECONDS:
        return trading_day(instrument, bar.start_ns).strftime("%Y%m%d")
    return bar.start_ns // SECOND if date_format == SECONDS_SINCE_1970 else zoned(bar.start_ns)


def zoned(moment_ns: int) -> str:
    """Return a moment in New York with its zone."""
    return exchange_time(moment_ns, pattern="%Y%m%d %H:%M:%S") + " US/Eastern"
