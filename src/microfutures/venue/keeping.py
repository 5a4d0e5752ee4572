"""Accounts and orders of the venue as they are kept over its death, and back.

Not here: the market, which is made or read anew, and where in the queue an order stood.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.venue.account import Account, Position
from microfutures.venue.combos import Combos
from microfutures.venue.listings import Listings
from microfutures.venue.messages import VenueOrder
from microfutures.venue.order_desk import OrderDesk
from microfutures.venue.order_state import OrderStage, OrderState
from microfutures.venue.windows import OrderWindow


class KeptPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A position with everything that its later profit depends on."""

    instrument_id: InstrumentId
    quantity: int
    cost: Decimal
    fees: Decimal
    settled: Decimal
    realized: Decimal


class KeptAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account, USD."""

    name: str
    initial_cash: Decimal
    cash: Decimal
    commissions: Decimal
    positions: tuple[KeptPosition, ...]


class KeptLeg(msgspec.Struct, frozen=True, kw_only=True):
    """What was traded of one leg of a combo."""

    filled: int
    filled_value: Decimal
    charged: Decimal


class KeptOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is not final."""

    order: VenueOrder
    window: OrderWindow
    stage: OrderStage
    filled: int
    filled_value: Decimal
    charged: Decimal
    is_triggered: bool
    stop_ticks: int | None
    limit_ticks: int | None
    legs: tuple[KeptLeg, ...] = ()
    begun: tuple[tuple[int, int], ...] = ()


class Keeping:
    """Tells what is to be kept of a venue, and lets a new one stand as it stood, silently."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        desk: OrderDesk,
        listings: Listings,
        combos: Combos,
        *,
        on_restored: Callable[[], None],
    ) -> None:
        self._accounts = accounts
        self._desk = desk
        self._instruments = listings.instruments
        self._combos = combos
        self._on_restored = on_restored

    def account(self, name: str) -> KeptAccount:
        """Return an account as it stands."""
        account = self._accounts[name]
        return KeptAccount(
            name=name,
            initial_cash=account.initial_cash,
            cash=account.cash,
            commissions=account.commissions,
            positions=tuple(_keep_position(each) for each in account.positions()),
        )

    def order(self, order_id: int) -> KeptOrder | None:
        """Return an order as it stands; None when it is final or was never here."""
        state = self._desk.find(order_id)
        return None if state is None or state.is_final else _keep_order(state)

    def restore_account(self, kept: KeptAccount) -> None:
        """Let an account stand as it stood.

        Raises
        ------
        KeyError
            If it is unknown here, or held a contract that is not listed.
        """
        self._accounts[kept.name].restore(
            initial_cash=kept.initial_cash,
            cash=kept.cash,
            commissions=kept.commissions,
            positions=[
                _position(each, self._instruments[each.instrument_id]) for each in kept.positions
            ],
        )

    def restore_order(self, kept: KeptOrder, now_ns: int) -> None:
        """Take a live order back; raise `KeyError` for an unknown contract."""
        order = kept.order
        members = [self._instruments[leg.instrument_id] for leg in order.legs]
        combo = self._combos.listed(order.legs) if order.legs else None
        instrument = self._instruments[order.instrument_id] if combo is None else combo.instrument
        self._desk.restore(_restored_order(kept, instrument, members), now_ns)
        self._on_restored()


def _keep_order(state: OrderState) -> KeptOrder:
    return KeptOrder(
        order=state.order,
        window=state.window,
        stage=state.stage,
        filled=state.filled,
        filled_value=state.filled_value,
        charged=state.charged,
        is_triggered=state.is_triggered,
        stop_ticks=state.stop_ticks,
        limit_ticks=state.limit_ticks,
        legs=tuple(
            KeptLeg(filled=leg.filled, filled_value=leg.filled_value, charged=leg.charged)
            for leg in state.legs
        ),
        begun=tuple(state.begun),
    )


def _restored_order(
    kept: KeptOrder, instrument: Instrument, members: Sequence[Instrument]
) -> OrderState:
    """Return an order as it stood; it queues anew."""
    state = OrderState(kept.order, instrument, kept.window, members)
    state.stage, state.is_triggered = kept.stage, kept.is_triggered
    state.filled, state.filled_value, state.charged = kept.filled, kept.filled_value, kept.charged
    state.stop_ticks, state.limit_ticks = kept.stop_ticks, kept.limit_ticks
    state.begun = list(kept.begun)
    for leg, its in zip(state.legs, kept.legs, strict=True):
        leg.filled, leg.filled_value, leg.charged = its.filled, its.filled_value, its.charged
    return state


def _keep_position(position: Position) -> KeptPosition:
    return KeptPosition(
        instrument_id=position.instrument.instrument_id,
        quantity=position.quantity,
        cost=position.cost,
        fees=position.fees,
        settled=position.settled,
        realized=position.realized,
    )


def _position(kept: KeptPosition, instrument: Instrument) -> Position:
    position = Position(instrument)
    position.quantity, position.cost, position.fees = kept.quantity, kept.cost, kept.fees
    position.settled, position.realized = kept.settled, kept.realized
    return position
