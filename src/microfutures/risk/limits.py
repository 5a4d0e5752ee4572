"""The numbers that the rules hold orders to."""

import msgspec


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Defaults suit a small account; money in USD, times in seconds."""

    max_order_contracts: int = 5
    max_order_shares: int = 2_000
    max_position_contracts: int = 5
    max_position_shares: int = 2_000
    max_strategy_notional: float = 200_000.0
    """What a strategy holds may not be worth more than this, both legs added up."""
    price_collar_percent: float = 2.0
    """A limit price may not lie further from the touch than this share of it…"""
    price_collar_ticks: int = 20
    """…or this many ticks, whichever is more (prices can be near zero or negative)."""
    max_quote_age_seconds: float = 60.0
    max_open_orders: int = 20
    max_orders_per_window: int = 20
    max_identical_orders: int = 6
    """So many orders alike in the window are a loop."""
    rate_window_seconds: float = 10.0
    max_daily_loss_percent: float = 10.0
    """No new entry once the day's net loss is this share of the capital."""
    margin_headroom_percent: float = 10.0
    """This share of the equity stays free after an entry."""
