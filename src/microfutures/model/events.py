"""Facts that reach the engine: past tense, frozen, each with its moment on the broker's clock."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from microfutures.model.fills import Commission, Fill
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, Quote
from microfutures.model.orders import OrderStatus


class ConnectionState(StrEnum):
    """Where the line to the broker stands; "connected" alone doesn't mean that data flows."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    """Socket up, requests answered, subscriptions running, broker state reported."""
    UPSTREAM_LOST = "upstream_lost"
    """Socket up, but TWS lost IB's servers (1100): no orders until 1101 or 1102."""


class Severity(StrEnum):
    """How loudly to say something; the colours of the display."""

    DEBUG = "debug"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Base of every event but `Quote`."""

    time_ns: int


class TimerFired(Event, frozen=True, kw_only=True, gc=False):
    """The check interval passed."""


class InstrumentResolved(Event, frozen=True, kw_only=True):
    """The broker named the contract that `symbol` means now (a new one at a roll)."""

    symbol: Symbol
    instrument: Instrument


class HistoryLoaded(Event, frozen=True, kw_only=True):
    """Past bars of one contract, ascending; the warm-up of the strategies."""

    instrument_id: InstrumentId
    bars: tuple[Bar, ...]


class ConnectionChanged(Event, frozen=True, kw_only=True):
    """The line to the broker changed state."""

    state: ConnectionState
    detail: str
    attempt: int = 0
    """Which one in a row to connect, from 1; 0 where it is none."""


class ClockStepped(Event, frozen=True, kw_only=True):
    """The broker's clock jumped against ours on a line that stands; ours follows it."""

    seconds: float


class NoticeReceived(Event, frozen=True, kw_only=True):
    """A message of the broker or the adapter, classified, with advice."""

    severity: Severity
    message: str
    code: int | None = None
    advice: str = ""
    instrument_id: InstrumentId | None = None
    order_ref: OrderRef | None = None


class OrderUpdated(Event, frozen=True, kw_only=True, gc=False):
    """The broker told where an order stands; may be repeated, skipped or late."""

    order_ref: OrderRef
    status: OrderStatus
    filled: int = 0
    remaining: int = 0
    permanent_id: int = 0
    reason: str = ""


class FillReceived(Event, frozen=True, kw_only=True, gc=False):
    """An execution; idempotent by its execution id."""

    fill: Fill


class CommissionReceived(Event, frozen=True, kw_only=True, gc=False):
    """The cost of an execution; idempotent by its execution id."""

    commission: Commission


class BrokerPosition(msgspec.Struct, frozen=True, kw_only=True):
    """One position as the broker sees it; ``average_cost`` includes the multiplier, like IB's."""

    instrument_id: InstrumentId
    quantity: int
    average_cost: Decimal


class BrokerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One open order as the broker sees it; ``order_ref`` is empty when it isn't ours."""

    order_ref: OrderRef
    instrument_id: InstrumentId
    status: OrderStatus
    filled: int
    remaining: int
    permanent_id: int


class BrokerStateReported(Event, frozen=True, kw_only=True):
    """Positions, open and completed orders, after each (re)connection and on request."""

    positions: tuple[BrokerPosition, ...]
    open_orders: tuple[BrokerOrder, ...]
    completed_orders: tuple[BrokerOrder, ...] = ()
    """Orders that are over, each told once; what became of those that nobody told about."""
    asked_ns: int = 0
    """When it was asked for: what was sent later is not in it. 0 means the moment of the event."""


class BrokerStateMissed(Event, frozen=True, kw_only=True):
    """The broker was asked for its state over a line that stands, and did not answer in time."""


class AccountReported(Event, frozen=True, kw_only=True, gc=False):
    """The account's values, in its base currency."""

    account: str
    net_liquidation: Decimal
    cash: Decimal
    available_funds: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal


class MarginPreviewed(Event, frozen=True, kw_only=True, gc=False):
    """What the broker says an order would do to the margin (what-if)."""

    intent_id: IntentId
    instrument_id: InstrumentId
    initial_margin_change: Decimal
    maintenance_margin_change: Decimal
    equity_with_loan: Decimal
    commission: Decimal | None = None
    error: str = ""


class Command(StrEnum):
    """What a person or the lifecycle asks for; may be refused."""

    START = "start"
    PAUSE = "pause"
    """Entries blocked, exits run."""
    RESUME = "resume"
    FLATTEN = "flatten"
    """Cancel working orders, close every position of ours, take no new entry."""
    CANCEL_ORDERS = "cancel_orders"
    """Cancel working orders and keep the positions (a restart)."""
    KILL = "kill"
    """Cancel working orders and send none any more, exits included."""


class CommandReceived(Event, frozen=True, kw_only=True):
    """Somebody asked for something."""

    command: Command
    reason: str
    is_lasting: bool = False
    """A person's word holds over restarts until it is taken back; the end of a run does not."""


EngineEvent = (
    Quote
    | TimerFired
    | InstrumentResolved
    | HistoryLoaded
    | ConnectionChanged
    | ClockStepped
    | NoticeReceived
    | OrderUpdated
    | FillReceived
    | CommissionReceived
    | BrokerStateReported
    | BrokerStateMissed
    | AccountReported
    | MarginPreviewed
    | CommandReceived
)
