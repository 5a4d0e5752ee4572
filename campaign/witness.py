"""Watches the broker's side: every order that arrives, every fill that happens."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from campaign.eyes import OPENINGS, Eyes
from campaign.violations import Violations
from microfutures.config.risk_limits import RiskLimits
from microfutures.model.identifiers import InstrumentId, OrderRef
from microfutures.model.instrument import SecurityType
from microfutures.model.orders import OrderPurpose
from microfutures.twsim.gateway import DEFAULT_ACCOUNT
from microfutures.venue.messages import (
    MarketUpdate,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    VenueEvent,
    VenueOrder,
)
from microfutures.venue.venue import Venue

OUR_PREFIX = "mf"
FAR = 0.05
"""Of the price: no order is meant to be so far from the market."""
HEADROOM_TOLERANCE = 0.5
"""Per cent: prices move between preview and fill."""
MARK_TOLERANCE = 1.01
"""A position is worth a little more or less than what it was approved at."""


class Arrived(msgspec.Struct):
    """One order as it arrived, and what became of it."""

    order: VenueOrder
    order_ref: OrderRef
    """Empty for a person's own."""
    filled: int = 0

    @property
    def is_ours(self) -> bool:
        """Tell whether the desk sent it."""
        return self.order_ref.startswith(OUR_PREFIX)


class Witness:
    """The truth about a day: orders and executions as the venue saw them."""

    def __init__(
        self, eyes: Eyes, limits: RiskLimits, capital: Decimal, violations: Violations
    ) -> None:
        self.arrived: dict[int, Arrived] = {}
        self._our_live: dict[int, Arrived] = {}
        self._names: set[OrderRef] = set()
        self.fills: list[OrderFilled] = []
        self.moves = 0
        """Orders of ours that arrived, and their executions, so far."""
        self.cash = Decimal(0)
        """What all executions brought, commissions paid, USD."""
        self._held: dict[tuple[bool, InstrumentId], int] = {}
        self.our_cash = self._flat_cash = Decimal(0)
        """Of our executions: now, and when we were flat for the last time."""
        self._peak = Decimal(0)
        eyes.on_resumed = self._forget_peak
        self.reference_of: Callable[[int], OrderRef] = lambda _: OrderRef("")
        self._eyes = eyes
        self._limits = limits
        self._capital = capital
        self._violations = violations

    def on_submit(self, order: VenueOrder, venue: Venue) -> None:
        """Take an order that arrives, before the venue answers."""
        came = Arrived(order, self.reference_of(order.order_id))
        if came.is_ours:
            self._check(came, venue)
            self.moves += 1
            self._names.add(came.order_ref)
            self._our_live[order.order_id] = came
        self.arrived[order.order_id] = came

    def on_events(self, events: list[VenueEvent], venue: Venue) -> None:
        """Take what the venue did."""
        for event in events:
            if isinstance(event, OrderFilled):
                self._on_fill(event, venue)
            elif isinstance(event, OrderCancelled) or (
                isinstance(event, OrderRejected) and not event.is_request_only
            ):
                self._our_live.pop(event.order_id, None)

    @property
    def our_fills(self) -> list[OrderFilled]:
        """Return the executions of the desk's orders."""
        return [each for each in self.fills if self.arrived[each.order_id].is_ours]

    @property
    def our_live(self) -> list[Arrived]:
        """Return the desk's orders that may still trade."""
        return list(self._our_live.values())

    def positions(self, *, ours: bool) -> dict[InstrumentId, int]:
        """Return the sum of the executions of the desk, or of the person beside it."""
        return {
            name: held for (is_ours, name), held in self._held.items() if held and is_ours is ours
        }

    def worth(self, venue: Venue) -> Decimal:
        """Return what everybody's positions are worth, as the account values them, USD."""
        return sum(
            (
                each.quantity * each.market_price * venue.instrument(each.instrument_id).multiplier
                for each in venue.account(DEFAULT_ACCOUNT).positions
            ),
            Decimal(0),
        )

    def open_trip(self, venue: Venue) -> float | None:
        """Return what our open positions brought since we were flat, USD; None when we are."""
        held = self.positions(ours=True)
        if not held:
            return None
        marks = 0.0
        for name, quantity in held.items():
            quote = venue.quote(name)
            if quote is None or quote.mid is None:
                return None
            marks += quote.mid * quantity * float(venue.instrument(name).multiplier)
        return float(self.our_cash - self._flat_cash) + marks

    def _forget_peak(self) -> None:
        """Begin anew: whoever resumes accepts the drawdown."""
        self._peak = self.our_cash if not self.positions(ours=True) else Decimal("-Infinity")

    def _check(self, came: Arrived, venue: Venue) -> None:
        require, ref, name = self._violations.require, came.order_ref, came.order.instrument_id
        require(ref in self._eyes.durable, "the intent is on the disk before the order leaves", ref)
        sent = self._eyes.orders.get(ref)
        require(ref not in self._names, "an order arrives once", ref)
        if sent is None:
            return
        others = [each for each in self.our_live if each.order_ref in self._eyes.orders]
        same = [each.order_ref for each in others if each.order.instrument_id == name]
        require(not same, "one live order a contract", f"{ref} beside {same}")
        self._check_true_price(came, venue)
        if sent.purpose is OrderPurpose.ENTRY:
            limit = self._limits.max_open_orders
            require(len(others) < limit, "open orders", f"{ref} beside {len(others)} others")
            self._check_loss(ref)

    def _check_loss(self, ref: OrderRef) -> None:
        """Hold an entry against what the day lost; entries begin flat, so that it is exact."""
        if self.positions(ours=True):
            return
        loss = -self.our_cash
        allowed = self._capital * Decimal(str(self._limits.max_daily_loss_percent)) / 100
        self._violations.require(loss < allowed, "daily loss", f"{ref} after {loss} USD lost")
        # What was reached in between is not counted here: the desk is stricter.
        highest = self._capital + max(self._peak, self.our_cash)
        drawdown = (highest - self._capital - self.our_cash) / highest * 100
        deepest = Decimal(str(self._limits.max_drawdown_percent))
        self._violations.require(
            drawdown < deepest, "drawdown", f"{ref} at {drawdown:.3f} % below the peak"
        )

    def _check_true_price(self, came: Arrived, venue: Venue) -> None:
        """Hold a limit against the market as it is, whatever the desk was told of it."""
        limit, quote = came.order.limit_price, venue.quote(came.order.instrument_id)
        if limit is None or quote is None or quote.mid is None:
            return
        away = abs(float(limit) - quote.mid)
        self._violations.require(
            away <= FAR * quote.mid,
            "orders are priced near the market",
            f"{came.order_ref} at {limit}, the middle is {quote.mid:g}",
        )

    def _on_fill(self, fill: OrderFilled, venue: Venue) -> None:
        came = self.arrived[fill.order_id]
        key = came.is_ours, fill.instrument_id
        before = self._held.get(key, 0)
        after = self._held[key] = before + fill.side.sign * fill.quantity
        came.filled += fill.quantity
        if came.filled >= came.order.quantity:
            self._our_live.pop(fill.order_id, None)
        self.fills.append(fill)
        multiplier = venue.instrument(fill.instrument_id).multiplier
        brought = -fill.side.sign * fill.quantity * fill.price * multiplier - fill.commission
        self.cash += brought
        if came.is_ours:
            self.moves += 1
            self.our_cash += brought
            if not self.positions(ours=True):
                self._flat_cash = self.our_cash
                self._peak = max(self._peak, self.our_cash)
        require = self._violations.require
        require(
            came.filled <= came.order.quantity,
            "no order is filled beyond its quantity",
            f"{came.order_ref} {came.filled} of {came.order.quantity}",
        )
        if not came.is_ours:
            return
        limits, instrument = self._limits, venue.instrument(fill.instrument_id)
        is_future = instrument.security_type is SecurityType.FUTURE
        limit = limits.max_position_contracts if is_future else limits.max_position_shares
        require(
            abs(after) <= limit or abs(after) < abs(before),
            "position limit",
            f"{after:+d} {fill.instrument_id}, at most {limit}",
        )
        worth = sum(
            self._worth(each, held, venue) for each, held in self.positions(ours=True).items()
        )
        require(
            worth <= limits.max_strategy_notional * MARK_TOLERANCE or abs(after) < abs(before),
            "notional",
            f"{worth:,.0f} USD is held, at most {limits.max_strategy_notional:,.0f}",
        )
        require(
            worth <= limits.max_family_notional * MARK_TOLERANCE or abs(after) < abs(before),
            "concentration",
            f"{worth:,.0f} USD is held, at most {limits.max_family_notional:,.0f}",
        )
        sent = self._eyes.orders.get(came.order_ref)
        if sent is not None and sent.purpose in OPENINGS:
            state = venue.account(DEFAULT_ACCOUNT)
            free = float(state.available_funds / state.net_liquidation) * 100
            require(
                free >= limits.margin_headroom_percent - HEADROOM_TOLERANCE,
                "margin headroom",
                f"{free:.1f} % is free after {came.order_ref}",
            )

    @staticmethod
    def _worth(name: InstrumentId, held: int, venue: Venue) -> float:
        quote = venue.quote(name)
        price = quote.last if quote is not None and quote.last is not None else 0.0
        return abs(price * held) * float(venue.instrument(name).multiplier)


class WatchedVenue(Venue):
    """A venue that tells its witness everything."""

    witness: Witness

    def submit(self, order: VenueOrder) -> list[VenueEvent]:
        """Take an order."""
        self.witness.on_submit(order, self)
        return self._tell(super().submit(order))

    def modify(
        self,
        order_id: int,
        *,
        quantity: int | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
        trail_amount: Decimal | None = None,
        trail_percent: Decimal | None = None,
        offset: Decimal | None = None,
    ) -> list[VenueEvent]:
        """Change an order."""
        changed = super().modify(
            order_id,
            quantity=quantity,
            limit_price=limit_price,
            stop_price=stop_price,
            trail_amount=trail_amount,
            trail_percent=trail_percent,
            offset=offset,
        )
        return self._tell(changed)

    def cancel(self, order_id: int) -> list[VenueEvent]:
        """Cancel an order."""
        return self._tell(super().cancel(order_id))

    def apply(self, update: MarketUpdate) -> list[VenueEvent]:
        """Take an update of the market."""
        return self._tell(super().apply(update))

    def advance(self, now_ns: int) -> list[VenueEvent]:
        """Let time pass."""
        return self._tell(super().advance(now_ns))

    def _tell(self, events: list[VenueEvent]) -> list[VenueEvent]:
        self.witness.on_events(events, self)
        return events
