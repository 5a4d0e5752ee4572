"""What a company or fund does to its shares."""

from decimal import Decimal
from fractions import Fraction

import msgspec

from microfutures.model.identifiers import InstrumentId


class ShareSplit(msgspec.Struct, frozen=True, kw_only=True):
    """`numerator` new shares for `denominator` old ones; a reverse split of 1:8 is (1, 8).

    ``price`` is that of a new share, USD: fractions are paid out at it.
    """

    instrument_id: InstrumentId
    numerator: int
    denominator: int
    price: Decimal
    time_ns: int

    def apply(self, quantity: int) -> tuple[int, Fraction]:
        """Return the whole new shares of `quantity` old ones and the fraction that is left."""
        exact = Fraction(quantity * self.numerator, self.denominator)
        whole = int(exact)
        return whole, exact - whole
