"""The conditions of an order as the wire spells them, both ways.

Source: IB's published client, whose condition classes write and read these fields.
"""

from decimal import Decimal

import msgspec

from microfutures.twsim.wire import Field, FieldReader, WireError

PRICE, TIME, MARGIN, EXECUTION, VOLUME, PERCENT_CHANGE = 1, 3, 4, 5, 6, 7

_FIELDS: dict[int, tuple[str, ...]] = {
    PRICE: ("is_more", "value", "con_id", "exchange", "trigger_method"),
    TIME: ("is_more", "value"),
    MARGIN: ("is_more", "value"),
    EXECUTION: ("security_type", "exchange", "symbol"),
    VOLUME: ("is_more", "value", "con_id", "exchange"),
    PERCENT_CHANGE: ("is_more", "value", "con_id", "exchange"),
}
"""What each kind says after its connector, in this order."""


class OrderCondition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition; `is_and` tells how it is connected to the next."""

    kind: int
    is_and: bool
    is_more: bool = True
    value: str = ""
    """A price, a moment, a percentage or a volume."""
    con_id: int = 0
    exchange: str = ""
    trigger_method: int = 0
    security_type: str = ""
    symbol: str = ""

    @property
    def number(self) -> Decimal:
        """Return the value of every kind but time."""
        return Decimal(self.value)


class OrderConditions(msgspec.Struct, frozen=True, kw_only=True):
    """All conditions of an order, and what they do when they come true."""

    each: tuple[OrderCondition, ...] = ()
    ignores_hours: bool = False
    cancels: bool = False

    def fields(self) -> list[Field]:
        """Return the fields that tell a client."""
        told: list[Field] = [len(self.each)]
        for condition in self.each:
            told += [condition.kind, "a" if condition.is_and else "o"]
            told += [getattr(condition, name) for name in _FIELDS[condition.kind]]
        return [*told, self.ignores_hours, self.cancels] if self.each else told


def read_conditions(reader: FieldReader) -> OrderConditions:
    """Read the conditions of an order; raise `WireError` for a kind that isn't known."""
    conditions = tuple(_read_condition(reader) for _ in range(reader.count()))
    if not conditions:
        return OrderConditions()
    return OrderConditions(each=conditions, ignores_hours=reader.flag(), cancels=reader.flag())


def _read_condition(reader: FieldReader) -> OrderCondition:
    kind = reader.integer()
    if kind not in _FIELDS:
        raise WireError(f"a condition must be of kind 1 or 3 to 7, was {kind}")
    said: dict[str, str | int | bool] = {"kind": kind, "is_and": reader.text() == "a"}
    for name in _FIELDS[kind]:
        match name:
            case "is_more":
                said[name] = reader.flag()
            case "con_id" | "trigger_method":
                said[name] = reader.integer()
            case "value" if kind != TIME:
                said[name] = format(reader.decimal() or Decimal(0), "f")
            case _:
                said[name] = reader.text()
    return msgspec.convert(said, OrderCondition)
