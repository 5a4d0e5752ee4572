"""What a rule is, and which orders it is asked about.

Every rule names the purposes it holds for: refusing an order that reduces risk would leave more
risk than sending it.
"""

from typing import Protocol

from microfutures.model.instrument import SecurityType
from microfutures.model.orders import Order, OrderPurpose
from microfutures.risk.context import RiskContext

ENTRIES = frozenset({OrderPurpose.ENTRY})
OPENINGS = frozenset({OrderPurpose.ENTRY, OrderPurpose.HEDGE})
"""Orders that make a position larger; a hedge that is refused is unwound with its first leg."""
CLOSINGS = frozenset({OrderPurpose.EXIT, OrderPurpose.FLATTEN})
EVERY_ORDER = frozenset(OrderPurpose)
FUTURE = SecurityType.FUTURE


class Rule(Protocol):
    """A question asked of every order whose purpose is among ``holds_for``."""

    name: str
    holds_for: frozenset[OrderPurpose]

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Return why `order` may not leave; None when this rule has nothing against it."""
        ...

    def limit(self) -> str:
        """Return the limit in words."""
        ...


def is_future(context: RiskContext) -> bool:
    """Tell whether quantities are contracts; shares otherwise."""
    return context.instrument is not None and context.instrument.security_type is FUTURE
