"""What is held at rest after a kill: the gateway's file against the desk's journal, from outside.

Nothing of the desk's own books is asked for but what the journal gives when it is recovered.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from campaign.kill_stage import CASH, Stage, open_positions
from microfutures.adapters.sqlite_journal import JournalReader
from microfutures.app.engine_making import build_engine
from microfutures.app.journal.recovery import RECOVERED_KINDS, recover
from microfutures.model.events import FillReceived
from microfutures.model.fills import Fill, execution_stem
from microfutures.model.identifiers import ExecutionId, InstrumentId
from microfutures.model.intents import Intent
from microfutures.model.orders import Order, Side
from microfutures.ports.journal import JournalRecord
from microfutures.twsim.keeping import Remembered

Leg = tuple[str, InstrumentId]
"""An intent and one of its contracts."""


class IntentDone(msgspec.Struct, frozen=True):
    """The end of an intent, as the journal tells it."""

    intent: Intent


class Target(msgspec.Struct):
    """The position that an intent was to come to."""

    strategy: str
    quantity: int
    others: list[int]
    """What was held beside its own fills: when it came, and after each late fill of another."""

    def allows(self, traded: int) -> bool:
        """Tell whether what was traded for it ever leads to its target and not beyond."""
        missing = [self.quantity - held for held in self.others]
        return min(*missing, 0) <= traded <= max(*missing, 0)


class Memory:
    """What the journal says, read from its first record to its last."""

    def __init__(self, records: Iterable[JournalRecord]) -> None:
        self.orders: dict[str, Order] = {}
        self.fills: dict[str, Fill] = {}
        """Of our orders, by the stem of the execution; the latest correction."""
        self.adjusted = 0
        self.legs: dict[Leg, Target] = {}
        self._running: dict[str, list[tuple[InstrumentId, Target]]] = {}
        for record in records:
            match record.name:
                case "OrderApproved":
                    order = msgspec.json.decode(record.payload, type=Order)
                    self.orders[order.order_ref] = order
                case "FillReceived":
                    self._take(msgspec.json.decode(record.payload, type=FillReceived).fill)
                case "PositionAdjusted":
                    self.adjusted += 1
                case "RunStarted":
                    self._running.clear()
                case "IntentDone":
                    done = msgspec.json.decode(record.payload, type=IntentDone)
                    self._running.pop(done.intent.intent_id, None)
                case "Intent":
                    self._begin(msgspec.json.decode(record.payload, type=Intent))

    def _take(self, fill: Fill) -> None:
        order = self.orders.get(fill.order_ref)
        if order is None:
            return
        stem = execution_stem(fill.execution_id)
        is_new = stem not in self.fills
        self.fills[stem] = fill
        if is_new:
            for intent_id, legs in self._running.items():
                for instrument_id, leg in legs:
                    is_of = (leg.strategy, instrument_id) == (order.strategy, fill.instrument_id)
                    if is_of and intent_id != order.intent_id:
                        leg.others.append(leg.others[-1] + fill.signed_quantity)

    def _begin(self, intent: Intent) -> None:
        for each in intent.legs:
            held = sum(
                fill.signed_quantity
                for fill in self.fills.values()
                if fill.instrument_id == each.instrument_id
                and self.orders[fill.order_ref].strategy == intent.strategy
            )
            target = Target(intent.strategy, each.quantity, [held])
            self.legs[str(intent.intent_id), each.instrument_id] = target
            self._running.setdefault(intent.intent_id, []).append((each.instrument_id, target))


def audit(stage: Stage) -> list[str]:
    """Return every law that is broken, in words; the desk and its broker are at rest."""
    broker = stage.broker()
    reader = JournalReader(stage.journal)
    try:
        memory = Memory(reader.read(RECOVERED_KINDS | {"decision"}))
        engine = build_engine(stage.settings, "audit")
        recover(engine, reader.read(RECOVERED_KINDS))
    finally:
        reader.close()
    if broker is None:
        return ["the gateway keeps nothing"] if memory.orders else []
    positions = {str(name): quantity for _, name, quantity in engine.portfolio.positions}
    net = engine.portfolio.performance().net
    return [
        *_orders(broker, memory),
        *_executions(broker, memory),
        *_differ("positions", positions, open_positions(broker)),
        *_differ("profit, USD", net, sum((each.cash for each in broker.accounts), -CASH)),
        *([f"{memory.adjusted} positions were adjusted without a fill"] if memory.adjusted else []),
    ]


def _orders(broker: Remembered, memory: Memory) -> Iterator[str]:
    """Hold the broker's orders to the intents: each is known, came once, and no intent twice."""
    times = Counter(each.facts.order_ref for each in broker.orders)
    yield from (f"order {name} came {times[name]} times" for name in times if times[name] > 1)
    unknown = sorted(set(times) - set(memory.orders))
    if unknown:
        yield f"orders without an intent: {unknown[:3]}"
    working = [each.facts.order_ref for each in broker.orders if each.facts.is_open]
    if working:
        yield f"orders still work: {working[:3]}"
    done: Counter[Leg] = Counter()
    for each in broker.orders:
        order = memory.orders.get(each.facts.order_ref)
        if order is not None:
            done[str(order.intent_id), order.instrument_id] += order.side.sign * each.facts.filled
    for (intent_id, instrument_id), quantity in done.items():
        leg = memory.legs.get((intent_id, instrument_id))
        if leg is not None and not leg.allows(quantity):
            yield f"intent {intent_id} traded {quantity:+d} {instrument_id}, it was {leg}"


def _executions(broker: Remembered, memory: Memory) -> Iterator[str]:
    orders = {each.facts.perm_id: each.facts for each in broker.orders}
    theirs: Counter[tuple[object, ...]] = Counter(
        (
            execution_stem(ExecutionId(each.execution_id)),
            orders[each.perm_id].instrument.instrument_id,
            Side(orders[each.perm_id].action),
            each.quantity,
            each.price,
        )
        for each in broker.executions
    )
    ours: Counter[tuple[object, ...]] = Counter(
        (stem, fill.instrument_id, fill.side, fill.quantity, fill.price)
        for stem, fill in memory.fills.items()
    )
    lost, invented = [*(theirs - ours)], [*(ours - theirs)]
    if lost:
        yield f"{len(lost)} executions are lost, the first {lost[0]}"
    if invented:
        yield f"{len(invented)} executions are invented, the first {invented[0]}"


def _differ(what: str, ours: object, theirs: object | Decimal) -> Iterator[str]:
    if ours != theirs:
        yield f"{what}: the desk has {ours}, the broker {theirs}"
