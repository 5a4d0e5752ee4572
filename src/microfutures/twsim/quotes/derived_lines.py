"""Market data lines of what nobody quotes here: options and combos, made of other quotes."""

from collections.abc import Iterable
from typing import Protocol

from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote


class Derived(Protocol):
    """One line that is made of other contracts' quotes."""

    def on_quote(self, quote: Quote) -> None:
        """Take a quote of one of them."""
        ...


Key = tuple[int, int]
"""Client id and request id."""


class DerivedLines:
    """All derived lines of all clients, by the contracts whose quotes they are made of."""

    def __init__(self) -> None:
        self._lines: dict[Key, tuple[Derived, frozenset[InstrumentId]]] = {}
        self._by_name: dict[InstrumentId, dict[Key, Derived]] = {}

    def add(self, key: Key, line: Derived, names: Iterable[InstrumentId]) -> None:
        """Feed a line from now on with the quotes of `names`."""
        of_line = frozenset(names)
        self._lines[key] = (line, of_line)
        for name in of_line:
            self._by_name.setdefault(name, {})[key] = line

    def has(self, client_id: int, request_id: int) -> bool:
        """Tell whether a client has a line of this id."""
        return (client_id, request_id) in self._lines

    def count(self, client_id: int) -> int:
        """Return how many lines a client has."""
        return sum(key[0] == client_id for key in self._lines)

    def remove(self, client_id: int, request_id: int) -> bool:
        """Remove a line; tell whether there was one."""
        key = (client_id, request_id)
        _, names = self._lines.pop(key, (None, frozenset()))
        for name in names:
            del self._by_name[name][key]
        return bool(names)

    def remove_client(self, client_id: int) -> None:
        """Remove every line of a client that is gone."""
        for key in [key for key in self._lines if key[0] == client_id]:
            self.remove(*key)

    def on_quote(self, quote: Quote) -> None:
        """Hand a quote to the lines that are made of it."""
        for line in list(self._by_name.get(quote.instrument_id, {}).values()):
            line.on_quote(quote)
