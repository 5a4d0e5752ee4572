"""Builds the parts of a manager."""

from collections.abc import Callable, Sequence

from microfutures.adapters.ib.account import AccountDesk
from microfutures.adapters.ib.broker_clock import BrokerClock
from microfutures.adapters.ib.contracts import ContractFinder
from microfutures.adapters.ib.crew import Crew
from microfutures.adapters.ib.history import HistoryDesk
from microfutures.adapters.ib.market_data import MarketDataDesk
from microfutures.adapters.ib.orders import OrderDesk
from microfutures.adapters.ib.pacing import Pacer
from microfutures.adapters.ib.parts import Parts
from microfutures.adapters.ib.roster import Roster
from microfutures.adapters.ib.voice import Voice
from microfutures.model.events import EngineEvent
from microfutures.model.identifiers import Symbol


def build_parts(
    *,
    clock: BrokerClock,
    emit: Callable[[EngineEvent], None],
    symbols: Sequence[Symbol],
    bar_seconds: int,
    bars: int,
    is_repeated: bool,
) -> Parts:
    """Return the parts of a manager that follows `symbols`."""
    voice = Voice(clock, emit, is_repeated=is_repeated)
    roster = Roster(symbols)
    pacer = Pacer(clock)
    return Parts(
        clock=clock,
        voice=voice,
        crew=Crew(),
        roster=roster,
        finder=ContractFinder(pacer),
        history=HistoryDesk(clock=clock, pacer=pacer, bar_seconds=bar_seconds, bars=bars),
        market=MarketDataDesk(clock, emit),
        orders=OrderDesk(clock=clock, emit=emit, warn=voice.warn, contracts=roster.contracts),
        account=AccountDesk(clock, emit),
        emit=emit,
    )
