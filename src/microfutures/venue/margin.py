"""What an account must keep to hold positions: so much a contract, Regulation T for stocks.

Sources: the exchange margins of the catalog; Regulation T (initial 50%) and FINRA rule 4210
(maintenance 25% long, 30% short). IB may ask for more. Exchanges raise margins when markets move,
by models of their own; here they cover `COVERED_MOVES` times the largest move of the last days
when that is more than the table's. Not here: portfolio margin, spreads between months, forced
liquidation.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from microfutures.model.catalog import spec
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.venue.account import ZERO, Account
from microfutures.venue.listings import Listings

COVERED_MOVES = 3
CENT = Decimal("0.01")
STOCK_INITIAL = Decimal("0.50")
STOCK_MAINTENANCE_LONG = Decimal("0.25")
STOCK_MAINTENANCE_SHORT = Decimal("0.30")


class Requirement(msgspec.Struct, frozen=True, gc=False):
    """Margin of a set of positions, USD."""

    initial: Decimal = ZERO
    maintenance: Decimal = ZERO

    def plus(self, other: "Requirement") -> "Requirement":
        """Return the sum."""
        return Requirement(self.initial + other.initial, self.maintenance + other.maintenance)


NOTHING = Requirement()


def of_position(
    instrument: Instrument, quantity: int, mark: Decimal | None, widest_move: Decimal
) -> Requirement:
    """Return the margin of one signed position; `widest_move` is a price (`Book.settle`)."""
    margin = spec(instrument.symbol).margin
    if margin is not None:
        initial, maintenance, count = margin.initial, margin.maintenance, abs(quantity)
        covered = widest_move * instrument.multiplier * COVERED_MOVES
        if covered > maintenance:
            initial, maintenance = (covered * initial / maintenance).quantize(CENT), covered
        return Requirement(initial * count, maintenance * count)
    value = abs(instrument.value(mark or ZERO, quantity))
    rate = STOCK_MAINTENANCE_LONG if quantity > 0 else STOCK_MAINTENANCE_SHORT
    return Requirement(value * STOCK_INITIAL, value * rate)


def of_account(
    account: Account, listings: Listings, changes: Mapping[InstrumentId, int] | None = None
) -> Requirement:
    """Return the margin of an account, as if the signed `changes` had been traded."""
    quantities = account.quantities()
    if changes:
        for instrument_id, change in changes.items():
            quantities[instrument_id] = quantities.get(instrument_id, 0) + change
    total = NOTHING
    for name, quantity in quantities.items():
        if quantity:
            mark, widest_move = listings.mark(name), listings.widest_move(name)
            total = total.plus(of_position(listings.instruments[name], quantity, mark, widest_move))
    return total
