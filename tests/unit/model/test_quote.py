from decimal import Decimal
from math import nan

import pytest

from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote

MCL = InstrumentId("MCLX6")


@pytest.mark.parametrize(
    ("bid", "ask", "mark"),
    [
        (77.95, 77.96, "77.955"),  # 77.955000000000003 in floating point
        (70.1, 70.2, "70.15"),
        (-37.64, -37.62, "-37.63"),
    ],
)
def test_mark_is_the_exact_middle(bid: float, ask: float, mark: str) -> None:
    assert Quote(MCL, 1, bid, ask).mark == Decimal(mark)


@pytest.mark.parametrize(("bid", "ask"), [(None, 70.0), (70.0, None), (nan, 70.0)])
def test_a_quote_without_a_middle_has_no_mark(bid: float | None, ask: float | None) -> None:
    assert Quote(MCL, 1, bid, ask).mark is None
