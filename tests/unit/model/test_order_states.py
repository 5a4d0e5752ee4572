"""The one table of moves between an order's states, all of it."""

import pytest

from microfutures.model.orders import OrderStatus, can_move

MOVES = {
    "in_flight": "working cancel_in_flight filled cancelled rejected",
    "working": "cancel_in_flight filled cancelled rejected",
    "cancel_in_flight": "working filled cancelled rejected",
    "filled": "",
    "cancelled": "",
    "rejected": "",
}


@pytest.mark.parametrize("before", OrderStatus)
def test_an_order_moves_by_the_table_and_no_other_way(before: OrderStatus) -> None:
    after = {each for each in OrderStatus if can_move(before, each)}
    assert after == set(MOVES[before].split())
    assert before.is_final is not bool(after)
