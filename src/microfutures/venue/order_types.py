"""The order types of IB, one row each: what triggers them, how they are priced afterwards.

Source: IB, "Order Types and Algos", and the API reference's "Basic Orders". What the simulation
leaves out is told in ``docs/simulator-orders.md``.
"""

from enum import Enum

import msgspec

from microfutures.model.orders import OrderType


class Trigger(Enum):
    """Which way the market moves to set an order free."""

    NONE = "none"
    STOP = "against the order"
    TOUCH = "in favour of the order"


class Peg(Enum):
    """What the price of an order follows."""

    NONE = "none"
    PRIMARY = "the touch of its own side"
    MIDPOINT = "the middle of the market"


class TypeRule(msgspec.Struct, frozen=True, kw_only=True):
    """How orders of one type come to the market."""

    needs: tuple[str, ...] = ()
    """Prices without which the order makes no sense: attributes of `VenueOrder`."""
    trigger: Trigger = Trigger.NONE
    is_trailing: bool = False
    peg: Peg = Peg.NONE
    is_at_close: bool = False
    is_touch_only: bool = False
    """It takes what is displayed, and what is left rests at that price."""
    is_for_stocks_only: bool = False


LIMIT, STOP = "limit_price", "stop_price"

RULES: dict[OrderType, TypeRule] = {
    OrderType.MARKET: TypeRule(),
    OrderType.LIMIT: TypeRule(needs=(LIMIT,)),
    OrderType.STOP: TypeRule(needs=(STOP,), trigger=Trigger.STOP),
    OrderType.STOP_LIMIT: TypeRule(needs=(LIMIT, STOP), trigger=Trigger.STOP),
    OrderType.TRAILING_STOP: TypeRule(trigger=Trigger.STOP, is_trailing=True),
    OrderType.TRAILING_STOP_LIMIT: TypeRule(
        needs=("offset",), trigger=Trigger.STOP, is_trailing=True
    ),
    OrderType.MARKET_IF_TOUCHED: TypeRule(needs=(STOP,), trigger=Trigger.TOUCH),
    OrderType.LIMIT_IF_TOUCHED: TypeRule(needs=(LIMIT, STOP), trigger=Trigger.TOUCH),
    OrderType.MARKET_TO_LIMIT: TypeRule(is_touch_only=True),
    OrderType.MARKET_ON_CLOSE: TypeRule(is_at_close=True),
    OrderType.LIMIT_ON_CLOSE: TypeRule(needs=(LIMIT,), is_at_close=True),
    OrderType.RELATIVE: TypeRule(peg=Peg.PRIMARY, is_for_stocks_only=True),
    OrderType.PEGGED_TO_MIDPOINT: TypeRule(peg=Peg.MIDPOINT, is_for_stocks_only=True),
}
