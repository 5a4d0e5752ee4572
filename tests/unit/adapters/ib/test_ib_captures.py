"""What a real TWS sent, read by the same path as live messages."""

import json
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import cast

import pytest
from ib_async import CommissionReport, Contract, Execution, Order, OrderState
from ib_async.decoder import Decoder

from microfutures.adapters.ib.decoder import TellingDecoder
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.taps import Taps

SERVER_VERSION = 173
OLDER_VERSION, OLDER_OPEN_ORDER_FIELDS = 167, 132
"""Some open orders were recorded at an older gateway; they are four fields shorter."""

COMPLETE = {"59": 8}
"""What follows is the emptiness after the last separator, kept by whoever recorded it."""
LONGEST_STATUS = 13


class Listener:
    """All taps in one."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []
        self.unreadable: list[str] = []

    def on_price(self, request_id: int, tick_type: int, price: float, size: float) -> None:
        self.heard.append(("price", tick_type, price, size))

    def on_size(self, request_id: int, tick_type: int, size: float) -> None:
        self.heard.append(("size", tick_type, size))

    def on_generic(self, request_id: int, tick_type: int, value: float) -> None:
        pass

    def on_data_type(self, request_id: int, data_type: int) -> None:
        self.heard.append(("type", data_type))

    def on_read(self) -> None:
        pass

    def on_open_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        self.heard.append(
            ("open", contract.localSymbol, order.orderRef, order.permId, state.status)
        )

    def on_open_orders_end(self) -> None:
        self.heard.append(("open end",))

    def on_completed_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        pass

    def on_completed_orders_end(self) -> None:
        pass

    def on_status(
        self, order_id: int, status: str, filled: float, remaining: float, perm_id: int, client: int
    ) -> None:
        self.heard.append(("status", order_id, status, filled, remaining, perm_id, client))

    def on_execution(self, request_id: int, contract: Contract, execution: Execution) -> None:
        self.heard.append(
            ("execution", contract.localSymbol, execution.execId, execution.price, execution.time)
        )

    def on_executions_end(self, request_id: int) -> None:
        self.heard.append(("executions end",))

    def on_commission(self, report: CommissionReport) -> None:
        self.heard.append(("commission", report.execId, report.commission, report.currency))

    def on_position(
        self, account: str, contract: Contract, quantity: float, average_cost: float
    ) -> None:
        self.heard.append(("position", contract.localSymbol, quantity, average_cost))

    def on_value(self, tag: str, value: str, currency: str, account: str) -> None:
        self.heard.append(("value", tag, value))

    def on_account_end(self, account: str) -> None:
        self.heard.append(("account end",))

    def on_error(self, request_id: int, code: int, text: str) -> None:
        self.heard.append(("error", request_id, code, text))

    def of(self, kind: str) -> list[tuple[object, ...]]:
        return [each for each in self.heard if each[0] == kind]


def read(listener: Listener, messages: Iterator[list[str]]) -> None:
    ib = TappedIB(
        Taps(
            market=listener,
            orders=listener,
            account=listener,
            on_error=listener.on_error,
            on_unreadable=listener.unreadable.append,
        )
    )
    for fields in messages:
        is_older = fields[:1] == ["5"] and len(fields) == OLDER_OPEN_ORDER_FIELDS
        ib.client.decoder.serverVersion = OLDER_VERSION if is_older else SERVER_VERSION
        ib.client.decoder.interpret(list(fields))


def captured(shared_dir: Path, *message_ids: str) -> Iterator[list[str]]:
    with (shared_dir / "wire" / "captures.jsonl").open() as lines:
        for line in lines:
            row = json.loads(line)
            fields = row["fields"]
            # Some orders that a client places (3, too) were filed under the wrong direction.
            is_order = fields[0] == "3" and len(fields) > LONGEST_STATUS
            if row["to"] == "client" and fields[0] in message_ids and not is_order:
                yield fields[: COMPLETE.get(fields[0])]


async def test_positions_of_a_real_tws_are_read(shared_dir: Path) -> None:
    listener = Listener()
    read(listener, captured(shared_dir, "61"))
    assert ("position", "ESU5", 1.0, 315114.75) in listener.heard
    assert ("position", "AAPL", -110.0, 201.8829709) in listener.heard
    assert listener.unreadable == []


async def test_an_order_flow_of_a_real_tws_is_read(shared_dir: Path) -> None:
    listener = Listener()
    read(listener, captured(shared_dir, "3", "5", "11", "59"))
    assert listener.of("status")
    assert listener.of("execution")
    assert listener.of("commission")
    permanent_ids = {each[3] for each in listener.of("open")}
    assert {each[5] for each in listener.of("status")} & permanent_ids
    executed = {each[2] for each in listener.of("execution")}
    assert {each[1] for each in listener.of("commission")} & executed
    assert listener.unreadable == [], listener.unreadable


async def test_objects_are_read_as_ib_async_reads_them(
    shared_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_by_us: list[str] = []
    read_by_the_base: list[str] = []
    kinds: set[str] = set()

    def parse_and_keep(decoder: Decoder, parsed: object) -> None:
        kinds.add(type(parsed).__name__)
        twin = copy(parsed)
        ours(cast("TellingDecoder", decoder), parsed)
        base(decoder, twin)  # type: ignore[no-untyped-call]
        read_by_us.append(repr(vars(parsed)))
        read_by_the_base.append(repr(vars(twin)))

    ours, base = TellingDecoder.parse, Decoder.parse
    monkeypatch.setattr(TellingDecoder, "parse", parse_and_keep)
    read(Listener(), captured(shared_dir, "5", "10", "11", "61", "101"))
    assert read_by_us == read_by_the_base
    assert {"Order", "OrderState", "Contract", "ContractDetails", "Execution"} <= kinds


async def test_what_cannot_be_read_is_told_with_its_name() -> None:
    listener = Listener()
    broken = [["999", "1"], ["x"], [], ["2", "6", "1", "0", "many"], ["3", "1"]]
    read(listener, iter(broken))
    assert len(listener.unreadable) == 5
    assert "many" in listener.unreadable[3]
    read(listener, iter([["2", "6", "1", "0", "7"]]))
    assert listener.heard == [("size", 0, 7.0)]


async def test_a_price_that_is_missing_is_no_price() -> None:
    listener = Listener()
    read(
        listener, iter([["1", "6", "1", "1", "", "", "1"], ["1", "6", "1", "1", "-1.0", "0", "1"]])
    )
    assert listener.heard == [("price", 1, -1.0, 0.0)]
