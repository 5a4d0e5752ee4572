"""What outlives a connection: desired state and the desks that every connection feeds."""

from collections.abc import Callable

import msgspec

from microfutures.adapters.ib.account import AccountDesk
from microfutures.adapters.ib.broker_clock import BrokerClock
from microfutures.adapters.ib.contracts import ContractFinder
from microfutures.adapters.ib.crew import Crew
from microfutures.adapters.ib.history import HistoryDesk
from microfutures.adapters.ib.market_data import MarketDataDesk
from microfutures.adapters.ib.orders import OrderDesk
from microfutures.adapters.ib.roster import Roster
from microfutures.adapters.ib.voice import Voice
from microfutures.model.events import EngineEvent


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one manager."""

    clock: BrokerClock
    voice: Voice
    crew: Crew
    roster: Roster
    finder: ContractFinder
    history: HistoryDesk
    market: MarketDataDesk
    orders: OrderDesk
    account: AccountDesk
    emit: Callable[[EngineEvent], None]
