"""Looks at a pair's market: which contracts, may the quotes be traded on, where is the spread."""

from collections.abc import Iterable, Mapping

import msgspec

from microfutures.analytics.pairs import PairPrices, PairRules, plan_unit
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.identifiers import Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.model.quality import hours_problem, quote_problem
from microfutures.model.sessions import session_at
from microfutures.ports.view import BrokerView
from microfutures.strategies.pair_plan import joint_prices, terms_of
from microfutures.strategies.spread import Spread


class Look(msgspec.Struct, frozen=True):
    """One look at the market: prices that may be traded on, and their z-score."""

    now_ns: int
    instruments: tuple[Instrument, Instrument]
    prices: PairPrices
    ratio: float
    z: float


def left_ns(instruments: Iterable[Instrument], now_ns: int) -> int:
    """Return how long until the liquid hours of any of `instruments` end; 0 outside them."""
    sessions = [session_at(each.liquid_hours, now_ns) for each in instruments]
    return min(0 if each is None else each.close_ns - now_ns for each in sessions)


class PairEyes:
    """Samples the spread whenever both legs allow it, and says why when they don't."""

    def __init__(self, parameters: PairParameters) -> None:
        self.parameters = parameters
        self.symbols = (Symbol(parameters.primary_symbol), Symbol(parameters.secondary_symbol))
        self.spread = Spread(
            lookback=parameters.lookback,
            sample_seconds=parameters.sample_seconds,
            max_jump_percent=parameters.max_jump_percent,
        )
        self.latest: Look | None = None
        self.warning: str | None = None
        self.is_ratio_sound = False
        """Whether the latest look found prices, and their ratio agreed with the one before."""

    def instruments(self, view: BrokerView | None) -> tuple[Instrument, Instrument] | None:
        """Return the contracts of the two legs; None while either is unresolved."""
        if view is None:
            return None
        first, second = view.instrument(self.symbols[0]), view.instrument(self.symbols[1])
        return (first, second) if first is not None and second is not None else None

    def look(self, view: BrokerView | None, market_data: Mapping[Symbol, Quote]) -> Look | str:
        """Return a look, or the sentence that says why there is none; `warning` is set anew."""
        self.latest = self.warning = None
        self.is_ratio_sound = False
        instruments = self.instruments(view)
        if view is None or instruments is None:
            return f"waiting for the contracts of {' and '.join(self.symbols)}"
        now_ns = view.now_ns()
        prices = self._prices(now_ns, instruments, market_data)
        if isinstance(prices, str):
            return prices
        ratio = (prices.primary_bid + prices.primary_ask) / 2
        ratio /= (prices.secondary_bid + prices.secondary_ask) / 2
        self.warning = self.spread.observe(now_ns, ratio)
        self.is_ratio_sound = self.warning is None
        if not self.spread.is_ready:
            if self.spread.samples < self.parameters.lookback:
                return f"warming up: {self.spread.samples} of {self.parameters.lookback} samples"
            return "the spread has not moved at all in the window"
        self.latest = Look(now_ns, instruments, prices, ratio, self.spread.z(ratio))
        return self.latest

    def _prices(
        self,
        now_ns: int,
        instruments: tuple[Instrument, Instrument],
        market_data: Mapping[Symbol, Quote],
    ) -> PairPrices | str:
        quotes = [market_data.get(symbol) for symbol in self.symbols]
        limit = self.parameters.max_quote_age_seconds
        for instrument, quote in zip(instruments, quotes, strict=True):
            problem = hours_problem(instrument, now_ns) or quote_problem(
                instrument, quote, now_ns, limit
            )
            if problem is not None:
                return problem
        first, second = quotes
        prices = joint_prices(first, second) if first and second else None
        if prices is None or prices.primary_bid <= 0 or prices.secondary_bid <= 0:
            return (
                "no dollar-neutral hedge exists unless both prices are above zero: "
                + " and ".join(f"{quote.instrument_id} {quote.mid}" for quote in quotes if quote)
            )
        return prices


def pair_metrics(eyes: PairEyes, rules: PairRules, z: float | None) -> tuple[tuple[str, str], ...]:
    """Return the numbers to show, label and value."""
    spread = eyes.spread
    rows = [
        ("z-score", "–" if z is None else f"{z:+.2f}"),
        ("samples", f"{spread.samples}/{eyes.parameters.lookback}"),
    ]
    if eyes.latest is not None:
        look = eyes.latest
        unit = plan_unit(look.prices, terms_of(*look.instruments), rules, look.z, 0.0)
        rows.append(("hedge", f"1:{unit.hedge_quantity} ({unit.residual:+.2f} USD open)"))
    if spread.is_ready:
        rows.append(("σ", f"{spread.deviation / abs(spread.mean) * 1e4:.1f} bp"))
    if spread.ratio is not None:
        rows.append(("ratio", f"{spread.ratio:.5f}"))
    return tuple(rows)
