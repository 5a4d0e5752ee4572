"""What a scan leaves out: the fields of its request, and its filter options.

Filters about what isn't simulated, ratings for instance, let everything pass.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from microfutures.model.market import Quote
from microfutures.twsim.wire import FieldReader

Passes = Callable[[Quote, float, Decimal], bool]
"""Tells whether a quote with its change since the day before, in percent, fits a value."""


def _price(quote: Quote) -> float:
    return quote.last if quote.last is not None else 0.0


FILTERS: dict[str, Passes] = {
    "priceAbove": lambda quote, change, value: _price(quote) >= value,
    "priceBelow": lambda quote, change, value: _price(quote) <= value,
    "volumeAbove": lambda quote, change, value: quote.volume >= value,
    "volumeBelow": lambda quote, change, value: quote.volume <= value,
    "changePercAbove": lambda quote, change, value: change >= value,
    "changePercBelow": lambda quote, change, value: change <= value,
}
"""IB's names, as its scanner parameters list them."""

_OF_REQUEST = ("priceAbove", "priceBelow", "volumeAbove")
_UNUSED_FIELDS = 14
"""Market value, ratings, maturity, coupon, convertibles, option volume, settings, kind of stock."""


class ScanFilters:
    """The filters of one request."""

    def __init__(self, wanted: list[tuple[str, Decimal]]) -> None:
        self._wanted = wanted

    def pass_on(self, quote: Quote, close_before: float) -> bool:
        """Tell whether a contract is shown; `close_before` is 0 where there is none."""
        change = 100 * (_price(quote) / close_before - 1) if close_before else 0.0
        return all(FILTERS[name](quote, change, value) for name, value in self._wanted)


def read_filters(reader: FieldReader) -> ScanFilters:
    """Read all of a scan request that comes after its code."""
    fields = [(name, reader.decimal()) for name in _OF_REQUEST]
    wanted = [(name, value) for name, value in fields if value is not None]
    reader.skip(_UNUSED_FIELDS)
    for part in reader.text().split(";"):
        name, _, text = part.partition("=")
        if name in FILTERS:
            wanted += [(name, value) for value in _numbers(text)]
    return ScanFilters(wanted)


def _numbers(text: str) -> list[Decimal]:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return []
    return [value] if value.is_finite() else []
