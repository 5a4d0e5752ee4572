"""The numbers that the rules of the risk gate hold orders to."""

from typing import Annotated

import msgspec
from msgspec import Meta

Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
Count = Annotated[int, Meta(ge=1, le=1_000)]
Positive = Annotated[float, Meta(gt=0)]
Percent = Annotated[float, Meta(gt=0, le=100)]


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defaults suit a small account; money in USD, times in seconds."""

    max_order_contracts: Quantity = 5
    max_order_shares: Quantity = 2_000
    max_position_contracts: Quantity = 5
    max_position_shares: Quantity = 2_000
    max_strategy_notional: Positive = 200_000.0
    """What a strategy holds may not be worth more than this, both legs added up."""
    max_family_notional: Positive = 300_000.0
    """What all strategies hold of products that move together may not be worth more, gross…"""
    max_family_net_notional: Positive = 100_000.0
    """…nor lean further to one side, purchases less sales."""
    price_collar_percent: Percent = 2.0
    """A limit price may not lie further from the touch than this share of it…"""
    price_collar_ticks: Count = 20
    """…or this many ticks, whichever is more (prices can be near zero or negative)."""
    max_quote_age_seconds: Positive = 60.0
    max_quote_jump_percent: Percent = 10.0
    """A price that jumps further than this share of what it was is not believed at once…"""
    max_quote_jump_ticks: Count = 50
    """…unless it is less than so many ticks."""
    max_open_orders: Count = 20
    max_orders_per_window: Count = 20
    max_identical_orders: Count = 6
    """So many orders alike in the window are a loop."""
    rate_window_seconds: Positive = 10.0
    max_daily_loss_percent: Percent = 10.0
    """No new entry once the day's net loss is this share of the capital."""
    max_drawdown_percent: Percent = 15.0
    """No new entry once the capital is this far below its peak…"""
    flatten_drawdown_percent: Percent = 25.0
    """…and at this everything is closed and the desk halted, until a person resumes."""
    max_trip_loss_percent: Percent = 15.0
    """A round trip that lost this share of the initial capital is closed."""
    max_rejections: Count = 10
    """So many orders rejected by the broker in the window halt the desk."""
    rejection_window_seconds: Positive = 300.0
    max_clock_step_seconds: Positive = 5.0
    """A broker's clock that jumps further while connected halts the desk."""
    margin_headroom_percent: Annotated[float, Meta(ge=0, le=90)] = 10.0
    """This share of the equity stays free after an entry."""

    def __post_init__(self) -> None:
        """Refuse drawdowns in the wrong order."""
        if self.flatten_drawdown_percent < self.max_drawdown_percent:
            raise ValueError(
                f"flatten_drawdown_percent must be at least max_drawdown_percent, was "
                f"{self.flatten_drawdown_percent} with max_drawdown_percent "
                f"{self.max_drawdown_percent}"
            )
