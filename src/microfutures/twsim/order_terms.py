"""What an order asks beyond side, size and price: when it may work, what sets it off, by whom.

Read from the place-order request, kept with the order, and told again in its open order message.
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum

import msgspec

from microfutures.twsim.wire import Field, FieldReader, WireError

ADAPTIVE = "Adaptive"
"""The only algorithm that is simulated: it works like the order it is asked for."""


class ConditionKind(IntEnum):
    """What a condition looks at, in IB's numbers."""

    PRICE = 1
    TIME = 3
    MARGIN = 4
    EXECUTION = 5
    VOLUME = 6
    PERCENT_CHANGE = 7


_OPERANDS: dict[ConditionKind, tuple[str, ...]] = {
    ConditionKind.PRICE: ("is_more", "value", "con_id", "exchange", "trigger_method"),
    ConditionKind.TIME: ("is_more", "value"),
    ConditionKind.MARGIN: ("is_more", "value"),
    ConditionKind.EXECUTION: ("security_type", "exchange", "symbol"),
    ConditionKind.VOLUME: ("is_more", "value", "con_id", "exchange"),
    ConditionKind.PERCENT_CHANGE: ("is_more", "value", "con_id", "exchange"),
}
"""What follows the connector of each kind; the layout of IB's published client."""


class Condition(msgspec.Struct, frozen=True):
    """One condition, its operands as they were spelled."""

    kind: ConditionKind
    connector: str
    """``a`` or ``o``: how it is joined with the one that follows."""
    operands: dict[str, str]

    @property
    def is_more(self) -> bool:
        """Tell whether the value is a lower bound."""
        return self.operands.get("is_more", "") in ("1", "true", "True")

    @property
    def con_id(self) -> int:
        """Return the contract that is looked at; 0 where there is none."""
        text = self.operands.get("con_id", "")
        return int(text) if text.isdecimal() and len(text) < 12 else 0

    def number(self) -> float | None:
        """Return the value; None when it is no number."""
        try:
            return float(self.operands.get("value", ""))
        except ValueError:
            return None

    def fields(self) -> list[Field]:
        """Return it as it is told."""
        return [int(self.kind), self.connector, *self.operands.values()]


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms; prices are None and texts empty where the client left them unset."""

    display_size: int | None = None
    trigger_method: int = 0
    good_after: str = ""
    good_till: str = ""
    percent_offset: Decimal | None = None
    trail_stop: Decimal | None = None
    trailing_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    algo: str = ""
    algo_parameters: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    conditions_ignore_hours: bool = False
    conditions_cancel: bool = False
    """Whether the conditions cancel the order rather than let it go."""

    def algo_fields(self) -> list[Field]:
        """Return the algorithm as it is told."""
        if not self.algo:
            return [""]
        pairs: Iterator[Field] = (each for pair in self.algo_parameters for each in pair)
        return [self.algo, len(self.algo_parameters), *pairs]

    def condition_fields(self) -> list[Field]:
        """Return the conditions as they are told."""
        if not self.conditions:
            return [0]
        told = [each for condition in self.conditions for each in condition.fields()]
        last: list[Field] = [self.conditions_ignore_hours, self.conditions_cancel]
        return [len(self.conditions), *told, *last]


def read_conditions(reader: FieldReader) -> tuple[tuple[Condition, ...], bool, bool]:
    """Return the conditions, whether they ignore regular hours, and whether they cancel."""
    count = reader.count()
    conditions = tuple(_read_condition(reader) for _ in range(count))
    if not conditions:
        return (), False, False
    return conditions, reader.flag(), reader.flag()


def _read_condition(reader: FieldReader) -> Condition:
    number = reader.integer()
    try:
        kind = ConditionKind(number)
    except ValueError:
        raise WireError(f"a condition must be of type 1 or 3 to 7, was {number}") from None
    connector = reader.text()
    return Condition(kind, connector, {name: reader.text() for name in _OPERANDS[kind]})


def read_algo(reader: FieldReader) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the name of the algorithm, empty for none, and its parameters."""
    name = reader.text()
    if not name:
        return "", ()
    return name, tuple((reader.text(), reader.text()) for _ in range(reader.count()))
