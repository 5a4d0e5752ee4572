"""The safeguards, each broken on purpose: a campaign that notices nothing would prove nothing.

Each row takes one safeguard out of the running program for the time of a ``with``.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from decimal import Decimal
from unittest.mock import patch

import msgspec

from microfutures.adapters.ib import orders as ib_orders
from microfutures.app import wiring
from microfutures.engine import admission
from microfutures.engine.commands import CommandDesk
from microfutures.engine.floor import TradingFloor
from microfutures.engine.guards import LossGuard
from microfutures.engine.market_watch import MarketWatch
from microfutures.engine.output import EngineOutput, Say
from microfutures.engine.owners import OwnNames
from microfutures.engine.reconciliation import Reconciler
from microfutures.engine.runner import EngineRunner, carry_out
from microfutures.engine.settlement import Settlement
from microfutures.engine.state import DeskState
from microfutures.execution.leg import Leg
from microfutures.execution.order_ledger import OrderLedger, OrderRecord
from microfutures.model.fills import Commission, Fill, execution_stem
from microfutures.model.flaws import Flaw
from microfutures.model.identifiers import StrategyName
from microfutures.portfolio.ledger import Booked, Ledger
from microfutures.risk import exposure_rules, pace_rules, rules, size_rules
from microfutures.strategies.micro_crude_oil_arbitrage import MicroCrudeOilArbitrageStrategy

Break = Callable[[], AbstractContextManager[object]]


class Sabotage(msgspec.Struct, frozen=True):
    """One safeguard and how it is broken."""

    name: str
    what: str
    """What the program does then."""
    apply: Break
    limit: str = ""
    """The limit, or how the names of several begin, that has to be tight for it to matter; empty
    when it matters on every day."""


def _silence(place: object, name: str) -> Break:
    """Return a break that has a method do nothing."""
    return lambda: patch.object(place, name, lambda *_, **__: None)


@contextmanager
def _both(*breaks: AbstractContextManager[object]) -> Iterator[None]:
    """Break several things at once."""
    with ExitStack() as stack:
        for each in breaks:
            stack.enter_context(each)
        yield


def _always(place: object, name: str, value: object) -> Break:
    """Return a break that has a property tell one value."""
    return lambda: patch.object(place, name, property(lambda _: value))


def _without_commit(self: EngineRunner, time_ns: int, output: EngineOutput) -> None:
    for effect in output.effects:
        if isinstance(effect, Say):
            self._speak(time_ns, effect)
        else:
            carry_out(effect, self._broker)


async def _no_executions(*_: object) -> None:
    """Ask for nothing."""


def _book_again(self: Ledger, strategy: StrategyName, fill: Fill, multiplier: Decimal) -> Booked:
    self._open(strategy, fill.instrument_id, multiplier).trade(fill.signed_quantity, fill.price)
    return Booked(strategy, fill, None)


_charge = Ledger.charge


def _charge_again(self: Ledger, commission: Commission) -> StrategyName | None:
    self._commissions.pop(execution_stem(commission.execution_id), None)
    return _charge(self, commission)


_position = Leg.position


def _twice_as_much(self: Leg) -> int:
    return 2 * int(_position.__get__(self))


_is_settled = OrderRecord.is_settled


def _settled_by_wish(self: OrderRecord) -> bool:
    return self.cancel_asked_ns is not None or bool(_is_settled.__get__(self))


_ROWS = (
    Sabotage(
        "write-ahead",
        "orders leave before their intent is on the disk",
        lambda: patch.object(EngineRunner, "_carry_out", _without_commit),
    ),
    Sabotage(
        "idempotent fills",
        "an execution that is told twice is booked twice",
        lambda: patch.object(Ledger, "book", _book_again),
    ),
    Sabotage(
        "idempotent commissions",
        "a commission that is told twice is paid twice",
        lambda: patch.object(Ledger, "charge", _charge_again),
    ),
    Sabotage(
        "recovered orders",
        "after a restart, earlier orders are somebody else's",
        # Their names alone would still tell.
        lambda: _both(
            patch.object(TradingFloor, "restore_order", lambda *_: None),
            patch.object(OwnNames, "is_lost", lambda *_: False),
        ),
    ),
    Sabotage(
        "names of orders",
        "every start names its orders alike",
        lambda: patch.object(wiring, "_order_ref_prefix", lambda *_: "mf1-0-0"),
    ),
    Sabotage(
        "lost orders",
        "an order that a power cut took from the journal is somebody else's",
        lambda: patch.object(OwnNames, "is_lost", lambda *_: False),
    ),
    Sabotage(
        "missed executions",
        "executions are not asked for after a reconnect",
        lambda: patch.object(ib_orders.OrderDesk, "replay_executions", _no_executions),
    ),
    Sabotage(
        "missed orders",
        "orders that the broker no longer knows are waited for",
        _silence(Settlement, "settle"),
    ),
    Sabotage(
        "others' positions",
        "after a restart, what the owner holds counts as a part of ours",
        _silence(Reconciler, "restore"),
    ),
    Sabotage(
        "one live order a leg",
        "a leg sends another order while the first one works",
        _always(Leg, "is_quiet", True),
    ),
    Sabotage(
        "confirmed cancels",
        "an order counts as gone as soon as its cancel was asked for",
        lambda: patch.object(OrderRecord, "is_settled", property(_settled_by_wish)),
    ),
    Sabotage(
        "repair of a leg alone",
        "a leg that a crash left alone stays",
        _silence(MicroCrudeOilArbitrageStrategy, "_adopt_position"),
    ),
    Sabotage(
        "pause",
        "entries go on while paused",
        # The floor asks for it, and the gate once more.
        lambda: _both(
            _always(DeskState, "is_paused", False)(),
            _silence(rules.NotPaused, "reason_against")(),
        ),
    ),
    Sabotage(
        "lasting commands",
        "a restart forgets that a person said pause",
        _silence(CommandDesk, "restore_command"),
    ),
    Sabotage(
        "rule: connection",
        "orders are approved without a line",
        _silence(rules.Connected, "reason_against"),
    ),
    Sabotage(
        "rule: quote",
        "entries are approved on stale quotes",
        _silence(rules.FreshQuote, "reason_against"),
    ),
    Sabotage(
        "rule: price collar",
        "limit prices lie anywhere",
        _silence(rules.PriceCollar, "reason_against"),
        limit="price_collar_ticks",
    ),
    Sabotage(
        "rule: order size",
        "orders are of any size",
        _silence(size_rules.OrderSize, "reason_against"),
        limit="max_order_",
    ),
    Sabotage(
        "rule: position",
        "positions get any size",
        _silence(size_rules.PositionSize, "reason_against"),
        limit="max_position_",
    ),
    Sabotage(
        "rule: notional",
        "a strategy holds any worth",
        _silence(size_rules.Notional, "reason_against"),
        limit="max_strategy_notional",
    ),
    Sabotage(
        "rule: concentration",
        "products that move together are held to any worth",
        _silence(exposure_rules.Concentration, "reason_against"),
        limit="max_family_notional",
    ),
    Sabotage(
        "rule: correlation",
        "entries lean to one side as far as they like",
        _silence(exposure_rules.Correlation, "reason_against"),
        limit="max_family_net_notional",
    ),
    Sabotage(
        "rule: reduce only",
        "an exit is of any size",
        lambda: _both(
            patch.object(size_rules.OnlyCloses, "reason_against", lambda *_: None),
            patch.object(Leg, "position", property(_twice_as_much)),
        ),
    ),
    Sabotage(
        "rule: drawdown",
        "entries go on below the peak",
        _silence(pace_rules.Drawdown, "reason_against"),
        limit="max_drawdown_percent",
    ),
    Sabotage(
        "rule: kill",
        "orders leave though a person said kill",
        _silence(rules.NotKilled, "reason_against"),
    ),
    Sabotage(
        "orders of an earlier run",
        "what the last run sent is neither waited for nor cancelled",
        # Each of the three alone is made up for by the others.
        lambda: _both(
            patch.object(OrderLedger, "restore", lambda *_: None),
            patch.object(rules.FatesKnown, "reason_against", lambda *_: None),
            patch.object(Settlement, "_look_at", lambda *_: None),
        ),
    ),
    Sabotage(
        "margin headroom",
        "entries take all margin there is",
        lambda: patch.object(admission, "margin_reason_against", lambda *_: None),
        limit="margin_headroom_percent",
    ),
    Sabotage(
        "loss of a round trip",
        "a round trip loses whatever it loses",
        _silence(LossGuard, "_check_trips"),
        limit="max_trip_loss_percent",
    ),
    Sabotage(
        "jumps",
        "a price that jumps is believed at once",
        lambda: patch.object(MarketWatch, "_jump", lambda *_: Flaw.NONE),
    ),
    Sabotage(
        "flawed quotes",
        "halts, crossed, one-sided and delayed quotes are traded on",
        lambda: patch.object(rules, "quote_problem", lambda *_: None),
    ),
    Sabotage(
        "rule: order rate",
        "any number of orders leaves in a moment",
        _silence(pace_rules.OrderRate, "reason_against"),
        limit="max_orders_per_window",
    ),
    Sabotage(
        "rule: daily loss",
        "entries go on after a bad day",
        _silence(pace_rules.DailyLoss, "reason_against"),
        limit="max_daily_loss_percent",
    ),
)

SABOTAGES: dict[str, Sabotage] = {row.name: row for row in _ROWS}
