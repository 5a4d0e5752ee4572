"""Bars of one second, made of single ticks: nothing shorter than five seconds is recorded."""

from collections.abc import Iterable, Iterator

from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.twsim.history.bars import BID_ASK, TRADED
from microfutures.twsim.history.tick_tape import TickTape
from microfutures.twsim.turns import Steps
from microfutures.venue.bars import fold

SECOND = 1_000_000_000
LONGEST_SECONDS = 2_000
"""IB's limit for bars of this size."""

PIECE_NS = 300 * SECOND


def second_bars(
    tape: TickTape, instrument: Instrument, what: str, start_ns: int, end_ns: int
) -> Steps[list[Bar]]:
    """Return the bars that begin from `start_ns` to before `end_ns`, a piece at a time."""
    bars: list[Bar] = []
    for piece_ns in range(start_ns - start_ns % SECOND, end_ns, PIECE_NS):
        until_ns = min(piece_ns + PIECE_NS, end_ns)
        bars += fold(_points(tape, instrument, what, piece_ns, until_ns), 1)
        yield
    return bars


def _points(
    tape: TickTape, instrument: Instrument, what: str, start_ns: int, end_ns: int
) -> Iterable[Bar]:
    if what in TRADED:
        for trade in tape.trades(instrument, start_ns, end_ns):
            yield _point(trade.time_ns, trade.price, trade.size)
        return
    for quote in tape.quotes(instrument, start_ns, end_ns):
        yield from _quoted(quote.time_ns, what, quote.bid, quote.ask)


def _quoted(time_ns: int, what: str, bid: float | None, ask: float | None) -> Iterator[Bar]:
    if bid is None or ask is None:
        return
    shown = {"BID": (bid,), "ASK": (ask,), BID_ASK: (bid, ask)}.get(what, ((bid + ask) / 2,))
    for price in shown:
        yield _point(time_ns, price, 0.0)


def _point(time_ns: int, price: float, size: float) -> Bar:
    return Bar(time_ns, 1, price, price, price, price, size)
