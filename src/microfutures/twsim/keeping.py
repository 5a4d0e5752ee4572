"""Writes down what the simulated broker must not forget before anybody hears of it.

What changed in one turn is kept at its end; clients' messages leave after that. After a restart
the market is played up to the moment of the last row, unseen, and accounts, orders and executions
stand as they stood. Not kept: the day's profit (it begins anew), what connections asked for.
"""

from collections.abc import Iterable
from decimal import Decimal
from itertools import takewhile

import msgspec
from msgspec.structs import replace

from microfutures.model.errors import GatewayStateError, InvalidValueError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.trading_hours import midnight_before
from microfutures.ports.broker_memory import BrokerMemory, KeptRow
from microfutures.twsim.orders import families
from microfutures.twsim.orders.desk import OrderDesk
from microfutures.twsim.orders.facts import ExecutionFacts, OrderFacts
from microfutures.venue.keeping import KeptAccount, KeptOrder
from microfutures.venue.venue import Venue

ACCOUNT, ORDER, EXECUTION, COUNTERS = "account", "order", "execution", "counters"


class KeptFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An order as TWS and as the exchange remember it."""

    facts: OrderFacts
    working: KeptOrder | None


class KeptExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution; its order is kept by itself."""

    perm_id: int
    execution_id: str
    time_ns: int
    quantity: int
    price: Decimal
    cumulative: int
    average_price: Decimal
    commission: Decimal
    realized: Decimal | None
    leg_id: InstrumentId | None = None
    """The leg of a combo that it was of; None for the order's own contract."""
    leg_action: str = ""


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """The moment of the last row, and which ids are used up."""

    time_ns: int
    session: int
    next_perm_id: int
    next_order_ids: dict[int, int]


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a broker that died had kept."""

    counters: Counters
    accounts: list[KeptAccount]
    orders: list[KeptFacts]
    executions: list[KeptExecution]


def read_memory(kept: Iterable[KeptRow]) -> Remembered | None:
    """Return what the rows of a memory say; None if there are none.

    Raises
    ------
    GatewayStateError
        If a row can't be read.
    """
    rows: dict[str, list[bytes]] = {ACCOUNT: [], ORDER: [], EXECUTION: [], COUNTERS: []}
    for row in kept:
        rows.setdefault(row.kind, []).append(row.payload)
    if not rows[COUNTERS]:
        return None
    try:
        return Remembered(
            counters=msgspec.json.decode(rows[COUNTERS][0], type=Counters),
            accounts=[msgspec.json.decode(each, type=KeptAccount) for each in rows[ACCOUNT]],
            orders=[msgspec.json.decode(each, type=KeptFacts) for each in rows[ORDER]],
            executions=[msgspec.json.decode(each, type=KeptExecution) for each in rows[EXECUTION]],
        )
    except msgspec.DecodeError as error:
        raise GatewayStateError(
            f"gateway state: a row can't be read ({error}); restore a copy, or name another file"
        ) from error


class Keeper:
    """Keeps what changed; the desk and the venue don't know of it."""

    def __init__(
        self, memory: BrokerMemory, *, venue: Venue, desk: OrderDesk, session: int
    ) -> None:
        self._memory = memory
        self._venue = venue
        self._desk = desk
        self._session = session
        self._kept_until = ""
        """The newest execution that is kept."""
        self._has_failed = False

    def keep(self, perm_ids: Iterable[int], accounts: Iterable[str]) -> None:
        """Keep orders, accounts, new executions and the counters, all or nothing."""
        if self._has_failed:
            raise GatewayStateError("gateway state: what happened earlier could not be kept")
        self._has_failed = True
        found = [self._desk.memory.by_perm_id.get(perm_id) for perm_id in perm_ids]
        rows = [self._order(facts) for facts in found if facts is not None]
        rows += [_row(ACCOUNT, name, self._venue.keeping.account(name)) for name in accounts]
        rows += [_row(EXECUTION, each.execution_id, _execution(each)) for each in self._new()]
        memory = self._desk.memory
        counters = Counters(
            time_ns=self._venue.now_ns,
            session=self._session,
            next_perm_id=memory.next_perm_id,
            next_order_ids=memory.next_order_ids,
        )
        self._memory.save([*rows, _row(COUNTERS, "", counters)])
        self._has_failed = False

    def restore(self, remembered: Remembered) -> None:
        """Let everything stand as it stood; the venue is at that moment already.

        Raises
        ------
        GatewayStateError
            If it is of another market: of other accounts or contracts.
        """
        day_began_ns = midnight_before(remembered.counters.time_ns)
        try:
            for account in remembered.accounts:
                self._venue.keeping.restore_account(account)
            orders: dict[int, OrderFacts] = {}
            for order in remembered.orders:
                done_ns = order.facts.completed_ns
                if done_ns is None or done_ns >= day_began_ns:
                    orders[order.facts.perm_id] = self._restore_order(order)
            for each in remembered.executions:
                if each.time_ns >= day_began_ns:
                    self._desk.executions.append(self._execution(each, orders[each.perm_id]))
                    self._kept_until = each.execution_id
        except (KeyError, InvalidValueError) as error:
            raise GatewayStateError(
                f"gateway state: {error} is not in this market; start it with the --symbols and "
                "the market that it was kept with, or name another file"
            ) from error
        memory, counters = self._desk.memory, remembered.counters
        memory.next_perm_id = max(memory.next_perm_id, counters.next_perm_id)
        memory.next_order_ids.update(counters.next_order_ids)

    def _restore_order(self, kept: KeptFacts) -> OrderFacts:
        facts = kept.facts
        facts.instrument = self._contract(facts)
        self._desk.memory.restore(facts)
        if _waits_for_conditions(facts, self._desk.orders.values()):
            self._desk.watch.add(facts)
        if kept.working is not None:
            self._venue.keeping.restore_order(kept.working, self._venue.now_ns)
        return facts

    def _contract(self, facts: OrderFacts) -> Instrument:
        """Return the contract of a kept order with its present hours."""
        kept = facts.instrument
        if facts.combo is None:
            return self._venue.instrument(kept.instrument_id)
        combo = self._venue.combo(facts.combo.parts)
        if combo is None:
            raise KeyError(kept.instrument_id)
        return replace(combo, symbol=kept.symbol, exchange=kept.exchange, con_id=kept.con_id)

    def _execution(self, kept: KeptExecution, order: OrderFacts) -> ExecutionFacts:
        leg = None if kept.leg_id is None else self._venue.instrument(kept.leg_id)
        names = set(kept.__struct_fields__) - {"perm_id", "leg_id"}
        return ExecutionFacts(order=order, leg=leg, **{name: getattr(kept, name) for name in names})

    def _new(self) -> list[ExecutionFacts]:
        """Return the executions that are not kept, oldest first."""
        known = self._kept_until
        new = list(
            takewhile(lambda each: each.execution_id != known, reversed(self._desk.executions))
        )
        if new:
            self._kept_until = new[0].execution_id
        return new[::-1]

    def _order(self, facts: OrderFacts) -> KeptRow:
        # Hours come with the listing again; they are most of an instrument's size.
        bare = replace(facts.instrument, trading_hours=(), liquid_hours=())
        kept = KeptFacts(
            facts=replace(facts, instrument=bare), working=self._venue.keeping.order(facts.perm_id)
        )
        return _row(ORDER, str(facts.perm_id), kept)


def _waits_for_conditions(order: OrderFacts, all_orders: Iterable[OrderFacts]) -> bool:
    if not (order.is_open and order.conditions.each):
        return False
    if order.is_at_venue:
        return order.conditions.cancels
    return order.is_transmitted and not families.waits_for_parent(order, all_orders)


def _row(kind: str, key: str, kept: msgspec.Struct) -> KeptRow:
    return KeptRow(kind, key, msgspec.json.encode(kept))


def _execution(facts: ExecutionFacts) -> KeptExecution:
    names = set(facts.__struct_fields__) - {"order", "leg"}
    return KeptExecution(
        perm_id=facts.order.perm_id,
        leg_id=None if facts.leg is None else facts.leg.instrument_id,
        **{name: getattr(facts, name) for name in names},
    )
