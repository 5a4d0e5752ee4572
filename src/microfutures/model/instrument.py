"""One tradable contract: what it is, its tick, its multiplier, its hours."""

from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from functools import cache

import msgspec

from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.sessions import Session, session_at


class SecurityType(StrEnum):
    """What kind of contract it is, in IB's own words."""

    FUTURE = "FUT"
    STOCK = "STK"
    CURRENCY = "CASH"
    INDEX = "IND"
    COMBO = "BAG"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A resolved contract.

    ``trading_hours`` and ``liquid_hours`` are ascending and don't overlap; they reach some days
    ahead, as the broker reports them (IB: ``tradingHours``, ``liquidHours``).
    """

    instrument_id: InstrumentId
    symbol: Symbol
    security_type: SecurityType
    exchange: str
    currency: str
    multiplier: Decimal
    tick_size: Decimal
    con_id: int
    description: str = ""
    last_trade_date: date | None = None
    time_zone: str = "America/New_York"
    trading_hours: tuple[Session, ...] = ()
    liquid_hours: tuple[Session, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a tick or multiplier that arithmetic can't stand on."""
        for name in ("multiplier", "tick_size"):
            value: Decimal = getattr(self, name)
            if not value.is_finite() or value <= 0:
                raise InvalidValueError(f"{self.instrument_id}: {name} must be > 0, was {value}")

    def price(self, ticks: int) -> Decimal:
        """Return the price of `ticks` whole ticks."""
        return self.tick_size * ticks

    def float_price(self, ticks: int) -> float:
        """Return the float nearest to the price of `ticks` whole ticks; its text is the price."""
        # A quotient of whole numbers is rounded once, as float() of a decimal is, and is quicker.
        numerator, denominator = _ratio(self.tick_size)
        return ticks * numerator / denominator

    def ticks_exactly(self, price: Decimal) -> int:
        """Return `price` in ticks; raise `InvalidValueError` when it is off the tick."""
        ticks, remainder = divmod(price, self.tick_size)
        if remainder:
            raise InvalidValueError(
                f"{self.instrument_id}: price {price} is not a multiple of tick {self.tick_size}"
            )
        return int(ticks)

    def ticks_at_or_below(self, price: float) -> int:
        """Return the highest whole tick that is not above `price`."""
        return self._ticks(price, ROUND_FLOOR)

    def ticks_at_or_above(self, price: float) -> int:
        """Return the lowest whole tick that is not below `price`."""
        return self._ticks(price, ROUND_CEILING)

    def _ticks(self, price: float, rounding: str) -> int:
        # A price on the tick, as almost all are, is the very float of its ticks.
        numerator, denominator = _ratio(self.tick_size)
        nearest = round(price * denominator / numerator)
        if nearest * numerator / denominator == price:
            return nearest
        # repr() of a float is its shortest exact spelling, so 71.23 is 7123 ticks and not 7122.99…
        return int((Decimal(repr(price)) / self.tick_size).to_integral_value(rounding))

    def value(self, price: Decimal, quantity: int) -> Decimal:
        """Return the signed notional of `quantity` at `price`, in the contract's currency."""
        return price * self.multiplier * quantity

    def is_open(self, moment_ns: int) -> bool:
        """Tell whether the exchange trades it at `moment_ns`."""
        return session_at(self.trading_hours, moment_ns) is not None

    def is_liquid(self, moment_ns: int) -> bool:
        """Tell whether `moment_ns` lies in its regular, liquid hours."""
        return session_at(self.liquid_hours, moment_ns) is not None


@cache
def _ratio(tick_size: Decimal) -> tuple[int, int]:
    return tick_size.as_integer_ratio()
