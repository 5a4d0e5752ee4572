"""Rules about everything together: what all strategies hold of products that move together."""

from microfutures.config.risk_limits import RiskLimits
from microfutures.model.orders import Order
from microfutures.risk.context import RiskContext
from microfutures.risk.rule import ENTRIES, OPENINGS
from microfutures.risk.size_rules import order_notional


class Concentration:
    """What all strategies hold of one family of products is worth no more than the cap, gross."""

    name = "concentration"
    holds_for = OPENINGS

    def __init__(self, limits: RiskLimits) -> None:
        self._limit = limits.max_family_notional

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse what would lift the family above the cap."""
        after = context.family_gross + (order_notional(order, context) or 0.0)
        if after <= self._limit:
            return None
        return (
            f"{context.family} would be worth {after:,.2f} USD gross over all strategies, "
            f"max_family_notional is {self._limit:,.2f} USD"
        )

    def limit(self) -> str:
        """Return the limit in words."""
        return f"{self._limit:,.0f} USD a family, gross"


class Correlation:
    """What strategies hold of one family must not all lean to one side.

    Asked of a whole entry before its first leg; a single order is judged by what is held.
    """

    name = "correlation"
    holds_for = ENTRIES

    def __init__(self, limits: RiskLimits) -> None:
        self._limit = limits.max_family_net_notional

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an entry that leaves, or finds, too much on one side."""
        after = context.family_net + context.entry_net
        if abs(after) <= self._limit:
            return None
        return (
            f"{context.family} would lean by {after:+,.2f} USD over all strategies, "
            f"max_family_net_notional is {self._limit:,.2f} USD"
        )

    def limit(self) -> str:
        """Return the limit in words."""
        return f"{self._limit:,.0f} USD a family, net"
