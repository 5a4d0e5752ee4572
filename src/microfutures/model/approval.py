"""The risk gate in the types: a broker takes nothing but `Approved`."""

import msgspec

from microfutures.model.orders import Order


class Approved(msgspec.Struct, frozen=True, gc=False):
    """An order that passed every risk rule; only `risk.gate` makes one."""

    order: Order


class Refused(msgspec.Struct, frozen=True, gc=False):
    """An order that a risk rule stopped: which rule, and one sentence with the numbers in it."""

    order: Order
    rule: str
    reason: str


Decision = Approved | Refused
