"""Where the settings come from: a flag wins over the file, the file over the default.

Every error is a `ConfigurationError` of one line that names the place, the value and what would
be right. Nothing is written here.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from math import fsum
from pathlib import Path
from re import fullmatch
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from microfutures.config.document import read_document
from microfutures.config.fields import InvalidSettingError, checked, shown
from microfutures.config.reference import FLAGS
from microfutures.config.settings import (
    DEFAULT_STRATEGY,
    PARAMETERS_OF,
    Settings,
    StrategySettings,
)
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model import catalog
from microfutures.model.errors import ConfigurationError, UnknownInstrumentError
from microfutures.model.instrument import SecurityType

STRATEGY_NAME = r"[A-Za-z0-9_.-]{1,40}"
ROUNDING = 1e-9
OF_THEIR_OWN = ("strategy_class", "parameters")
"""Fields of a strategy that are more than a value of some type."""

TRADED_TYPES = (SecurityType.FUTURE, SecurityType.STOCK)
"""Kinds of products that strategies may trade."""

SectionT = TypeVar("SectionT", bound=msgspec.Struct)


class Origin(StrEnum):
    """Who said a value."""

    FLAG = "flag"
    FILE = "file"
    DEFAULT = "default"


class LoadedSettings(msgspec.Struct, frozen=True):
    """The settings, and for each path (``connection.port``) who said its value."""

    settings: Settings
    origins: Mapping[str, Origin]


def load_settings(path: Path | None, overrides: Mapping[str, object] | None = None) -> Settings:
    """Return the settings in force; see `load_with_origins`."""
    return load_with_origins(path, overrides).settings


def load_with_origins(
    path: Path | None, overrides: Mapping[str, object] | None = None
) -> LoadedSettings:
    """Return the settings in force and who said each of them.

    Parameters
    ----------
    path
        The configuration file; None when there is none.
    overrides
        Values by path, ``{"connection.port": 7496}``; None means that nothing was said.

    Raises
    ------
    ConfigurationError
        If a value, a key or the file is wrong.
    """
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    reader = _Reader(place=None if path is None else str(path), overrides=given)
    settings = reader.settings({} if path is None else read_document(path))
    return LoadedSettings(settings, reader.origins)


class _Reader:
    """Reads one document; remembers where each value came from."""

    def __init__(self, *, place: str | None, overrides: Mapping[str, object]) -> None:
        self.origins: dict[str, Origin] = {}
        self._place = place
        self._overrides = overrides

    def settings(self, document: Mapping[str, object]) -> Settings:
        """Return the whole, every rule between settings checked."""
        self._refuse_unknown("", document, _keys(Settings))
        sections: dict[str, Any] = {
            field.name: self._section(field.type, field.name, document.get(field.name, {}))
            for field in structs.fields(Settings)
            if field.name != "strategies"
        }
        strategies = self._strategies(document.get("strategies", {DEFAULT_STRATEGY: {}}))
        self._refuse_unused_overrides()
        return Settings(**sections, strategies=strategies)

    def _section(self, cls: type[SectionT], path: str, raw: object) -> SectionT:
        given = self._object(path, raw)
        self._refuse_unknown(path, given, _keys(cls))
        values = self._values(cls, path, given)
        try:
            return cls(**values)
        except ValueError as error:
            # The struct's own rule names the setting first when it is about one.
            joint = "." if str(error).split(" ")[0] in _keys(cls) else ": "
            raise self._error(f"{path}{joint}{error}") from None

    def _values(
        self, cls: type[msgspec.Struct], path: str, given: Mapping[str, object]
    ) -> dict[str, Any]:
        """Return what was said of the settings of `cls`, by field; its sections are left out."""
        values = {}
        for field in structs.fields(cls):
            if field.name in OF_THEIR_OWN:
                continue
            found, value = self._value(f"{path}.{field.encode_name}", field, given)
            if found:
                values[field.name] = value
        return values

    def _value(
        self, path: str, field: structs.FieldInfo, given: Mapping[str, object]
    ) -> tuple[bool, object]:
        """Return whether somebody said this setting, and what."""
        origin, raw = Origin.DEFAULT, None
        if path in self._overrides:
            origin, raw = Origin.FLAG, self._overrides[path]
        elif field.encode_name in given:
            origin, raw = Origin.FILE, given[field.encode_name]
        self.origins[path] = origin
        if origin is Origin.DEFAULT:
            return False, None
        try:
            return True, checked(field.type, raw)
        except InvalidSettingError as error:
            if origin is Origin.FLAG:
                raise ConfigurationError(f"{FLAGS.get(path, path)} {error}") from None
            raise self._error(f"{path} {error}") from None

    # -- strategies ---------------------------------------------------------------------------

    def _strategies(self, raw: object) -> dict[str, StrategySettings]:
        strategies = {
            name: self._strategy(name, each)
            for name, each in self._object("strategies", raw).items()
        }
        total = fsum(each.allocation for each in strategies.values())
        if total > 100 + ROUNDING:
            parts = ", ".join(f"{name} {each.allocation:g}" for name, each in strategies.items())
            raise self._error(
                f"strategies: the allocations add up to {total:g} percent, at most 100: {parts}"
            )
        return strategies

    def _strategy(self, name: str, raw: object) -> StrategySettings:
        path = f"strategies.{name}"
        if not fullmatch(STRATEGY_NAME, name):
            raise self._error(
                f"strategies: a name has 1 to 40 letters, digits, '_', '.' or '-', "
                f"was {shown(name)}"
            )
        given = self._object(path, raw)
        class_name = self._strategy_class(path, name, given)
        self._refuse_unknown(path, given, _keys(StrategySettings))
        values = self._values(StrategySettings, path, given)
        parameters = self._section(
            PARAMETERS_OF[class_name], f"{path}.parameters", given.get("parameters", {})
        )
        self._check_symbols(f"{path}.parameters", parameters)
        return StrategySettings(strategy_class=class_name, parameters=parameters, **values)

    def _strategy_class(self, path: str, name: str, given: Mapping[str, object]) -> str:
        class_name = given.get("class", name)
        self.origins[f"{path}.class"] = Origin.FILE if "class" in given else Origin.DEFAULT
        if isinstance(class_name, str) and class_name in PARAMETERS_OF:
            return class_name
        if "class" in given:
            wrong = f"{path}.class {shown(class_name)} is no strategy"
            raise self._error(f"{wrong}; {_hint(str(class_name), list(PARAMETERS_OF))}")
        raise self._error(
            f"{path} is no strategy; {_hint(name, list(PARAMETERS_OF))} "
            f'A name of your own needs a "class".'
        )

    def _check_symbols(self, path: str, parameters: PairParameters) -> None:
        for name in ("primary_symbol", "secondary_symbol"):
            symbol = getattr(parameters, name)
            try:
                kind = catalog.spec(symbol).security_type
            except UnknownInstrumentError as error:
                raise self._error(f"{path}.{name}: {error}") from None
            if kind not in TRADED_TYPES:
                raise self._error(f"{path}.{name}: {symbol} is neither a future nor a fund")

    # -- errors -------------------------------------------------------------------------------

    def _object(self, path: str, raw: object) -> dict[str, object]:
        if not isinstance(raw, dict):
            raise self._error(f"{path} must be an object, {{...}}, was {shown(raw)}")
        return raw

    def _refuse_unknown(self, path: str, given: Mapping[str, object], known: list[str]) -> None:
        for key in given:
            if key not in known:
                where = f"{path}.{key}" if path else key
                raise self._error(f"{where!a} is no setting; {_hint(key, known)}")

    def _refuse_unused_overrides(self) -> None:
        for key in self._overrides:
            if key not in self.origins:
                raise ConfigurationError(f"{key!r} is no setting; {_hint(key, list(self.origins))}")

    def _error(self, text: str) -> ConfigurationError:
        return ConfigurationError(f"{self._place}: {text}" if self._place else text)


def _keys(cls: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in structs.fields(cls)]


def _hint(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}."
