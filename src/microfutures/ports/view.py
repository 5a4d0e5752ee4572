"""What a strategy may see of the desk; satisfied by `IBManager` and by the engine's state."""

from typing import Protocol

from microfutures.model.identifiers import InstrumentId, StrategyName, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, Quote


class BrokerView(Protocol):
    """Read-only: the market and our positions, as last heard."""

    def now_ns(self) -> int:
        """Return the moment of the latest event, on the broker's clock."""
        ...

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """Return the contract that `symbol` means now; None while unresolved."""
        ...

    def instrument_by_id(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a contract by its own name, an old month of a roll too; None when unknown."""
        ...

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the latest quote; None before the first."""
        ...

    def position(self, strategy: StrategyName, instrument_id: InstrumentId) -> int:
        """Return the signed position that `strategy` holds in the contract."""
        ...

    def held(self, strategy: StrategyName) -> tuple[InstrumentId, ...]:
        """Return every contract that `strategy` holds, whatever its symbol means now."""
        ...

    def history(self, instrument_id: InstrumentId) -> tuple[Bar, ...]:
        """Return the warm-up bars, ascending; empty before they came."""
        ...
