"""The picture of an account that a customer sees, made from its positions and the marks."""

from microfutures.venue.account import ZERO, Account, Marks, Position
from microfutures.venue.listings import Listings
from microfutures.venue.margin import of_account
from microfutures.venue.messages import AccountState, VenuePosition


def state_of(account: Account, listings: Listings) -> AccountState:
    """Return the frozen picture of `account`."""
    required, marks = of_account(account, listings), listings.mark
    equity = account.net_liquidation(marks)
    positions = tuple(_position(position, marks) for position in account.positions())
    return AccountState(
        account=account.name,
        cash=account.cash,
        net_liquidation=equity,
        available_funds=equity - required.initial,
        excess_liquidity=equity - required.maintenance,
        initial_margin=required.initial,
        maintenance_margin=required.maintenance,
        # IB's gross position value leaves futures out: they are not worth their notional.
        gross_position_value=sum(
            (
                abs(position.value(marks(position.instrument.instrument_id)))
                for position in account.positions()
                if not position.is_future
            ),
            ZERO,
        ),
        realized=sum((position.realized for position in positions), ZERO),
        unrealized=sum((position.unrealized for position in positions), ZERO),
        commissions=account.commissions,
        positions=positions,
    )


def _position(position: Position, marks: Marks) -> VenuePosition:
    mark = marks(position.instrument.instrument_id)
    return VenuePosition(
        instrument_id=position.instrument.instrument_id,
        quantity=position.quantity,
        average_cost=position.average_cost,
        market_price=ZERO if mark is None else mark,
        market_value=position.value(mark),
        unrealized=position.unrealized(mark),
        realized=position.realized,
    )
