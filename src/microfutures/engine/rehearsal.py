"""The way of an order, walked while nothing is worked on, so that the next order finds it warm.

Code that other work has pushed out of the processor's caches takes several times as long, and an
order would wait for all of it. So the real floor, executor and gate are led through an order now
and then, on books that are thrown away: nothing is sent, journaled, counted or told. Not here:
when (`runner`). Why: ``docs/adr/0018``.
"""

from decimal import Decimal

from msgspec.structs import replace

from microfutures.engine.admission import Admission
from microfutures.engine.books import Books
from microfutures.engine.engine import Engine
from microfutures.engine.floor import TradingFloor
from microfutures.engine.output import EngineOutput, OutputBuilder
from microfutures.engine.owners import OwnNames
from microfutures.engine.voice import Voice
from microfutures.execution.desk import ExecutionDesk
from microfutures.model.events import MarginPreviewed
from microfutures.model.identifiers import IntentId, OrderRef
from microfutures.model.instrument import Instrument
from microfutures.model.intents import Intent, SignalKind, TargetLeg
from microfutures.risk.gate import RiskGate

NAME = "rehearsal"
INSTANT_SECONDS = 1e-9
"""The window of the order rate: rehearsals are not orders in a row."""


class Rehearsal:
    """Leads orders up to the broker's door; looks at the desk and changes nothing of it."""

    def __init__(self, engine: Engine) -> None:
        self._state = engine.state
        self._strategies = engine.strategies
        self._settings = engine.settings
        limits = replace(engine.settings.limits, rate_window_seconds=INSTANT_SECONDS)
        self._gate = RiskGate(limits)
        self._count = 0

    def run(self) -> EngineOutput:
        """Rehearse an order in the next contract; return what the engine would answer of it."""
        traded = list(self._state.current.values())
        self._count += 1
        intent = self._intent(traded[self._count % len(traded)]) if traded else None
        if intent is None:
            return EngineOutput(0, (), ())
        out = OutputBuilder()
        floor = self._floor(out)
        floor.propose(intent)
        if intent.kind.is_entry:
            floor.on_margin(_granted(intent))
        return EngineOutput(0, tuple(out.take_effects()), out.take_records())

    def _intent(self, instrument: Instrument) -> Intent | None:
        """Return what would close a position in a contract, or else open one."""
        name, trader, held = instrument.instrument_id, None, 0
        for strategy in self._strategies:
            if not held and instrument.symbol in strategy.symbols:
                trader, held = strategy.name, self._state.position(strategy.name, name)
        if trader is None:
            return None
        return Intent(
            intent_id=IntentId(NAME),
            strategy=trader,
            kind=SignalKind.FLATTEN if held else SignalKind.ENTER_LONG,
            legs=(TargetLeg(instrument_id=name, quantity=0 if held else 1),),
            reason=NAME,
            time_ns=self._state.time_ns,
        )

    def _floor(self, out: OutputBuilder) -> TradingFloor:
        """Return a floor that knows of no order, and of no strategy to tell anything."""
        state, limits = self._state, self._settings.limits
        voice = Voice(state, out)
        desk = ExecutionDesk(
            view=state,
            next_ref=lambda: OrderRef(f"{NAME}-{self._count}"),
            settings=self._settings.execution,
        )
        books = Books(
            state,
            out,
            voice,
            is_live=desk.orders.is_live,
            names=OwnNames(NAME),
            trader_of=lambda _symbol: None,
        )
        return TradingFloor(
            state=state,
            strategies=(),
            desk=desk,
            gate=self._gate,
            admission=Admission(headroom_percent=limits.margin_headroom_percent),
            books=books,
            out=out,
            voice=voice,
        )


def _granted(intent: Intent) -> MarginPreviewed:
    return MarginPreviewed(
        time_ns=intent.time_ns,
        intent_id=intent.intent_id,
        instrument_id=intent.legs[0].instrument_id,
        initial_margin_change=Decimal(0),
        maintenance_margin_change=Decimal(0),
        equity_with_loan=Decimal(0),
    )
