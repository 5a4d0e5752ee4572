"""Orders that depend on each other: children wait for their parent, one cancels all.

A child goes to the exchange when its parent is filled, and is cancelled with it. Children of one
parent form a one-cancels-all group by themselves: what one trades is taken off the others.
"""

from collections.abc import Collection, Iterable

from microfutures.twsim.orders.facts import CANCEL_ALL, FILLED, OrderFacts


def parent_of(order: OrderFacts, orders: Iterable[OrderFacts]) -> OrderFacts | None:
    """Return the order that `order` is attached to; None when it stands alone."""
    if not order.parent_id:
        return None
    for each in orders:
        if each.client_id == order.client_id and each.order_id == order.parent_id:
            return each
    return None


def children_of(order: OrderFacts, orders: Iterable[OrderFacts]) -> list[OrderFacts]:
    """Return the open orders that are attached to `order`."""
    return [
        each
        for each in orders
        if each.is_open and each.client_id == order.client_id and each.parent_id == order.order_id
    ]


def family_to_transmit(order: OrderFacts, orders: Collection[OrderFacts]) -> list[OrderFacts]:
    """Return what the transmission of `order` transmits: its parent, its siblings, itself."""
    parent = parent_of(order, orders)
    members = [parent, *children_of(parent, orders)] if parent is not None else [order]
    return [each for each in members if not each.is_transmitted and each.is_open]


def waits_for_parent(order: OrderFacts, orders: Iterable[OrderFacts]) -> bool:
    """Tell whether an order can't go to the exchange before its parent is filled."""
    parent = parent_of(order, orders)
    return parent is not None and parent.status != FILLED


def join_siblings(order: OrderFacts, parent: OrderFacts) -> None:
    """Make a child a member of its parent's group, unless it names a group of its own."""
    if not order.oca_group:
        order.oca_group = str(parent.perm_id)


def left_for(other: OrderFacts, order: OrderFacts, traded: int) -> int:
    """Return the total quantity that `other` keeps when `order` of its group traded so much.

    What is left of `other` shrinks by the share of `order` that traded, to whole contracts
    rounded up; what is as large as `order` loses what `order` traded.
    """
    if order.oca_type == CANCEL_ALL:
        return other.filled
    after = order.quantity - order.filled
    share_of_rest = (other.quantity - other.filled) * after
    return other.filled - (-share_of_rest // (after + traded))


def is_spent(order: OrderFacts, orders: Iterable[OrderFacts]) -> bool:
    """Tell whether an order comes late to a group of its owner's that was filled already."""
    return bool(order.oca_group) and any(
        each.status == FILLED
        and each.oca_group == order.oca_group
        and each.account == order.account
        and each.client_id == order.client_id
        for each in orders
    )


def others_of_group(order: OrderFacts, orders: Iterable[OrderFacts]) -> list[OrderFacts]:
    """Return the other open orders of an order's one-cancels-all group."""
    if not order.oca_group:
        return []
    return [
        each
        for each in orders
        if each is not order
        and each.is_open
        and each.oca_group == order.oca_group
        and each.account == order.account
    ]
