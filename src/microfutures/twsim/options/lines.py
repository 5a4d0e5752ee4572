"""Quotes of options: made of the underlying's price by Black's formula, with their computations.

Nobody trades an option here, so it has bid, ask and computations, but no last price. Its market is
as wide as a share of its price, and its volatility is the underlying's of the last month.
"""

from collections.abc import Callable
from math import ceil, floor
from typing import Protocol

from microfutures.model.market import Quote
from microfutures.twsim.options.black import Terms, computed, implied_volatility, price
from microfutures.twsim.options.chain import Option
from microfutures.twsim.quotes.ticks import LIVE, Line, changes
from microfutures.twsim.wire import Field

BID, ASK, MODEL, CUSTOM = 10, 11, 13, 53
"""IB's numbers of option computations."""

RETURN_BASED = 0
NOT_COMPUTED, NO_GREEK = -1, -2
"""What TWS sends in place of a volatility or price, and of a Greek, that there is none of."""

TICK = 0.01
HALF_SPREAD = 0.015
"""Of the price; at least one tick."""

DEFAULT_VOLATILITY = 0.3
"""For an underlying without a past."""

_SIZES = 90


class Receiver(Protocol):
    """What an option's line needs of its client."""

    client_id: int

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...

    def write(self, frames: bytes) -> None:
        """Write messages that are spelled already."""
        ...


class OptionLine:
    """One request for the quotes of an option.

    Parameters
    ----------
    terms
        Returns the option's terms at the present moment.
    volatility
        Per year, 0.3 is 30%.
    """

    def __init__(
        self,
        client: Receiver,
        request_id: int,
        option: Option,
        *,
        terms: Callable[[], Terms],
        volatility: float,
    ) -> None:
        self._client = client
        self._request_id = request_id
        self._option = option
        self._terms = terms
        self._volatility = volatility
        self._line = Line(request_id)
        self._underlying: float | None = None
        self._shown: Quote | None = None

    def on_quote(self, quote: Quote) -> None:
        """Send what a new price of the underlying changes."""
        underlying = quote.mid if quote.mid is not None else quote.last
        if underlying is None or underlying <= 0 or underlying == self._underlying:
            return
        self._underlying = underlying
        terms = self._terms()
        shown = self._quote(quote.time_ns, price(terms, underlying, self._volatility))
        self._client.write(self._line.frames(changes(LIVE, self._shown, shown, 0.0)))
        for kind, before, now in (
            (BID, self._shown and self._shown.bid, shown.bid),
            (ASK, self._shown and self._shown.ask, shown.ask),
        ):
            if now is not None and now != before:
                volatility = implied_volatility(terms, underlying, now)
                self._send(kind, terms, underlying, volatility)
        self._send(MODEL, terms, underlying, self._volatility)
        self._shown = shown

    def _quote(self, time_ns: int, value: float) -> Quote:
        half = max(value * HALF_SPREAD, TICK / 2)
        bid, ask = floor((value - half) / TICK), max(ceil((value + half) / TICK), 1)
        size = 10.0 + self._option.con_id % _SIZES
        return Quote(
            self._option.underlying.instrument_id,
            time_ns,
            round(bid * TICK, 2) if bid > 0 else None,
            round(ask * TICK, 2),
            size if bid > 0 else 0.0,
            size,
        )

    def _send(self, kind: int, terms: Terms, underlying: float, volatility: float | None) -> None:
        self._client.send(
            computation_message(self._request_id, kind, terms, underlying, volatility)
        )


def computation_message(
    request_id: int, kind: int, terms: Terms, underlying: float, volatility: float | None
) -> list[Field]:
    """Return the option computation message (21); without a volatility it says that there is none.

    The present value of dividends is 0: none are known here.
    """
    head: list[Field] = [21, request_id, kind, RETURN_BASED]
    if volatility is None:
        unknown = [NOT_COMPUTED, NO_GREEK, NOT_COMPUTED, NOT_COMPUTED, *[NO_GREEK] * 3]
        return [*head, *unknown, underlying]
    answer = computed(terms, underlying, volatility)
    return [
        *head,
        *(answer.volatility, answer.delta, answer.price, 0.0),
        *(answer.gamma, answer.vega, answer.theta, underlying),
    ]
