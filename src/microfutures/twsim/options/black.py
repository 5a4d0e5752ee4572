"""Prices, Greeks and implied volatility of European options by Black's formula of 1976.

A share is its own forward, carried at the interest rate; dividends are not known here. Volatility
and interest are per year and continuous, 0.3 is 30%; time is in years of 365 days.
"""

from math import erf, exp, log, pi, sqrt
from typing import NamedTuple

RATE = 0.04
"""Interest, flat; an assumption, TWS takes its own curve."""

DAYS = 365.0
_LOWEST, _HIGHEST = 1e-4, 10.0
_STEPS = 100


class Computation(NamedTuple):
    """An option's price and Greeks.

    ``vega`` is per hundredth of volatility, ``theta`` per day, ``delta`` and ``gamma`` per unit of
    the underlying: IB's units.
    """

    volatility: float
    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


class Terms(NamedTuple):
    """What is fixed of an option: its strike, its side, its time, and what its underlying is."""

    is_call: bool
    strike: float
    years: float
    is_on_future: bool


def computed(terms: Terms, underlying: float, volatility: float) -> Computation:
    """Return price and Greeks; an expired option is worth what it can be exercised for."""
    value = price(terms, underlying, volatility)
    up, down = underlying * 1.0001, underlying * 0.9999
    step = underlying * 0.0001
    high, low = price(terms, up, volatility), price(terms, down, volatility)
    wider = price(terms, underlying, volatility + 0.001)
    tomorrow = terms._replace(years=max(terms.years - 1 / DAYS, 0.0))
    return Computation(
        volatility,
        value,
        (high - low) / (2 * step),
        _gamma(terms, underlying, volatility),
        (wider - value) * 10,
        price(tomorrow, underlying, volatility) - value,
    )


def price(terms: Terms, underlying: float, volatility: float) -> float:
    """Return the price of an option."""
    side = 1 if terms.is_call else -1
    if terms.years <= 0 or volatility <= 0 or underlying <= 0:
        return max(side * (underlying - terms.strike), 0.0)
    discount = exp(-RATE * terms.years)
    forward = _forward(terms, underlying)
    spread = volatility * sqrt(terms.years)
    first = log(forward / terms.strike) / spread + spread / 2
    second = first - spread
    value = forward * _normal(side * first) - terms.strike * _normal(side * second)
    return side * discount * value


def implied_volatility(terms: Terms, underlying: float, value: float) -> float | None:
    """Return the volatility at which an option costs `value`; None when there is none."""
    low, high = _LOWEST, _HIGHEST
    if not price(terms, underlying, low) <= value <= price(terms, underlying, high):
        return None
    if terms.years <= 0:
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if price(terms, underlying, middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _gamma(terms: Terms, underlying: float, volatility: float) -> float:
    if terms.years <= 0 or volatility <= 0 or underlying <= 0:
        return 0.0
    forward = _forward(terms, underlying)
    spread = volatility * sqrt(terms.years)
    first = log(forward / terms.strike) / spread + spread / 2
    density = exp(-first * first / 2) / sqrt(2 * pi)
    discount = exp(-RATE * terms.years) if terms.is_on_future else 1.0
    return discount * density / (underlying * spread)


def _forward(terms: Terms, underlying: float) -> float:
    return underlying if terms.is_on_future else underlying * exp(RATE * terms.years)


def _normal(x: float) -> float:
    return (1.0 + erf(x / sqrt(2.0))) / 2.0
