"""Quotes of a combo: what its legs would cost together, at the prices they are quoted at."""

from collections.abc import Sequence
from typing import Protocol

from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote
from microfutures.twsim.quotes.ticks import LIVE, Line, changes
from microfutures.venue.messages import ComboLeg


class Writer(Protocol):
    """What a combo's line needs of its client."""

    def write(self, frames: bytes) -> None:
        """Write messages that are spelled already."""
        ...


class ComboLine:
    """One request for the quotes of a combo."""

    def __init__(self, client: Writer, request_id: int, legs: Sequence[ComboLeg]) -> None:
        self._client = client
        self._line = Line(request_id)
        self._legs = tuple(legs)
        self._quotes: dict[InstrumentId, Quote] = {}
        self._shown: Quote | None = None

    def on_quote(self, quote: Quote) -> None:
        """Send what a leg's new quote changes."""
        self._quotes[quote.instrument_id] = quote
        combo = self._combo(quote.time_ns)
        if combo is not None:
            self._client.write(self._line.frames(changes(LIVE, self._shown, combo, 0.0)))
            self._shown = combo

    def _combo(self, time_ns: int) -> Quote | None:
        """Return the combo's quote; None while a leg has none of both sides."""
        bid = ask = 0.0
        bid_sizes, ask_sizes = [], []
        for leg in self._legs:
            quote = self._quotes.get(leg.instrument_id)
            if quote is None or quote.bid is None or quote.ask is None:
                return None
            sold, bought = (quote.bid, quote.bid_size), (quote.ask, quote.ask_size)
            low, high = (sold, bought) if leg.ratio > 0 else (bought, sold)
            bid, ask = bid + leg.ratio * low[0], ask + leg.ratio * high[0]
            bid_sizes.append(low[1] // abs(leg.ratio))
            ask_sizes.append(high[1] // abs(leg.ratio))
        name = self._legs[0].instrument_id
        return Quote(name, time_ns, round(bid, 10), round(ask, 10), min(bid_sizes), min(ask_sizes))
