"""`MicroCrudeOilArbitrageStrategy`: the ratio of MCL to USO against its own recent history.

Any two products of the catalog make a pair; crude oil is the default.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from microfutures.analytics import pairs
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.intents import Intent, Refusal, Signal, SignalKind, TargetLeg
from microfutures.model.market import Bar, Quote
from microfutures.ports.view import BrokerView
from microfutures.strategies.base import Strategy
from microfutures.strategies.joint_hours import JointHours
from microfutures.strategies.pair_entry import EntryGate
from microfutures.strategies.pair_eyes import Look, PairEyes, pair_metrics, seconds_left
from microfutures.strategies.pair_plan import UnitPlan, plan_unit
from microfutures.strategies.pair_trip import Trip
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
        self._gate = EntryGate(self.parameters, risk_tolerance=risk_tolerance)
        self.spread = self._eyes.spread
        self._hours = JointHours()
        self._trip: Trip | None = None
        self._busy: Intent | None = None
        self._plan: UnitPlan | None = None
        self._z: float | None = None
        self._why = "not started"

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Return the two products, the primary first."""
        return self._eyes.symbols

    def check_signals(self, market_data: Mapping[Symbol, Quote]) -> list[Signal]:
        """Return an entry, exit, stop or flatten signal, or nothing; `status` says why."""
        if not self.active:
            self._why = "the strategy is not started"
            return []
        self._adopt_position()
        look = self._look(market_data)
        if self._busy is not None:
            self._why = f"working on it: {self._busy.reason}"
            return []
        if self._trip is not None:
            return self._check_exit(self._trip, look)
        return self._check_entry(look) if look is not None else []

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
        if self.ib is None:
            return ()
        known = [leg.instrument_id for leg in self._trip.legs] if self._trip else []
        for symbol in self.symbols:
            instrument = self.ib.instrument(symbol)
            if instrument is not None and instrument.instrument_id not in known:
                known.append(instrument.instrument_id)
        legs = (
            TargetLeg(instrument_id=each, quantity=self.ib.position(self.name, each))
            for each in known
        )
        return tuple(leg for leg in legs if leg.quantity)

    def rests_until(self, now_ns: int) -> int:
        """Rest while it is flat and either leg is outside of its liquid hours."""
        instruments = self._eyes.instruments(self.ib)
        if self._trip is not None or self._busy is not None or instruments is None:
            return now_ns
        return self._hours.opens_ns(instruments, now_ns)

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
        if self._trip is not None:
            self._gate.cool_down(time_ns, after_stop=intent.kind is SignalKind.STOP)
        self._trip = None

    def on_refused(self, refusal: Refusal) -> None:
        """Count it and let go of the intent that was refused."""
        super().on_refused(refusal)
        self._why = refusal.reason
        refused, self._busy = self._busy, None
        if refused is not None and refused.kind.is_entry:
            self._trip = None
            self._gate.cool_down(refusal.time_ns, after_stop=False)

    def status(self) -> StrategyStatus:
        """Return the state, the numbers and the sentence."""
        return StrategyStatus(
            state=self._state(),
            metrics=pair_metrics(self._eyes, self._z),
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
            if self._trip is not None:
                self._trip.has_jumped = True
            self._refuse("jump", self._eyes.warning, self._view().now_ns())
        if isinstance(look, str):
            self._z, self._why = None, look
            return None
        self._z = look.z
        return look

    def _adopt_position(self) -> None:
        """Follow positions that others made: left by an earlier run, or closed by hand.

        The stop of an adopted position lies around the mean of now.
        """
        if self._busy is not None:
            return
        legs = self.held_legs()
        if self._trip is not None:
            if not legs and self.ib is not None:  # closed by hand, or by the broker
                self._trip = None
                self._gate.cool_down(self.ib.now_ns(), after_stop=False)
            return
        instruments = self._eyes.instruments(self.ib)
        is_ready = self.spread.is_ready
        if not legs or instruments is None or self.ib is None or (len(legs) > 1 and not is_ready):
            return
        primary = self.ib.position(self.name, instruments[0].instrument_id)
        direction = 1 if primary > 0 else -1
        # A leg alone is closed at the next look and needs no stop.
        mean, deviation = (self.spread.mean, self.spread.deviation) if is_ready else (0.0, 0.0)
        far = (self.parameters.z_entry + self.parameters.stop_sigma) * deviation
        self._trip = Trip(
            direction=direction,
            legs=legs,
            stop_ratio=mean - direction * far,
            entered_ns=self.ib.now_ns(),
        )

    def _check_entry(self, look: Look) -> list[Signal]:
        parameters = self.parameters
        self._gate.see(look.z)
        step = pairs.decide(
            0, look.z, look.prices.ratio, 0.0, parameters.z_entry, parameters.z_exit
        )
        if step == pairs.HOLD:
            self._why = f"|z| {abs(look.z):.2f} is below the entry at {parameters.z_entry:.2f}"
            self.refusals.settle()
            return []
        plan = self._plan = plan_unit(
            look.prices,
            z=look.z,
            deviation=self.spread.deviation,
            parameters=parameters,
            ib=self._view(),
        )
        against = self._gate.reason_against(look, plan, float(self.capital))
        if against is not None:
            self._refuse(*against, look.now_ns)
            return []
        self._why = (
            f"z {look.z:+.2f} beyond {parameters.z_entry:.2f}; expected {plan.expected:.2f} "
            f"USD a unit against costs of {plan.round_trip_cost:.2f} USD"
        )
        return [self._signal(_KINDS[step], look.now_ns, self._why)]

    def _check_exit(self, trip: Trip, look: Look | None) -> list[Signal]:
        now_ns = self._view().now_ns()
        if len(held := self.held_legs()) == 1:
            alone = f"one leg alone: {held[0].quantity:+d} {held[0].instrument_id}"
            return [self._signal(SignalKind.FLATTEN, now_ns, alone)]
        left = self._seconds_left(held)
        flatten = trip.reason_to_flatten(
            now_ns,
            current=[each.instrument_id for each in self._eyes.instruments(self.ib) or ()],
            seconds_left=left,
            is_ratio_sound=self._eyes.is_ratio_sound,
            parameters=self.parameters,
        )
        if flatten is not None and left > 0:
            return [self._signal(SignalKind.FLATTEN, now_ns, flatten)]
        if flatten is not None:
            # A leg sold now would leave the other one alone until its market opens.
            self._why = f"holding until both legs trade in liquid hours; then: {flatten}"
            return []
        if look is None:
            self._why = f"holding, can't judge the exit: {self._why}"
            return []
        step = pairs.decide(
            trip.direction,
            look.z,
            look.prices.ratio,
            trip.stop_ratio,
            self.parameters.z_entry,
            self.parameters.z_exit,
        )
        if step == pairs.HOLD:
            self._why = (
                f"in position since {trip.seconds_held(now_ns):.0f} s; z {look.z:+.2f}, out at "
                f"{-trip.direction * self.parameters.z_exit:+.2f}, stop at ratio "
                f"{trip.stop_ratio:.5f} (now {look.prices.ratio:.5f})"
            )
            return []
        reason = (
            f"z back to {look.z:+.2f}"
            if step == pairs.EXIT
            else f"stop: ratio {look.prices.ratio:.5f} reached {trip.stop_ratio:.5f}"
        )
        return [self._signal(_KINDS[step], now_ns, reason)]

    # -- making -------------------------------------------------------------------------------

    def _entry_intent(self, signal: Signal) -> Intent | None:
        look, plan = self._eyes.latest, self._plan
        if look is None or plan is None:
            return None
        units = self._gate.size(plan, float(self.capital)).units
        if units < 1:
            return None
        direction = 1 if signal.kind is SignalKind.ENTER_LONG else -1
        legs = (
            TargetLeg(instrument_id=look.prices.primary.instrument_id, quantity=direction * units),
            TargetLeg(
                instrument_id=look.prices.secondary.instrument_id,
                quantity=-direction * units * plan.hedge_quantity,
            ),
        )
        beyond = self.parameters.stop_sigma * self.spread.deviation
        self._trip = Trip(
            direction=direction,
            legs=legs,
            stop_ratio=look.prices.ratio - direction * beyond,
            entered_ns=signal.time_ns,
        )
        return self.make_intent(
            signal.kind,
            legs,
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
            self._trip = None
            return None
        return self.make_intent(signal.kind, flat, signal.reason, signal.time_ns)

    def _seconds_left(self, legs: Sequence[TargetLeg]) -> float:
        """Return for how long all `legs` trade in liquid hours; 0 when one of them doesn't now."""
        view = self._view()
        instruments = [view.instrument_by_id(leg.instrument_id) for leg in legs]
        known = [each for each in instruments if each is not None]
        return seconds_left(known, view.now_ns()) if known else 0.0

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
        if self._trip is not None:
            return "long" if self._trip.direction > 0 else "short"
        return "watching" if self.spread.is_ready else "warming"
