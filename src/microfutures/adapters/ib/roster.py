"""The contracts we follow: what each symbol means now, what it meant, and the warm-up bars."""

from collections.abc import Sequence

from microfutures.adapters.ib.contracts import Resolved
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.market import Bar


class Roster:
    """Desired state: it survives every connection, subscriptions are rebuilt from it."""

    def __init__(self, symbols: Sequence[Symbol], *, bar_seconds: int, bars: int) -> None:
        self.symbols = tuple(symbols)
        self.bar_seconds = bar_seconds
        self.bars = bars
        self.current: dict[Symbol, Resolved] = {}
        self.contracts: dict[InstrumentId, Resolved] = {}
        self.history: dict[InstrumentId, tuple[Bar, ...]] = {}

    def take(self, symbol: Symbol, resolved: Resolved) -> InstrumentId | None:
        """Take what `symbol` means now; return the contract it meant before if that is another."""
        before = self.current.get(symbol)
        self.current[symbol] = resolved
        self.contracts[resolved.instrument.instrument_id] = resolved
        if before is None:
            return None
        old = before.instrument.instrument_id
        return old if old != resolved.instrument.instrument_id else None
