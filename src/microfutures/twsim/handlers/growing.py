"""Bars that go on: real-time ones (50), and history that is kept up to date (90)."""

from datetime import UTC, datetime, time

from microfutures.model.instrument import Instrument
from microfutures.model.timestamp import from_datetime
from microfutures.twsim.contracts.lookup import read_contract
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.contracts import find_one
from microfutures.twsim.history.bar_sizes import DAY_SECONDS, trading_day
from microfutures.twsim.history.growing_bars import RealTimeBars, Slot, aligned
from microfutures.twsim.history.messages import bar_date, traded
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FieldReader

SECOND = 1_000_000_000
REAL_TIME_WHAT = ("TRADES", "MIDPOINT", "BID", "ASK")


def slot(instrument: Instrument, seconds: int) -> Slot:
    """Return where bars of a length begin; a day's is dated at its noon."""
    if seconds < DAY_SECONDS:
        return aligned(seconds)

    def noon_of_day(moment_ns: int) -> int:
        day = trading_day(instrument, moment_ns)
        return from_datetime(datetime.combine(day, time(12), tzinfo=UTC))

    return noon_of_day


def send_growing_bars(session: Session) -> None:
    """Send the bars under way to whoever wants to be kept up to date."""
    for request_id, request in session.wants.growing.items():
        growing = request.bar
        instrument = session.exchange.venue.instrument(growing.instrument_id)
        under_way = [growing.current] if growing.current is not None else []
        for bar in [*growing.take_finished(), *under_way]:
            volume, average, count = traded(bar, growing.what)
            moment_text = bar_date(instrument, bar, request.date_format)
            prices = (bar.open, bar.close, bar.high, bar.low)
            session.send([90, request_id, count, moment_text, *prices, average, volume])


def real_time_bars(session: Session, reader: FieldReader) -> None:
    """Stream five-second bars (50)."""
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    size, what, regular_only = reader.integer(), reader.text().upper(), reader.flag()
    if size not in (0, 5) or what not in REAL_TIME_WHAT:
        is_size = size not in (0, 5)
        detail = "bar size must be 5" if is_size else f"what to show can't be '{what}'"
        session.error(request_id, 420, wording(420, detail=detail))
        return
    if request_id in session.wants.real_time:
        session.error(request_id, 322, wording(322, tag="bR", detail="Duplicate ticker id"))
        return
    instrument = find_one(session, request_id, query)
    if instrument is None:
        return
    exchange = session.exchange
    now_ns = exchange.clock.now_ns()
    before = exchange.history.bars(instrument, what, now_ns, 5, 1)
    last = before[-1].close if before else None
    real_time = RealTimeBars(instrument.instrument_id, what, now_ns, last)
    session.wants.real_time[request_id] = real_time
    if regular_only:
        real_time.bar.counts = exchange.is_liquid
    exchange.growing.add(real_time.bar)


def cancel_real_time_bars(session: Session, reader: FieldReader) -> None:
    """End five-second bars (51)."""
    reader.skip(1)
    real_time = session.wants.real_time.pop(reader.integer(), None)
    if real_time is not None:
        session.exchange.growing.remove(real_time.bar)


def send_real_time_bars(session: Session, now_ns: int) -> None:
    """Send the five-second bars that have ended; none while hours that don't count are on."""
    for request_id, bars in session.wants.real_time.items():
        for bar in bars.take(now_ns):
            average = f"{(bar.open + bar.high + bar.low + bar.close) / 4:.4f}"
            volume = int(bar.volume)
            prices = (bar.open, bar.high, bar.low, bar.close)
            start = bar.start_ns // SECOND
            session.send([50, 3, request_id, start, *prices, volume, average, min(volume, 1)])
