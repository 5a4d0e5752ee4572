"""What the rules may look at."""

from decimal import Decimal

import msgspec

from microfutures.model.events import ConnectionState
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote


class RiskContext(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The desk at the moment an order is checked; the order itself is not counted anywhere."""

    now_ns: int
    connection: ConnectionState
    is_paused: bool
    pause_reason: str
    kill_reason: str
    instrument: Instrument | None
    quote: Quote | None
    position: int
    """Signed, of all strategies together, by fills."""
    working: int
    """Signed, what live orders in this contract may still add."""
    strategy_position: int
    """Signed, of the order's own strategy, by fills."""
    strategy_working: int
    """Signed, what live orders of the strategy in this contract may still add."""
    strategy_notional: float
    """USD, gross: what the strategy holds and has working in all contracts, at the mark."""
    family: str
    """The products that move with the order's; see `model.families`."""
    family_gross: float
    """USD, gross: what all strategies hold and have working in the family, at the mark."""
    family_net: float
    """The same, signed: purchases less sales."""
    unresolved: str
    """An order that may still be working though nothing was heard of it since the line was lost."""
    open_orders: int
    day_net: Decimal
    capital: Decimal
    drawdown_percent: float
    """How far the current capital is below its peak."""
    entry_net: float = 0.0
    """USD, signed: the legs of a whole entry in the family; 0 where one order is judged alone."""
