"""`microfutures data import`: show the guess, ask, store."""

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from microfutures.adapters.store.journals import is_journal, plan_journal
from microfutures.adapters.store.lean_zips import is_lean, plan_lean
from microfutures.adapters.store.moments import TimeOptions
from microfutures.adapters.store.plan import ImportOptions, Plan, Stamp, plan_import
from microfutures.adapters.store.series import seconds_of
from microfutures.adapters.store.store import MarketStore, Merge, OnConflict
from microfutures.adapters.system_clock import SystemClock
from microfutures.model.errors import ConfigurationError, InvalidValueError

Say = Callable[[str], None]
Confirm = Callable[[str], bool]
Choice = TypeVar("Choice", bound=StrEnum)


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The flags as they were given."""

    store: Path
    instrument: str | None = None
    columns: tuple[str, ...] = ()
    resolution: str | None = None
    time_zone: str | None = None
    time_format: str | None = None
    stamp: str = "start"
    on_conflict: str = "refuse"
    skip_bad_rows: bool = False


def import_paths(
    paths: Sequence[Path], request: ImportRequest, *, say: Say, confirm: Confirm | None
) -> None:
    """Import every path; nothing of a file is stored before its guess is confirmed.

    Raises
    ------
    TapeError
        If a file can't be trusted; the files before it are stored.
    ConfigurationError
        If a flag is wrong, or nobody is there to confirm.
    """
    options = _options(request)
    on_conflict = _choice("--on-conflict", OnConflict, request.on_conflict)
    store = MarketStore(request.store)
    for path in paths:
        plan = _plan(path, options)
        _show(plan, say)
        is_guess = not (is_lean(path) or is_journal(path))
        if is_guess and confirm is not None and not _confirmed(confirm):
            say("  not imported")
            continue
        for part in plan.parts:
            merge = store.merge(part.series, part.table, on_conflict)
            say(f"  {part.series}: {_merged(merge)}")


def _plan(path: Path, options: ImportOptions) -> Plan:
    if is_journal(path):
        return plan_journal(path)
    if is_lean(path):
        return plan_lean(path, options.instrument)
    return plan_import(path, options)


def _options(request: ImportRequest) -> ImportOptions:
    if request.time_zone is not None:
        try:
            ZoneInfo(request.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigurationError(
                f"--time-zone must be a zone like America/New_York, was {request.time_zone!r}"
            ) from error
    if request.resolution is not None:
        try:
            seconds_of(request.resolution)
        except InvalidValueError as error:
            raise ConfigurationError(f"--resolution: {error}") from error
    return ImportOptions(
        columns=_columns(request.columns),
        instrument=request.instrument,
        resolution=request.resolution,
        times=TimeOptions(request.time_zone, request.time_format, SystemClock().now_ns()),
        stamp=_choice("--stamp", Stamp, request.stamp),
        skip_bad_rows=request.skip_bad_rows,
    )


def _columns(given: Sequence[str]) -> Mapping[str, str]:
    columns: dict[str, str] = {}
    for word in given:
        role, equals, name = word.partition("=")
        if not equals or not role or not name:
            raise ConfigurationError(
                f"--column is written ROLE=NAME, like close=last, was {word!r}"
            )
        columns[role.strip().lower()] = name.strip().lower().replace(" ", "_")
    return columns


def _choice(flag: str, choices: type[Choice], word: str) -> Choice:
    try:
        return choices(word)
    except ValueError as error:
        raise ConfigurationError(
            f"{flag} must be one of {', '.join(choices)}, was {word!r}"
        ) from error


def _confirmed(confirm: Confirm) -> bool:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "nobody is there to confirm the guess; say --yes, or --column for what is wrong"
        )
    return confirm("  Import this?")


def _show(plan: Plan, say: Say) -> None:
    say(str(plan.path))
    for line in (*plan.guesses, *plan.notes):
        say(f"  {line}")
    for part in plan.parts:
        for repair in part.repairs:
            say(f"  {part.series}: {repair}")


def _merged(merge: Merge) -> str:
    words = [f"{merge.added:,} rows added"]
    for count, what in (
        (merge.known, "known"),
        (merge.replaced, "replaced"),
        (merge.kept, "left as stored"),
    ):
        if count:
            words.append(f"{count:,} {what}")
    return ", ".join(words)
