"""Executions and their costs, each told once, however often the broker tells them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

from ib_async import CommissionReport, Contract, Execution
from msgspec.structs import replace

from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.translate import fill_of, instrument_id, money
from microfutures.model.errors import InvalidValueError
from microfutures.model.events import CommissionReceived, EngineEvent, FillReceived
from microfutures.model.fills import Commission
from microfutures.model.identifiers import ExecutionId, InstrumentId
from microfutures.ports.clock import Clock

KEPT = 20_000
JUST_NOW = -1
"""The request id of an execution that nobody asked for."""
BELIEVED_NS = 600_000_000_000

Value = TypeVar("Value")


class ExecutionFeed:
    """Passes on what is new; a correction has an id of its own and is new."""

    def __init__(
        self,
        *,
        clock: Clock,
        emit: Callable[[EngineEvent], None],
        contracts: Mapping[InstrumentId, Resolved],
        warn: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._emit = emit
        self._contracts = contracts
        self._warn = warn
        self._told: OrderedDict[ExecutionId, None] = OrderedDict()
        self._costs: OrderedDict[ExecutionId, Decimal] = OrderedDict()

    def on_execution(self, request_id: int, contract: Contract, execution: Execution) -> None:
        """Take an execution, new or told again."""
        execution_id = ExecutionId(execution.execId)
        if execution_id in self._told:
            return
        _remember(self._told, execution_id, None)
        resolved = self._contracts.get(instrument_id(contract))
        tick_size = resolved.instrument.tick_size if resolved is not None else None
        try:
            fill = fill_of(contract, execution, tick_size)
        except InvalidValueError as error:
            self._warn(f"an execution that can't be ours is passed over: {error}")
            return
        now_ns = self._clock.now_ns()
        if request_id == JUST_NOW and abs(fill.time_ns - now_ns) > BELIEVED_NS:
            # An older TWS writes the time of its own zone and doesn't say which that is.
            fill = replace(fill, time_ns=now_ns)
        self._emit(FillReceived(time_ns=now_ns, fill=fill))

    def on_commission(self, report: CommissionReport) -> None:
        """Take what an execution cost."""
        execution_id, amount = ExecutionId(report.execId), money(report.commission)
        if amount is None or self._costs.get(execution_id) == amount:
            return
        _remember(self._costs, execution_id, amount)
        self._emit(
            CommissionReceived(
                time_ns=self._clock.now_ns(),
                commission=Commission(
                    execution_id=execution_id, amount=amount, currency=report.currency
                ),
            )
        )


def _remember(
    memory: "OrderedDict[ExecutionId, Value]", execution_id: ExecutionId, value: Value
) -> None:
    memory[execution_id] = value
    while len(memory) > KEPT:
        memory.popitem(last=False)
