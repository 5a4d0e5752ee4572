"""The tear sheet of a journal: a live day, a simulated one, or a backtest that kept one."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from microfutures.adapters.sqlite_journal import JournalReader
from microfutures.analytics.trades import Trade
from microfutures.app.engine_making import RunStarted
from microfutures.app.journal.eyes import JournalEyes, Seen
from microfutures.app.journal.trades import OrderOwner, TripFollower
from microfutures.engine.guards import EquityMark
from microfutures.model.errors import ConfigurationError, JournalError
from microfutures.model.events import (
    ClockStepped,
    CommissionReceived,
    ConnectionChanged,
    FillReceived,
    HistoryLoaded,
    InstrumentResolved,
    TimerFired,
)
from microfutures.model.market import Quote
from microfutures.model.snapshot import RoundTripView
from microfutures.ports.journal import JournalRecord
from microfutures.reports.tear_sheet_input import TearSheetInput

MOST_NOTES = 3

T = TypeVar("T")


class _Refused(msgspec.Struct, frozen=True):
    rule: str
    reason: str


def sheet_of_journal(path: Path) -> TearSheetInput:
    """Return what the runs of a journal came to.

    Raises
    ------
    JournalError
        If it can't be read.
    ConfigurationError
        If no run was ever started in it.
    """
    reading = _Reading(path)
    reader = JournalReader(path)
    try:
        for record in reader.read():
            reading.take(record)
    finally:
        reader.close()
    return reading.sheet()


class _Reading:
    """Goes through a journal once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._trips = TripFollower()
        self._eyes: JournalEyes | None = None
        self._seen = Seen()
        self._runs: list[RunStarted] = []
        self._times_ns: list[int] = []
        self._equity: list[float] = []
        self._refusals: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._takers: dict[str, Callable[[JournalRecord], None]] = {
            "RunStarted": self._on_start,
            "EquityMark": self._on_equity,
            "Quote": self._on_quote,
            "ConnectionChanged": self._on_connection,
            "ClockStepped": self._on_clock,
            "TimerFired": self._on_timer,
            "InstrumentResolved": self._on_instrument,
            "HistoryLoaded": self._on_history,
            "OrderApproved": lambda record: self._trips.on_order(_decode(record, OrderOwner)),
            "FillReceived": lambda record: self._trips.on_fill(_decode(record, FillReceived)),
            "CommissionReceived": lambda record: self._trips.on_commission(
                _decode(record, CommissionReceived)
            ),
            "RoundTripFinished": lambda record: self._trips.on_trip(_decode(record, RoundTripView)),
            "Refusal": self._on_refusal,
        }

    def take(self, record: JournalRecord) -> None:
        """Take the next record; kinds that say nothing of the result are passed over."""
        taker = self._takers.get(record.name)
        if taker is not None:
            taker(record)

    def sheet(self) -> TearSheetInput:
        """Return everything that was read."""
        if not self._runs:
            raise ConfigurationError(f"{self._path}: no run was ever started in this journal")
        trips = self._trips
        trades = trips.trades
        commissions = sum(trade.costs for trade in trades)
        self._settle(trades)
        has_path = len(self._seen.times_ns) > 1
        return TearSheetInput(
            title=" and ".join(self._runs[-1].settings.strategies) or "Run",
            subtitle=f"journal {self._path.name}",
            facts=self._facts(),
            times_ns=self._times_ns,
            equity=self._equity,
            trades=tuple(trades),
            pair=self._eyes.path() if self._eyes is not None and has_path else None,
            costs={"commissions": commissions, "slippage": trips.slippage} if trips.fills else {},
            notes=[
                f"no trade by the rule {rule}, {count:,} in the journal; the last: "
                f"{self._reasons[rule]}"
                for rule, count in self._refusals.most_common(MOST_NOTES)
            ],
        )

    def _settle(self, trades: Sequence[Trade]) -> None:
        """Let the curve end where the trades ended: marks come once in a while only."""
        if self._trips.is_flat and trades and trades[-1].closed_ns > self._times_ns[-1]:
            self._times_ns.append(trades[-1].closed_ns)
            self._equity.append(self._equity[0] + sum(trade.net for trade in trades))

    def _facts(self) -> dict[str, str]:
        facts = {"runs": f"{len(self._runs):,}", "fills": f"{self._trips.fills:,}"}
        facts["version"] = self._runs[-1].version
        if self._eyes is not None:
            changed = self._eyes.parameters
            facts["pair"] = (
                f"lookback {changed.lookback} of {changed.sample_seconds} s, "
                f"entry {changed.z_entry:g}, exit {changed.z_exit:g}, hedge {changed.hedge_beta:g}"
            )
        return facts

    def _on_start(self, record: JournalRecord) -> None:
        started = _decode(record, RunStarted)
        self._runs.append(started)
        if not self._equity:
            self._times_ns.append(record.time_ns)
            self._equity.append(started.settings.trading.initial_capital)
        pairs = [each.parameters for each in started.settings.strategies.values()]
        # A new process begins with an empty window; what was seen before stays seen.
        self._eyes = JournalEyes(started.settings, pairs[0], self._seen) if pairs else None

    def _on_quote(self, record: JournalRecord) -> None:
        quote = _decode(record, Quote)
        self._trips.on_quote(quote)
        if self._eyes is not None:
            self._eyes.on_quote(quote)

    def _on_connection(self, record: JournalRecord) -> None:
        if self._eyes is not None:
            self._eyes.on_connection(_decode(record, ConnectionChanged))

    def _on_refusal(self, record: JournalRecord) -> None:
        refused = _decode(record, _Refused)
        self._refusals[refused.rule] += 1
        self._reasons[refused.rule] = refused.reason

    def _on_clock(self, record: JournalRecord) -> None:
        if self._eyes is not None:
            self._eyes.on_clock(_decode(record, ClockStepped).time_ns)

    def _on_equity(self, record: JournalRecord) -> None:
        self._times_ns.append(max(record.time_ns, self._times_ns[-1] if self._times_ns else 0))
        self._equity.append(float(_decode(record, EquityMark).capital))

    def _on_timer(self, record: JournalRecord) -> None:
        if self._eyes is not None:
            self._eyes.on_timer(_decode(record, TimerFired).time_ns)

    def _on_instrument(self, record: JournalRecord) -> None:
        event = _decode(record, InstrumentResolved)
        self._trips.on_instrument(event)
        if self._eyes is not None:
            self._eyes.on_instrument(event)

    def _on_history(self, record: JournalRecord) -> None:
        if self._eyes is not None:
            self._eyes.on_history(_decode(record, HistoryLoaded))


def _decode(record: JournalRecord, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(record.payload, type=kind)
    except msgspec.DecodeError as error:
        raise JournalError(
            f"record {record.sequence} ({record.name}) can't be read: {error}; "
            "use the version that wrote it"
        ) from error
