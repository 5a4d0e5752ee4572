"""The strategy on which engines are compared: the z-score of two logarithms, in plain Python."""

from collections.abc import Mapping, Sequence
from math import log, sqrt

from microfutures.model.identifiers import Symbol
from microfutures.model.intents import Intent, Refusal, Signal, SignalKind, TargetLeg
from microfutures.model.market import Quote
from microfutures.ports.view import BrokerView
from microfutures.strategies.base import Strategy
from microfutures.strategies.joint_hours import JointHours
from microfutures.strategies.status import StrategyStatus

LOOKBACK, Z_ENTRY, Z_EXIT = 20, 2.0, 0.5
CONTRACTS, SHARES = 1, 100


class LogWindow:
    """The latest logarithms of the ratio of two prices, and how far the newest is off."""

    def __init__(self, lookback: int) -> None:
        self._values = [0.0] * lookback
        self._lookback = lookback
        self._place = self._seen = 0
        self._sum = self._squares = 0.0
        self._first: float | None = None

    def z(self, price: float, other: float) -> float | None:
        """Take two prices; return the z-score once the window is full and moves."""
        value = log(price) - log(other)
        if self._first is None:
            self._first = value
        value -= self._first
        lookback, place = self._lookback, self._place
        old = self._values[place]
        self._values[place] = value
        self._place = place + 1 if place < lookback - 1 else 0
        self._sum += value - old
        self._squares += value * value - old * old
        self._seen += 1
        if self._seen < lookback:
            return None
        mean = self._sum / lookback
        variance = self._squares / lookback - mean * mean
        return (value - mean) / sqrt(variance) if variance > 1e-18 else None


class LogRatio(Strategy):
    """Sells one of the first against a hundred of the second when their ratio is high."""

    def __init__(self, capital: int, view: BrokerView, z_entry: float = Z_ENTRY) -> None:
        super().__init__("LogRatio", capital, view)
        self._z_entry = z_entry
        self._window = LogWindow(LOOKBACK)
        self._side = 0
        self._is_busy = False
        self._latest_ns = 0
        self._hours = JointHours()

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Return the two products."""
        return (Symbol("MCL"), Symbol("USO"))

    def check_signals(self, market_data: Mapping[Symbol, Quote]) -> list[Signal]:
        """Return the way in or out."""
        first, second = market_data.get(Symbol("MCL")), market_data.get(Symbol("USO"))
        if not first or not second or first.last is None or second.last is None:
            return []
        if second.time_ns == self._latest_ns:
            return []
        self._latest_ns = second.time_ns
        z = self._window.z(first.last, second.last)
        if z is None or self._is_busy:
            return []
        if self._side == 0:
            if z > self._z_entry:
                return [self._signal(SignalKind.ENTER_SHORT, z)]
            if z < -self._z_entry:
                return [self._signal(SignalKind.ENTER_LONG, z)]
        elif -Z_EXIT < z < Z_EXIT:
            return [self._signal(SignalKind.EXIT, z)]
        return []

    def execute_trades(self, signals: Sequence[Signal]) -> list[Intent]:
        """Return the positions wanted."""
        intents = []
        for signal in signals:
            self._side = {SignalKind.ENTER_LONG: 1, SignalKind.ENTER_SHORT: -1}.get(signal.kind, 0)
            view = self.ib
            assert view is not None
            legs = tuple(
                TargetLeg(instrument_id=instrument.instrument_id, quantity=self._side * quantity)
                for symbol, quantity in zip(self.symbols, (CONTRACTS, -SHARES), strict=True)
                if (instrument := view.instrument(symbol)) is not None
            )
            self._is_busy = True
            intents.append(self.make_intent(signal.kind, legs, signal.reason, signal.time_ns))
        return intents

    def on_intent_done(self, intent: Intent, outcome: str, time_ns: int) -> None:
        """Take the end of an order."""
        self._is_busy = False

    def on_refused(self, refusal: Refusal) -> None:
        """Take the news that an entry did not leave: on a holiday of one market."""
        super().on_refused(refusal)
        self._side, self._is_busy = 0, False

    def status(self) -> StrategyStatus:
        """Return its state."""
        return StrategyStatus(
            state="watching",
            metrics=(),
            z_score=None,
            z_entry=self._z_entry,
            z_exit=Z_EXIT,
            why_no_trade="",
            refusals=self.refusals.counts,
        )

    def rests_until(self, now_ns: int) -> int:
        """Rest while either market is closed: there is no bar to decide on."""
        view = self.ib
        assert view is not None
        known = [each for symbol in self.symbols if (each := view.instrument(symbol))]
        return self._hours.opens_ns(known, now_ns)

    def held_legs(self) -> tuple[TargetLeg, ...]:
        """Return the open positions."""
        view = self.ib
        assert view is not None
        names = [each.instrument_id for symbol in self.symbols if (each := view.instrument(symbol))]
        held = [(name, view.position(self.name, name)) for name in names]
        return tuple(
            TargetLeg(instrument_id=name, quantity=quantity) for name, quantity in held if quantity
        )

    def _signal(self, kind: SignalKind, z: float) -> Signal:
        view = self.ib
        assert view is not None
        return Signal(
            strategy=self.name, kind=kind, time_ns=view.now_ns(), z_score=z, reason=f"z {z:+.2f}"
        )
