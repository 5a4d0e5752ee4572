"""One setting's type as words and as a check; the words and the check can't disagree."""

import json
from enum import EnumMeta
from math import isfinite

import msgspec
from msgspec import inspect

SHOWN_CHARACTERS = 60


class InvalidSettingError(ValueError):
    """A value that its setting's type does not admit; the text says what it admits."""


def admitted(kind: object) -> str:
    """Return in words what a setting of type `kind` may be: ``a whole number from 1 to 65535``."""
    described = inspect.type_info(kind)
    if isinstance(described, inspect.Metadata):
        if described.extra_json_schema and "description" in described.extra_json_schema:
            return str(described.extra_json_schema["description"])
        described = described.type
    match described:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_range(described)}"
        case inspect.FloatType():
            return f"a number{_range(described)}"
        case inspect.EnumType(cls=choices) if isinstance(choices, EnumMeta):
            return f"one of {', '.join(json.dumps(each.value) for each in choices)}"
        case _:
            return "a text"


def _range(number: inspect.IntType | inspect.FloatType) -> str:
    low, high = number.ge, number.le
    if number.gt is not None:
        return f" above {number.gt:g}" + ("" if high is None else f", at most {_plain(high)}")
    if low is not None and high is not None:
        return f" from {_plain(low)} to {_plain(high)}"
    if low is not None:
        return f" of at least {_plain(low)}"
    return "" if high is None else f" of at most {_plain(high)}"


def _plain(number: float) -> str:
    return f"{number:.0f}" if float(number).is_integer() else f"{number:g}"


def shown(value: object) -> str:
    """Return `value` as JSON in one short line of ASCII; what JSON can't say as Python would."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = ascii(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}..."


def checked(kind: object, value: object) -> object:
    """Return `value` as type `kind`.

    Raises
    ------
    InvalidSettingError
        If the type does not admit it; infinite and not-a-number never are.
    """
    try:
        if isinstance(value, float) and not isfinite(value):
            raise InvalidSettingError(f"must be {admitted(kind)}, was {value}")
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError):
        raise InvalidSettingError(f"must be {admitted(kind)}, was {shown(value)}") from None
