"""The contracts we follow: what each symbol means now, and what it meant."""

from collections.abc import Sequence
from datetime import date

from microfutures.adapters.ib.contracts import Resolved
from microfutures.model.identifiers import InstrumentId, Symbol


class Roster:
    """Desired state: it survives every connection, subscriptions are rebuilt from it."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self.symbols = tuple(dict.fromkeys(symbols))
        self.current: dict[Symbol, Resolved] = {}
        self.contracts: dict[InstrumentId, Resolved] = {}
        """Current and old ones."""
        self._resolved_on: dict[Symbol, date] = {}

    def take(self, symbol: Symbol, resolved: Resolved, day: date) -> None:
        """Take what `symbol` means on `day`."""
        self.current[symbol] = resolved
        self._resolved_on[symbol] = day
        self.take_old(resolved)

    def take_old(self, resolved: Resolved) -> None:
        """Take a contract that a position is still held in."""
        self.contracts[resolved.instrument.instrument_id] = resolved

    def is_fresh(self, symbol: Symbol, day: date) -> bool:
        """Tell whether the broker was asked on `day` what `symbol` means."""
        return self._resolved_on.get(symbol) == day

    @property
    def current_ids(self) -> tuple[InstrumentId, ...]:
        """Return the contracts that the symbols mean now."""
        return tuple(each.instrument.instrument_id for each in self.current.values())
