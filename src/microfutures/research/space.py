"""Which sets of parameters a study tries: axes of values, checked against the strategy's own."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from itertools import product
from math import prod

import msgspec
from msgspec import structs

from microfutures.config.fields import InvalidSettingError, checked
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import ConfigurationError

MOST_SETS = 1_000_000
MOST_VALUES = 10_000
NUMBERS = (int, float)

Number = int | float
ParameterSet = Mapping[str, Number]
"""Value by name, in the order of the axes."""


class Axis(msgspec.Struct, frozen=True):
    """One parameter and the values it is tried with, ascending."""

    name: str
    values: tuple[Number, ...]


class Space(msgspec.Struct, frozen=True):
    """All combinations of some axes' values."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """Return how many combinations there are, impossible ones included."""
        return prod(len(axis.values) for axis in self.axes)

    def all_sets(self) -> Iterator[ParameterSet]:
        """Yield every combination, the last axis moving fastest."""
        names = [axis.name for axis in self.axes]
        for values in product(*(axis.values for axis in self.axes)):
            yield dict(zip(names, values, strict=True))

    def at(self, places: Sequence[int]) -> ParameterSet:
        """Return the combination at these places of the axes."""
        return {
            axis.name: axis.values[place] for axis, place in zip(self.axes, places, strict=True)
        }


def parse_space(texts: Sequence[str], base: PairParameters) -> Space:
    """Return the space that ``--grid`` options name, like ``z_entry=1.5:3:0.25``.

    Raises
    ------
    ConfigurationError
        If a name is no parameter of the strategy, a range is none, or a value isn't admitted.
    """
    axes: dict[str, Axis] = {}
    for text in texts:
        axis = _axis(text, type(base))
        if axis.name in axes:
            raise ConfigurationError(f"--grid names {axis.name} twice; put its values in one")
        axes[axis.name] = axis
    if not axes:
        raise ConfigurationError("nothing to try; name parameters, like --grid z_entry=1.5:3:0.25")
    return Space(tuple(axes.values()))


def with_parameters(base: PairParameters, chosen: ParameterSet) -> PairParameters | None:
    """Return `base` with the chosen values; None where they contradict each other."""
    try:
        return structs.replace(base, **chosen)
    except ValueError:
        return None


def possible_sets(space: Space, base: PairParameters) -> list[ParameterSet]:
    """Return the combinations that contradict no rule between parameters.

    Raises
    ------
    ConfigurationError
        If there are none, or more than a million.
    """
    if space.size > MOST_SETS:
        raise ConfigurationError(
            f"--grid makes {space.size:,} sets, at most {MOST_SETS:,}; take longer steps, or let "
            f"--optuna N choose N of them"
        )
    found = [each for each in space.all_sets() if with_parameters(base, each) is not None]
    if not found:
        raise ConfigurationError(
            f"none of the {space.size:,} sets of --grid is possible: {_contradiction(space, base)}"
        )
    return found


def _contradiction(space: Space, base: PairParameters) -> str:
    try:
        structs.replace(base, **next(space.all_sets()))
    except ValueError as error:
        return str(error)
    return "the rules of the parameters exclude them"


def _axis(text: str, kind: type[PairParameters]) -> Axis:
    name, sign, spec = text.partition("=")
    if not sign or not spec:
        raise ConfigurationError(
            f"--grid {text!a}: write NAME=FIRST:LAST:STEP, like z_entry=1.5:3:0.25, or NAME=10,20"
        )
    fields = {field.name: field.type for field in structs.fields(kind)}
    if name not in fields:
        near = get_close_matches(name, fields, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(fields)}."
        raise ConfigurationError(f"--grid {text!a}: {name!a} is no parameter; {hint}")
    if not isinstance(structs.asdict(kind())[name], NUMBERS):
        raise ConfigurationError(f"--grid {text!a}: {name} is no number and can't be varied")
    values = _range(text, spec) if ":" in spec else _list(text, spec)
    return Axis(name, tuple(sorted({_admitted(text, name, fields[name], each) for each in values})))


def _range(text: str, spec: str) -> list[Decimal]:
    parts = spec.split(":")
    if len(parts) != 3:
        raise ConfigurationError(
            f"--grid {text!a}: a range is FIRST:LAST:STEP, like 1.5:3:0.25, was {spec!a}"
        )
    first, last, step = (_number(text, part) for part in parts)
    if step <= 0 or last < first:
        raise ConfigurationError(
            f"--grid {text!a}: a range goes up by steps above 0, was {first} to {last} by {step}"
        )
    count = int((last - first) / step) + 1
    if count > MOST_VALUES:
        raise ConfigurationError(
            f"--grid {text!a}: {count:,} values, at most {MOST_VALUES:,}; take a longer step"
        )
    return [first + place * step for place in range(count)]


def _list(text: str, spec: str) -> list[Decimal]:
    return [_number(text, part) for part in spec.split(",")]


def _number(text: str, part: str) -> Decimal:
    try:
        number = Decimal(part.strip())
    except InvalidOperation:
        raise ConfigurationError(f"--grid {text!a}: {part!a} is no number") from None
    if not number.is_finite():
        raise ConfigurationError(f"--grid {text!a}: {part!a} is no number to try")
    return number


def _admitted(text: str, name: str, kind: object, number: Decimal) -> Number:
    """Return the number as the parameter's type has it."""
    is_whole = number == number.to_integral_value()
    try:
        found = checked(kind, int(number) if is_whole else float(number))
    except InvalidSettingError as error:
        raise ConfigurationError(f"--grid {text!a}: {name} {error}") from None
    if isinstance(found, NUMBERS):
        return found
    raise ConfigurationError(f"--grid {text!a}: {name} is no number and can't be varied")
