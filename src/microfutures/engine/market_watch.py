"""What is wrong with which quote: found on every tick, journaled, told, kept from being used.

Not here: which flaws there are (`model.flaws`), and that a stream is asked for again when it falls
silent (`adapters.ib.health`).
"""

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
NEVER = float("inf")


class QuoteFlawed(msgspec.Struct, frozen=True):
    """A quote began to be flawed, or is sound again (an empty ``flaw``); for the journal."""

    instrument_id: InstrumentId
    flaw: Flaw
    sentence: str


class Band(NamedTuple):
    """Where the next quote needs no second look: half the largest jump around a sound one."""

    low: float
    high: float


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
        self._suspects: dict[InstrumentId, Moment] = {}
        self._flaws: dict[InstrumentId, tuple[Flaw, int]] = {}
        """What is wrong, and since when, ns; ``NONE`` once it was told to be over."""
        self._told: dict[InstrumentId, Flaw] = {}

    def flaw(self, instrument_id: InstrumentId) -> Flaw:
        """Return what is wrong with a contract's quotes now."""
        return self._flaws.get(instrument_id, (Flaw.NONE, 0))[0]

    def take(self, quote: Quote) -> Quote:
        """Return `quote` as it may be used: with its trouble, if its prices can't be right."""
        band, bid, ask = self._bands.get(quote.instrument_id), quote.bid, quote.ask
        if (
            band is not None
            and bid is not None
            and ask is not None
            and band.low <= bid <= ask <= band.high
            and quote.data_type is MarketDataType.LIVE
            and not quote.trouble
        ):
            return quote
        instrument = self._state.instruments.get(quote.instrument_id)
        return quote if instrument is None else self._examine(instrument, quote)

    def check(self) -> None:
        """Find the quiet legs, and tell what has been wrong for a while."""
        state, now_ns = self._state, self._state.time_ns
        oldest_ns = now_ns - self._max_age_ns
        # A new line is given as long for its first quote as a quote may be old.
        is_patient = state.connection_since_ns >= oldest_ns
        for instrument in state.current.values():
            name = instrument.instrument_id
            quote = state.quotes.get(name)
            # Most quotes are young, and most contracts never had a flaw.
            is_old = quote is None or quote.time_ns < oldest_ns
            if is_old and not is_patient and instrument.is_liquid(now_ns):
                flaw = flaw_of(instrument, quote, now_ns, self._limits.max_quote_age_seconds)
                if flaw in (Flaw.STALE, Flaw.MISSING):
                    self._note(instrument, quote, flaw)
            if name in self._flaws:
                self._tell(instrument)

    def restate(self, step_ns: int) -> None:
        """Restate when prices were seen: a step of the clock is no time in which they stayed."""
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
        flaw = flaw_of(instrument, quote, quote.time_ns, NEVER)
        if not flaw:
            flaw = self._jump(instrument, before, quote)
        self._note(instrument, quote, flaw)
        if flaw:
            return replace(quote, trouble=flaw) if FLAWS[flaw].is_price_wrong else quote
        middle = quote.mid or 0.0
        half = self._largest_jump(instrument, middle) / 2
        self._bands[name] = Band(middle - half, middle + half)
        self._sound.pop(name, None)
        self._suspects.pop(name, None)
        return quote

    def _jump(self, instrument: Instrument, before: Quote | None, quote: Quote) -> Flaw:
        """Return whether the price is too far from what it was, and has not been for long."""
        name, middle = instrument.instrument_id, quote.mid or 0.0
        if before is None or quote.time_ns - before.time_ns > seconds(MEMORY_SECONDS):
            return Flaw.NONE
        was = before.mid or 0.0
        if abs(middle - was) <= self._largest_jump(instrument, was):
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
        words = flaw_words(flaw, instrument, quote, now_ns) if flaw else ""
        self._out.record("market", QuoteFlawed.__name__, QuoteFlawed(name, flaw, words))

    def _tell(self, instrument: Instrument) -> None:
        name, now_ns = instrument.instrument_id, self._state.time_ns
        flaw, since_ns = self._flaws.get(name, (Flaw.NONE, 0))
        told = self._told.get(name, Flaw.NONE)
        if flaw is told or (flaw and now_ns - since_ns < seconds(TOLD_AFTER_SECONDS)):
            return
        self._told[name] = flaw
        if flaw:
            words = flaw_words(flaw, instrument, self._state.quotes.get(name), now_ns)
            self._voice.say(Severity.WARNING, f"{words}; it is not traded on")
        else:
            self._voice.say(Severity.INFO, f"quotes of {name} are sound again")
