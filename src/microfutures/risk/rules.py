"""Rules about the line, the market and the price: one rule, one class, one sentence."""

from math import isfinite

from microfutures.config.risk_limits import RiskLimits
from microfutures.model.events import ConnectionState
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.model.orders import Order, Side
from microfutures.model.quality import hours_problem, quote_problem
from microfutures.risk.context import RiskContext
from microfutures.risk.rule import ENTRIES, EVERY_ORDER, OPENINGS

CONNECTED = ConnectionState.CONNECTED


class Connected:
    """Orders leave over a working line only."""

    name = "connection"
    holds_for = EVERY_ORDER

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse unless the line is up."""
        if context.connection is CONNECTED:
            return None
        return f"the connection is {context.connection.replace('_', ' ')}"

    def limit(self) -> str:
        """Return the limit in words."""
        return "connected"


class FatesKnown:
    """What became of every order is known before another one leaves."""

    name = "unknown fate"
    holds_for = EVERY_ORDER

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse while an order from before the line was lost may still be working."""
        if not context.unresolved:
            return None
        return f"what became of {context.unresolved} since the line was lost is not known yet"

    def limit(self) -> str:
        """Return the limit in words."""
        return "none unknown"


class NotKilled:
    """A kill stops every order, exits included, until a person resumes."""

    name = "kill"
    holds_for = EVERY_ORDER

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse every order while killed."""
        return f"no order is sent: {context.kill_reason}" if context.kill_reason else None

    def limit(self) -> str:
        """Return the limit in words."""
        return "not killed"


class NotPaused:
    """A pause blocks entries; exits run."""

    name = "pause"
    holds_for = ENTRIES

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an entry while paused."""
        return f"entries are blocked: {context.pause_reason}" if context.is_paused else None

    def limit(self) -> str:
        """Return the limit in words."""
        return "not paused"


class KnownInstrument:
    """The contract is resolved and open; entries need its liquid hours."""

    name = "hours"
    holds_for = EVERY_ORDER

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an unknown or closed contract, and an entry in thin hours."""
        instrument = context.instrument
        if instrument is None:
            return f"{order.instrument_id} is not resolved"
        needs_liquid = not order.purpose.reduces_risk
        if not needs_liquid and instrument.is_open(context.now_ns):
            return None
        return hours_problem(instrument, context.now_ns)

    def limit(self) -> str:
        """Return the limit in words."""
        return "open; liquid hours for entries"


class FreshQuote:
    """Entries need a quote without a flaw."""

    name = "quote"
    holds_for = ENTRIES

    def __init__(self, limits: RiskLimits) -> None:
        self._max_age = limits.max_quote_age_seconds

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse on a quote with any flaw; see `model.flaws`."""
        instrument = context.instrument
        if instrument is None:
            return f"{order.instrument_id} is not resolved"
        return quote_problem(instrument, context.quote, context.now_ns, self._max_age)

    def limit(self) -> str:
        """Return the limit in words."""
        return f"at most {self._max_age:g} s old"


class PriceCollar:
    """A limit price lies near the market; in ticks, for prices near zero and below."""

    name = "price collar"
    holds_for = OPENINGS

    def __init__(self, limits: RiskLimits) -> None:
        self._percent = limits.price_collar_percent
        self._ticks = limits.price_collar_ticks

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse a price far from the side that the order would hit."""
        instrument, quote = context.instrument, context.quote
        if order.limit_ticks is None or instrument is None or quote is None:
            return None
        touch = _touch(order, quote)
        if touch is None:
            return None
        touch_ticks = _nearest_tick(instrument, touch)
        allowed = max(abs(touch_ticks) * self._percent / 100, self._ticks)
        away = abs(order.limit_ticks - touch_ticks)
        if away <= allowed:
            return None
        side = "ask" if order.side is Side.BUY else "bid"
        return (
            f"limit {instrument.price(order.limit_ticks)} is {away} ticks from the {side} "
            f"{touch:g}, at most {int(allowed)}"
        )

    def limit(self) -> str:
        """Return the limit in words."""
        return f"{self._percent:g} % or {self._ticks} ticks from the touch"


def _touch(order: Order, quote: Quote) -> float | None:
    touch = quote.ask if order.side.sign > 0 else quote.bid
    return touch if touch is not None and isfinite(touch) else None


def _nearest_tick(instrument: Instrument, price: float) -> int:
    below, above = instrument.ticks_at_or_below(price), instrument.ticks_at_or_above(price)
    middle = float(instrument.tick_size) * (below + above) / 2
    return below if price < middle else above
