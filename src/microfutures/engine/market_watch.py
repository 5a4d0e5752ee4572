"""What is wrong with which quote: found on every tick, journaled, told, kept from being used.

Not here: which flaws there are (`model.flaws`), and that a stream is asked for again when it falls
silent (`adapters.ib.health`).
"""

from math import inf
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.output import OutputBuilder
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.model.events import Severity
from microfutures.model.flaws import FLAWS, Flaw
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import MarketDataType, Quote
from microfutures.model.quality import flaw_of, flaw_words
from microfutures.model.timestamp import seconds

STAYS_SECONDS = 60.0
"""A price that jumped is believed once it has stayed near where it went for so long."""
MEMORY_SECONDS = 4 * 3600.0
"""What the price was before that says nothing of what it may be now: a night, a weekend."""
TOLD_AFTER_SECONDS = 5.0
"""Books cross for a moment whenever one side is told before the other."""
NEVER = inf
NEVER_NS = (1 << 63) - 1


class QuoteFlawed(msgspec.Struct, frozen=True):
    """A quote began to be flawed, or is sound again (an empty ``flaw``); for the journal."""

    instrument_id: InstrumentId
    flaw: Flaw
    sentence: str


Band = tuple[float, float]
"""Where the next quote needs no second look: half the largest jump around a sound one."""

NOWHERE: Band = (inf, -inf)
LIVE = MarketDataType.LIVE


class Moment(NamedTuple):
    """A price, and since when it is there."""

    price: float
    time_ns: int


class MarketWatch:
    """Follows every contract's quotes; those whose prices can't be right are marked so."""

    def __init__(
        self, *, state: DeskState, limits: RiskLimits, out: OutputBuilder, voice: Voice
    ) -> None:
        self._state = state
        self._limits = limits
        self._out = out
        self._voice = voice
        self._max_age_ns = seconds(limits.max_quote_age_seconds)
        self._bands: dict[InstrumentId, Band] = {}
        """Of contracts whose latest quote is sound."""
        self._sound: dict[InstrumentId, Quote] = {}
        """The latest sound quote of the others."""
        self._remembered: dict[InstrumentId, Moment] = {}
        """What an earlier run last saw traded of contracts that had no sound quote yet."""
        self._suspects: dict[InstrumentId, Moment] = {}
        self._flaws: dict[InstrumentId, tuple[Flaw, int]] = {}
        """What is wrong, and since when, ns; ``NONE`` once it was told to be over."""
        self._told: dict[InstrumentId, Flaw] = {}
        self._untold: set[InstrumentId] = set()
        """Contracts whose flaw, or its end, was not told yet."""
        self._young_until_ns = 0
        """Up to when no quote of a current contract can be too old."""

    def remember(self, instrument_id: InstrumentId, price: float, time_ns: int) -> None:
        """Know what was traded before this run: its first quote is none to be believed blindly."""
        self._remembered[instrument_id] = Moment(price, time_ns)

    def flaw(self, instrument_id: InstrumentId) -> Flaw:
        """Return what is wrong with a contract's quotes now."""
        return self._flaws.get(instrument_id, (Flaw.NONE, 0))[0]

    def take(self, quote: Quote) -> Quote:
        """Keep `quote` and return it as it may be used: with its trouble if prices are wrong."""
        name, bid, ask = quote.instrument_id, quote.bid, quote.ask
        low, high = self._bands.get(name, NOWHERE)
        if (
            bid is None
            or ask is None
            or not low <= bid <= ask <= high
            or quote.data_type is not LIVE
            or quote.trouble
        ):
            instrument = self._state.instruments.get(name)
            if instrument is not None:
                quote = self._examine(instrument, quote)
        self._state.quotes[name] = quote
        self._state.last_message_ns = quote.time_ns
        return quote

    def doubt_ages(self) -> None:
        """Look at the age of every quote at the next check: a contract or a clock is another."""
        self._young_until_ns = 0

    @property
    def due_ns(self) -> int:
        """Return before which moment a check finds nothing unless a quote comes; right after one.

        0 while something is to be told, or a contract has no quote and nobody noted it yet.
        """
        if self._untold:
            return 0
        state, ages_ns = self._state, [NEVER_NS]
        for instrument in state.current.values():
            quote = state.quotes.get(instrument.instrument_id)
            if quote is None:
                if self.flaw(instrument.instrument_id) is not Flaw.MISSING:
                    return 0
                continue
            old_ns = quote.time_ns + self._max_age_ns + 1
            if old_ns > state.time_ns:
                ages_ns.append(old_ns)
        return min(ages_ns)

    def check(self) -> None:
        """Find the quiet legs, and tell what has been wrong for a while."""
        state, now_ns = self._state, self._state.time_ns
        if now_ns > self._young_until_ns:
            self._young_until_ns = self._oldest_quote_ns() + self._max_age_ns
            if now_ns > self._young_until_ns:
                self._find_quiet_legs()
        if self._untold:
            current = {each.instrument_id: each for each in state.current.values()}
            # A month that was left before it could be told is nobody's news any more.
            self._untold.intersection_update(current)
            for name, instrument in current.items():
                if name in self._untold:
                    self._tell(instrument)

    def _oldest_quote_ns(self) -> int:
        """Return when the oldest quote of a current contract came; 0 while there is none of one."""
        quotes, oldest_ns = self._state.quotes, self._state.time_ns
        for instrument in self._state.current.values():
            quote = quotes.get(instrument.instrument_id)
            if quote is None:
                return 0
            if quote.time_ns < oldest_ns:
                oldest_ns = quote.time_ns
        return oldest_ns

    def _find_quiet_legs(self) -> None:
        state, now_ns = self._state, self._state.time_ns
        oldest_ns = now_ns - self._max_age_ns
        # A new line is given as long for its first quote as a quote may be old.
        if state.connection_since_ns >= oldest_ns:
            return
        for instrument in state.current.values():
            quote = state.quotes.get(instrument.instrument_id)
            is_old = quote is None or quote.time_ns < oldest_ns
            if is_old and instrument.is_liquid(now_ns):
                flaw = flaw_of(instrument, quote, now_ns, self._limits.max_quote_age_seconds)
                if flaw in (Flaw.STALE, Flaw.MISSING):
                    self._note(instrument, quote, flaw)

    def restate(self, step_ns: int) -> None:
        """Restate when prices were seen: a step of the clock is no time in which they stayed."""
        self.doubt_ages()
        for name, quote in self._sound.items():
            self._sound[name] = replace(quote, time_ns=quote.time_ns + step_ns)
        for name, suspect in self._suspects.items():
            self._suspects[name] = Moment(suspect.price, suspect.time_ns + step_ns)

    def on_line_lost(self) -> None:
        """Count anew how long a price stays: nobody saw whether it did."""
        self._suspects.clear()

    def _examine(self, instrument: Instrument, quote: Quote) -> Quote:
        name = instrument.instrument_id
        before = self._state.quotes.get(name) if name in self._bands else self._sound.get(name)
        was = self._remembered.get(name)
        if before is not None:
            was = Moment(before.mid or 0.0, before.time_ns)
        flaw = flaw_of(instrument, quote, quote.time_ns, NEVER)
        if not flaw:
            flaw = self._jump(instrument, was, quote)
        self._note(instrument, quote, flaw)
        if flaw:
            return replace(quote, trouble=flaw) if FLAWS[flaw].is_price_wrong else quote
        middle = quote.mid or 0.0
        half = self._largest_jump(instrument, middle) / 2
        self._bands[name] = (middle - half, middle + half)
        for memory in (self._sound, self._suspects, self._remembered):
            memory.pop(name, None)
        return quote

    def _jump(self, instrument: Instrument, was: Moment | None, quote: Quote) -> Flaw:
        """Return whether the price is too far from what it was, and has not been for long."""
        name, middle = instrument.instrument_id, quote.mid or 0.0
        if was is None or quote.time_ns - was.time_ns > seconds(MEMORY_SECONDS):
            return Flaw.NONE
        if abs(middle - was.price) <= self._largest_jump(instrument, was.price):
            return Flaw.NONE
        suspect = self._suspects.get(name)
        if suspect is None or (
            abs(middle - suspect.price) > self._largest_jump(instrument, suspect.price)
        ):
            suspect = self._suspects[name] = Moment(middle, quote.time_ns)
        stayed_ns = quote.time_ns - suspect.time_ns
        return Flaw.NONE if stayed_ns >= seconds(STAYS_SECONDS) else Flaw.JUMP

    def _largest_jump(self, instrument: Instrument, price: float) -> float:
        limits = self._limits
        share = abs(price) * limits.max_quote_jump_percent / 100
        return max(share, limits.max_quote_jump_ticks * float(instrument.tick_size))

    def _note(self, instrument: Instrument, quote: Quote | None, flaw: Flaw) -> None:
        """Journal the begin of a flaw, its change into another, and its end."""
        name, now_ns = instrument.instrument_id, self._state.time_ns
        if flaw and self._bands.pop(name, None) is not None:
            self._sound[name] = self._state.quotes[name]
        if flaw is self.flaw(name):
            return
        self._flaws[name] = flaw, now_ns
        self._note_untold(name, flaw)
        words = flaw_words(flaw, instrument, quote, now_ns) if flaw else ""
        self._out.record("market", QuoteFlawed.__name__, QuoteFlawed(name, flaw, words))

    def _note_untold(self, name: InstrumentId, flaw: Flaw) -> None:
        if flaw is self._told.get(name, Flaw.NONE):
            self._untold.discard(name)
        else:
            self._untold.add(name)

    def _tell(self, instrument: Instrument) -> None:
        name, now_ns = instrument.instrument_id, self._state.time_ns
        flaw, since_ns = self._flaws[name]
        if flaw and now_ns - since_ns < seconds(TOLD_AFTER_SECONDS):
            return
        self._told[name] = flaw
        self._untold.discard(name)
        if flaw:
            words = flaw_words(flaw, instrument, self._state.quotes.get(name), now_ns)
            self._voice.say(Severity.WARNING, f"{words}; it is not traded on")
        else:
            self._voice.say(Severity.INFO, f"quotes of {name} are sound again")
