"""Scenario files: which market, and which faults happen when."""

import re
import tomllib
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import msgspec

from microfutures.model.errors import ConfigurationError
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.twsim.faults.fault import Fault
from microfutures.twsim.faults.kinds import KINDS

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
MAX_SECONDS = 30 * 86400.0
WHEN = ("at", "every", "per_minute", "per_request")
TOP = ("market", "seed", "start", "fault")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A fault and when it happens; exactly one of the four is given."""

    fault: Fault
    at: float | None = None
    every: float | None = None
    """Seconds, like `at`."""
    per_minute: float | None = None
    per_request: float | None = None


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A market and what goes wrong on it."""

    market: str | None = None
    seed: int | None = None
    start_ns: int | None = None
    """When the market begins, nanoseconds UTC; None for its own start."""
    plans: tuple[Plan, ...] = ()


def read_scenario(path: Path) -> Scenario:
    """Return the scenario in a TOML file; raise `ConfigurationError` naming file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text, see byte {error.start}") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read: {error.strerror or error}") from None
    return parse_scenario(text, place=str(path))


def parse_scenario(text: str, *, place: str) -> Scenario:
    """Return the scenario that `text` spells; `place` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{place}: not valid TOML: {error}") from None
    for key in document:
        _known(key, TOP, place)
    market, seed = document.get("market"), document.get("seed")
    if market is not None and not isinstance(market, str):
        raise ConfigurationError(f"{place}: market must be a name in quotes, was {market!r}")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
        raise ConfigurationError(f"{place}: seed must be a whole number from 0, was {seed!r}")
    start = document.get("start")
    if start is not None and (not isinstance(start, datetime) or start.tzinfo is not None):
        raise ConfigurationError(
            f"{place}: start must be a moment in New York such as 2026-09-11T15:30:00, "
            f"was {start!s}"
        )
    tables = document.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigurationError(f"{place}: faults are tables that begin with [[fault]]")
    lines = [
        number
        for number, line in enumerate(text.split("\n"), 1)
        if re.match(r"\s*\[\[\s*fault\s*\]\]", line)
    ]
    plans = [
        parse_plan(table, place=f"{place}: line {lines[index]}" if index < len(lines) else place)
        for index, table in enumerate(tables)
    ]
    start_ns = None if start is None else moment_ns(start.date(), start.time(), NEW_YORK)
    return Scenario(market=market, seed=seed, start_ns=start_ns, plans=tuple(plans))


def parse_plan(table: dict[str, object], *, place: str) -> Plan:
    """Return the plan of one ``[[fault]]`` table."""
    given = [name for name in WHEN if name in table]
    if len(given) != 1:
        was = " and ".join(given) or "none"
        raise ConfigurationError(f"{place}: give one of {', '.join(WHEN)}, was {was}")
    fault = parse_fault({k: v for k, v in table.items() if k not in WHEN}, place=place)
    name, value = given[0], table[given[0]]
    if name in ("at", "every"):
        amount = seconds_of(value, f"{place}: {name}")
    elif isinstance(value, int | float) and 0 < value <= (1 if name == "per_request" else 60):
        amount = float(value)
    else:
        most = "1" if name == "per_request" else "60"
        raise ConfigurationError(f"{place}: {name} must be above 0, at most {most}, was {value!r}")
    if name == "every" and amount <= 0:
        raise ConfigurationError(f"{place}: every must be above 0 s, was {value!r}")
    match name:
        case "at":
            return Plan(fault=fault, at=amount)
        case "every":
            return Plan(fault=fault, every=amount)
        case "per_minute":
            return Plan(fault=fault, per_minute=amount)
        case _:
            return Plan(fault=fault, per_request=amount)


def parse_fault(table: dict[str, object], *, place: str) -> Fault:
    """Return the fault that ``kind`` names with the parameters beside it."""
    kind = table.get("kind")
    if not isinstance(kind, str):
        raise ConfigurationError(f"{place}: kind is missing; there are: {', '.join(KINDS)}")
    _known(kind, tuple(KINDS), place)
    parameters = {key: value for key, value in table.items() if key != "kind"}
    for key in parameters:
        _known(key, KINDS[kind].__struct_fields__, f"{place}: {kind}")
    for key in ("seconds", "outage", "hold", "delay"):
        if key in parameters:
            parameters[key] = seconds_of(parameters[key], f"{place}: {key}")
    try:
        return msgspec.convert(parameters, KINDS[kind])
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{place}: {kind}: {error}") from None


def seconds_of(value: object, place: str) -> float:
    """Return a time such as ``"90 s"``, ``"10 min"`` or a number, in seconds."""
    number, unit = value, "s"
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*", value)
        number, unit = (float(match[1]), match[2] or "s") if match else (None, "s")
    if isinstance(number, int | float) and not isinstance(number, bool) and unit in UNITS:
        seconds = float(number) * UNITS[unit]
        if 0 <= seconds <= MAX_SECONDS:
            return seconds
    raise ConfigurationError(
        f'{place} must be a time such as "90 s", "10 min" or "2 h", at most 30 d, was {value!r}'
    )


def _known(word: str, known: tuple[str, ...], place: str) -> None:
    if word in known:
        return
    near = get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
    raise ConfigurationError(f"{place}: unknown word {word!r}; {hint}")
