"""`MicroCrudeOilArbitrageStrategy`: the ratio of MCL to USO against its own recent history.

Any two products of the catalog make a pair; crude oil is the default.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from microfutures.analytics import pairs
from microfutures.analytics.pairs import (
    FLAT,
    NO_PRICES,
    NO_TERMS,
    PairLook,
    PairState,
    PairTarget,
)
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.intents import Intent, Refusal, Signal, SignalKind, TargetLeg
from microfutures.model.market import Bar, Quote
from microfutures.ports.view import BrokerView
from microfutures.strategies import pair_words as words
from microfutures.strategies.base import Strategy
from microfutures.strategies.joint_hours import JointHours
from microfutures.strategies.pair_eyes import Look, PairEyes, left_ns, pair_metrics
from microfutures.strategies.pair_plan import rules_of, terms_of
from microfutures.strategies.status import StrategyStatus

_KINDS = {
    pairs.ENTER_LONG: SignalKind.ENTER_LONG,
    pairs.ENTER_SHORT: SignalKind.ENTER_SHORT,
    pairs.EXIT: SignalKind.EXIT,
    pairs.STOP: SignalKind.STOP,
}


class MicroCrudeOilArbitrageStrategy(Strategy):
    """Trades the spread of two products back to its mean.

    Short the spread (sell the primary, buy the secondary) when its z-score is at ``z_entry`` or
    above, long at ``-z_entry`` or below; out at ``z_exit``, at the protective stop, after
    ``max_holding_seconds``, and before the liquid hours of either leg end.

    ``parameters`` carries every setting; the specification's five may be given on their own
    instead. ``risk_tolerance`` is 0 to 1, see docs/adr/0002.
    """

    def __init__(
        self,
        name: str,
        capital: Decimal | float | str,
        ib_manager: BrokerView | None,
        primary_symbol: str = "MCL",
        secondary_symbol: str = "USO",
        z_entry: float = 2.0,
        z_exit: float = 0.5,
        lookback: int = 20,
        *,
        parameters: PairParameters | None = None,
        risk_tolerance: float = 0.5,
    ) -> None:
        super().__init__(name, capital, ib_manager)
        self.parameters = parameters or PairParameters(
            primary_symbol=primary_symbol,
            secondary_symbol=secondary_symbol,
            z_entry=z_entry,
            z_exit=z_exit,
            lookback=lookback,
        )
        self._eyes = PairEyes(self.parameters)
        self._rules = rules_of(self.parameters, risk_tolerance)
        self.spread = self._eyes.spread
        self._hours = JointHours()
        self._memory = FLAT
        self._legs: tuple[TargetLeg, ...] = ()
        """Of the position that is on, or being put on."""
        self._wanted: tuple[PairState, PairTarget] | None = None
        """The entry that was signalled, and the state it leads to."""
        self._busy: Intent | None = None
        self._z: float | None = None
        self._why = "not started"
        self._found_nothing = False
        """Whether the latest check was a flat one, and the next is the same without a new quote."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Return the two products, the primary first."""
        return self._eyes.symbols

    def check_signals(self, market_data: Mapping[Symbol, Quote]) -> list[Signal]:
        """Return an entry, exit, stop or flatten signal, or nothing; `status` says why."""
        if not self.active:
            self._why = "the strategy is not started"
            return []
        self._found_nothing = False
        self._adopt_position()
        look = self._look(market_data)
        if self._busy is not None:
            self._why = f"working on it: {self._busy.reason}"
            return []
        if self._memory.direction:
            return self._check_exit(look)
        if look is not None:
            return self._check_entry(look)
        self._found_nothing = True
        return []

    def execute_trades(self, signals: Sequence[Signal]) -> list[Intent]:
        """Return one intent for the first signal; both legs, the primary first."""
        for signal in signals[:1]:
            intent = (
                self._entry_intent(signal) if signal.kind.is_entry else self._exit_intent(signal)
            )
            if intent is not None:
                self._busy = intent
                return [intent]
        return []

    def held_legs(self) -> tuple[TargetLeg, ...]:
        """Return the open positions, by fills."""
        held = () if self.ib is None else self.ib.held(self.name)
        if self.ib is None or not held:
            return ()
        found = (self.ib.instrument(symbol) for symbol in self.symbols)
        current = [each.instrument_id for each in found if each is not None]
        # An earlier run may have left the month before this one.
        known = [leg.instrument_id for leg in self._legs] + current + [*held]
        legs = (
            TargetLeg(instrument_id=each, quantity=self.ib.position(self.name, each))
            for each in dict.fromkeys(known)
        )
        return tuple(leg for leg in legs if leg.quantity)

    def rests_until(self, now_ns: int) -> int:
        """Rest while it is flat and either leg is outside of its liquid hours."""
        instruments = self._eyes.instruments(self.ib)
        if self._memory.direction or self._busy is not None or instruments is None:
            return now_ns
        return self._hours.opens_ns(instruments, now_ns)

    def dozes_until(self, now_ns: int) -> int:
        """Doze while it is flat and saw no entry; one that a rule stops is counted each check."""
        rest_ns = self.rests_until(now_ns)
        if rest_ns > now_ns or not self._found_nothing or self._eyes.warning is not None:
            return rest_ns
        closes_ns = self._hours.closes_ns
        return (
            min(closes_ns, self.spread.next_sample_ns) if self._eyes.is_ratio_sound else closes_ns
        )

    def on_history(self, instrument_id: InstrumentId, bars: Sequence[Bar]) -> None:
        """Warm the spread up; ready as soon as both legs' bars are there."""
        instruments = self._eyes.instruments(self.ib)
        if instruments is None or self.ib is None:
            return
        now_ns = self.ib.now_ns()
        if instrument_id == instruments[0].instrument_id:
            self.spread.warm_up(primary=bars, now_ns=now_ns)
        elif instrument_id == instruments[1].instrument_id:
            self.spread.warm_up(secondary=bars, now_ns=now_ns)

    def on_instrument(self, symbol: Symbol, instrument: Instrument) -> None:
        """Start the history anew: a z-score across two contracts would be of nothing."""
        if symbol in self.symbols:
            self.spread.reset()

    def on_intent_done(self, intent: Intent, outcome: str, time_ns: int) -> None:
        """Take note of what is on now."""
        if self._busy is not None and self._busy.intent_id == intent.intent_id:
            self._busy = None
        if self.held_legs():
            return
        if self._memory.direction:
            self._end_trip(time_ns, after_stop=intent.kind is SignalKind.STOP)

    def on_refused(self, refusal: Refusal) -> None:
        """Count it and let go of the intent that was refused."""
        super().on_refused(refusal)
        self._why = refusal.reason
        refused, self._busy = self._busy, None
        if refused is not None and refused.kind.is_entry:
            self._end_trip(refusal.time_ns, after_stop=False)

    def status(self) -> StrategyStatus:
        """Return the state, the numbers and the sentence."""
        return StrategyStatus(
            state=self._state(),
            metrics=pair_metrics(self._eyes, self._rules, self._z),
            z_score=self._z,
            z_entry=self.parameters.z_entry,
            z_exit=self.parameters.z_exit,
            why_no_trade=self._why,
            refusals=self.refusals.counts,
        )

    # -- deciding -----------------------------------------------------------------------------

    def _look(self, market_data: Mapping[Symbol, Quote]) -> Look | None:
        look = self._eyes.look(self.ib, market_data)
        if self._eyes.warning is not None:
            self._memory = self._memory._replace(has_jumped=bool(self._memory.direction))
            self._refuse("jump", self._eyes.warning, self._view().now_ns())
        if isinstance(look, str):
            self._z, self._why = None, look
            return None
        self._z = look.z
        return look

    def _plain(self, look: Look | None, instruments: Sequence[Instrument]) -> PairLook:
        """Return a look, or that there is none, as `analytics.pairs` takes it."""
        now_ns = self._view().now_ns()
        return PairLook(
            now_ns=now_ns,
            is_seen=look is not None,
            is_sound=self._eyes.is_ratio_sound,
            ratio=look.ratio if look else 0.0,
            z=look.z if look else 0.0,
            deviation=self.spread.deviation if look else 0.0,
            left_ns=left_ns(instruments, now_ns) if instruments else 0,
            capital=float(self.capital),
        )

    def _adopt_position(self) -> None:
        """Follow positions that others made: left by an earlier run, or closed by hand.

        The stop of an adopted position lies around the mean of now.
        """
        if self._busy is not None:
            return
        legs = self.held_legs()
        if self._memory.direction:
            if not legs and self.ib is not None:  # closed by hand, or by the broker
                self._end_trip(self.ib.now_ns(), after_stop=False)
            return
        if not legs or self.ib is None:
            return
        instruments = self._eyes.instruments(self.ib)
        is_ready = self.spread.is_ready
        if instruments is None:
            return
        current = {each.instrument_id for each in instruments}
        if len(legs) > 1 and not is_ready and current.issuperset(leg.instrument_id for leg in legs):
            return
        hedge = instruments[1].instrument_id
        primary = sum(leg.quantity for leg in legs if leg.instrument_id != hedge)
        direction = 1 if primary > 0 else -1
        # A leg alone is closed at the next look and needs no stop.
        mean, deviation = (self.spread.mean, self.spread.deviation) if is_ready else (0.0, 0.0)
        far = (self.parameters.z_entry + self.parameters.stop_sigma) * deviation
        self._legs = legs
        self._memory = self._memory._replace(
            direction=direction, stop_ratio=mean - direction * far, entered_ns=self.ib.now_ns()
        )

    def _end_trip(self, time_ns: int, *, after_stop: bool) -> None:
        self._memory = pairs.closed(self._memory, self._rules, time_ns, after_stop)
        self._legs = ()

    def _check_entry(self, look: Look) -> list[Signal]:
        plain = self._plain(look, look.instruments)
        terms = terms_of(*look.instruments)
        after, target = pairs.step(self._memory, self._rules, plain, look.prices, terms)
        if target.action != pairs.HOLD:
            self._wanted = after, target
            why = words.why_enter(self._rules, plain, target)
            return [self._signal(_KINDS[target.action], look.now_ns, why)]
        self._memory = after
        if target.rule != pairs.NO_RULE:
            reason = words.reason_against(after, self._rules, plain, target)
            self._refuse(*reason, look.now_ns)
        else:
            self._why = words.why_wait(self._rules, plain)
            self._found_nothing = True
            self.refusals.settle()
        return []

    def _check_exit(self, look: Look | None) -> list[Signal]:
        now_ns = self._view().now_ns()
        if len(held := self.held_legs()) == 1:
            alone = f"one leg alone: {held[0].quantity:+d} {held[0].instrument_id}"
            return [self._signal(SignalKind.FLATTEN, now_ns, alone)]
        found = (self._view().instrument_by_id(leg.instrument_id) for leg in held)
        plain = self._plain(look, [each for each in found if each is not None])
        prices = look.prices if look else NO_PRICES
        _, target = pairs.step(self._memory, self._rules, plain, prices, NO_TERMS)
        why = words.why_leave(self._memory, plain, target)
        is_due = target.action == pairs.FLATTEN or target.rule != pairs.NO_RULE
        current = {each.instrument_id for each in self._eyes.instruments(self.ib) or ()}
        if not current.issuperset(leg.instrument_id for leg in self._legs):
            is_due, why = True, "the contract month changed (roll)"
        if is_due and plain.left_ns > 0:
            return [self._signal(SignalKind.FLATTEN, now_ns, why)]
        if is_due:
            # A leg sold now would leave the other one alone until its market opens.
            self._why = f"holding until both legs trade in liquid hours; then: {why}"
        elif look is None:
            self._why = f"holding, can't judge the exit: {self._why}"
        elif target.action == pairs.HOLD:
            self._why = words.why_hold(self._memory, self._rules, plain)
        else:
            return [self._signal(_KINDS[target.action], now_ns, why)]
        return []

    # -- making -------------------------------------------------------------------------------

    def _entry_intent(self, signal: Signal) -> Intent | None:
        look, wanted = self._eyes.latest, self._wanted
        self._wanted = None
        if look is None or wanted is None:
            return None
        self._memory, target = wanted
        direction, hedge = self._memory.direction, target.plan.hedge_quantity
        quantities = (direction * target.units, -direction * target.units * hedge)
        self._legs = tuple(
            TargetLeg(instrument_id=instrument.instrument_id, quantity=quantity)
            for instrument, quantity in zip(look.instruments, quantities, strict=True)
        )
        return self.make_intent(
            signal.kind,
            self._legs,
            signal.reason,
            signal.time_ns,
            unhedged_loss_limit=self.parameters.max_unhedged_loss,
            unhedged_seconds_limit=self.parameters.max_unhedged_seconds,
        )

    def _exit_intent(self, signal: Signal) -> Intent | None:
        flat = tuple(
            TargetLeg(instrument_id=leg.instrument_id, quantity=0) for leg in self.held_legs()
        )
        if not flat:
            self._memory, self._legs = self._memory._replace(direction=0), ()
            return None
        return self.make_intent(signal.kind, flat, signal.reason, signal.time_ns)

    def _signal(self, kind: SignalKind, now_ns: int, reason: str) -> Signal:
        self._why = reason
        return Signal(strategy=self.name, kind=kind, time_ns=now_ns, z_score=self._z, reason=reason)

    def _refuse(self, rule: str, reason: str, now_ns: int) -> None:
        self._why = reason
        self.refusals.add(Refusal(strategy=self.name, rule=rule, reason=reason, time_ns=now_ns))

    # -- numbers ------------------------------------------------------------------------------

    def _view(self) -> BrokerView:
        if self.ib is None:
            raise RuntimeError(f"{self.name} has no view of the broker")
        return self.ib

    def _state(self) -> str:
        if not self.active:
            return "stopped"
        if self._busy is not None:
            return "entering" if self._busy.kind.is_entry else "exiting"
        if self._memory.direction:
            return "long" if self._memory.direction > 0 else "short"
        return "watching" if self.spread.is_ready else "warming"
