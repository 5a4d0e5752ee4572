"""`Strategy`: what every strategy has and what the engine calls."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal

from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId, IntentId, StrategyName, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.intents import Intent, Refusal, Signal, SignalKind, TargetLeg
from microfutures.model.market import Bar, Quote
from microfutures.ports.view import BrokerView
from microfutures.strategies.status import RefusalLog, StrategyStatus


class Strategy(ABC):
    """A named decision maker with some capital and a view of the broker.

    The engine calls `check_signals` every check interval and hands what it returns to
    `execute_trades`; the intents that come back are carried out by the execution desk.

    Parameters
    ----------
    name
        Unique among the strategies of a portfolio.
    capital
        USD it may risk; set anew whenever the portfolio distributes its capital.
    ib_manager
        Where it sees the market: `IBManager`, the engine's state or a test's fake.
    """

    def __init__(
        self, name: str, capital: Decimal | float | str, ib_manager: BrokerView | None
    ) -> None:
        self.name = StrategyName(name)
        self.capital = Decimal(str(capital))
        if not self.capital.is_finite() or self.capital < 0:
            raise InvalidValueError(f"{name}: capital must be >= 0 USD, was {capital}")
        self.ib = ib_manager
        self.active = False
        self.refusals = RefusalLog()
        self._intents_made = 0

    @property
    @abstractmethod
    def symbols(self) -> tuple[Symbol, ...]:
        """Return the products it watches."""

    @abstractmethod
    def check_signals(self, market_data: Mapping[Symbol, Quote]) -> list[Signal]:
        """Return what the market says now; empty when there is nothing to do."""

    @abstractmethod
    def execute_trades(self, signals: Sequence[Signal]) -> list[Intent]:
        """Return the positions wanted because of `signals`."""

    @abstractmethod
    def status(self) -> StrategyStatus:
        """Return its state, its numbers and why there is no trade."""

    @abstractmethod
    def held_legs(self) -> tuple[TargetLeg, ...]:
        """Return its open positions."""

    def start(self) -> None:
        """Let it trade."""
        self.active = True

    def stop(self) -> None:
        """Let it rest; positions stay as they are."""
        self.active = False

    def flatten(self, reason: str, time_ns: int) -> list[Intent]:
        """Return the intents that close all its positions."""
        legs = self.held_legs()
        if not legs:
            return []
        flat = tuple(TargetLeg(instrument_id=leg.instrument_id, quantity=0) for leg in legs)
        return [self.make_intent(SignalKind.FLATTEN, flat, reason, time_ns)]

    def on_quote(self, quote: Quote) -> Sequence[Intent]:
        """Return the positions wanted because of this very tick; none by default.

        For what can't wait for the next check: a stop, a quote to hit. It runs on every tick of
        every contract, so it is to be quick.
        """
        return ()

    def rests_until(self, now_ns: int) -> int:
        """Return before which moment it decides nothing, whatever the market does; UTC.

        `now_ns`, the default, means that it wants every check. Backtests pass over the checks
        between; a night without its market costs them nothing then.
        """
        return now_ns

    def dozes_until(self, now_ns: int) -> int:
        """Return before which moment it decides nothing unless a quote of its products comes; UTC.

        Asked right after a check. `now_ns`, the default, means that it wants every check:
        backtests pass over those between that are not needed.
        """
        return now_ns

    def on_history(self, instrument_id: InstrumentId, bars: Sequence[Bar]) -> None:  # noqa: B027 - a hook, not a duty
        """Take past bars of a contract; nothing by default."""

    def on_instrument(self, symbol: Symbol, instrument: Instrument) -> None:  # noqa: B027 - a hook, not a duty
        """Take a newly resolved contract; nothing by default."""

    def on_intent_done(self, intent: Intent, outcome: str, time_ns: int) -> None:  # noqa: B027 - a hook, not a duty
        """Take the end of an intent's execution; nothing by default."""

    def on_refused(self, refusal: Refusal) -> None:
        """Take the refusal of an intent; counted."""
        self.refusals.add(refusal)

    def make_intent(
        self,
        kind: SignalKind,
        legs: tuple[TargetLeg, ...],
        reason: str,
        time_ns: int,
        *,
        unhedged_loss_limit: float = 50.0,
        unhedged_seconds_limit: float = 10.0,
    ) -> Intent:
        """Return an intent with this strategy's next id."""
        self._intents_made += 1
        return Intent(
            intent_id=IntentId(f"{self.name}-{time_ns // 1_000_000_000}-{self._intents_made}"),
            strategy=self.name,
            kind=kind,
            legs=legs,
            reason=reason,
            time_ns=time_ns,
            unhedged_loss_limit=unhedged_loss_limit,
            unhedged_seconds_limit=unhedged_seconds_limit,
        )
