"""How large a position may be, from what it may lose."""

from math import floor

import msgspec


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many units fit; ``sentence`` gives the numbers, what is missing included."""

    units: int
    budget: float
    loss_per_unit: float
    sentence: str


def size_by_risk(
    *,
    capital: float,
    risk_tolerance: float,
    max_loss_percent: float,
    loss_per_unit: float,
    max_units: int,
) -> Size:
    """Return the units whose loss at the stop fits into the budget; all money in USD.

    ``budget = capital * risk_tolerance * max_loss_percent / 100``.
    """
    budget = capital * risk_tolerance * max_loss_percent / 100
    units = min(max_units, floor(budget / loss_per_unit)) if loss_per_unit > 0 else 0
    if units > 0:
        sentence = (
            f"{units} unit(s): a stop costs {units * loss_per_unit:,.2f} USD "
            f"of a budget of {budget:,.2f} USD"
        )
    else:
        sentence = (
            f"one unit would lose {loss_per_unit:,.2f} USD at its stop, the budget is "
            f"{budget:,.2f} USD; {max(loss_per_unit - budget, 0):,.2f} USD are missing"
        )
    return Size(units=max(units, 0), budget=budget, loss_per_unit=loss_per_unit, sentence=sentence)
