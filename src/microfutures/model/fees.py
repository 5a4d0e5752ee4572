"""What a trade costs at IB: published rates as a table, one function for estimate and venue alike.

Sources: Interactive Brokers, "Commissions Futures", "Stocks" and "Spot Currencies", fixed pricing,
lowest volume tier, and "Fees charged to offset CME / CBOT / NYMEX / COMEX exchange and regulatory
fees", non-member column, read in 2026. Not modelled: overnight position fees (none under fixed
pricing), give-up surcharges, borrowing fees, interest. Sales of stocks carry the SEC and FINRA fees
only where `regulatory_fee` is asked for: well under a cent a share and reset twice a year.
"""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from microfutures.model.catalog import spec
from microfutures.model.instrument import SecurityType

CENT = Decimal("0.01")
# IB reports commissions with more than cents; four decimals hold every rate below exactly.
REPORTED_UNIT = Decimal("0.0001")

REGULATORY_FEE_PER_CONTRACT = Decimal("0.02")
"""NFA assessment as IB passes it on."""

STOCK_RATE_PER_SHARE = Decimal("0.005")
STOCK_MINIMUM_PER_ORDER = Decimal("1.00")
STOCK_MAXIMUM_SHARE_OF_VALUE = Decimal("0.01")

CURRENCY_SHARE_OF_VALUE = Decimal("0.00002")
CURRENCY_MINIMUM_PER_ORDER = Decimal("2.00")


class FutureRate(msgspec.Struct, frozen=True):
    """Cost of one contract, one way, USD: IB's commission and the exchange's fee."""

    commission: Decimal
    exchange_fee: Decimal

    @property
    def all_in(self) -> Decimal:
        """Return the whole cost, regulatory fee included."""
        return self.commission + self.exchange_fee + REGULATORY_FEE_PER_CONTRACT


def _rate(commission: str, exchange_fee: str) -> FutureRate:
    return FutureRate(Decimal(commission), Decimal(exchange_fee))


FUTURE_RATES: dict[str, FutureRate] = {
    # micro energy and metals
    "MCL": _rate("0.25", "0.50"),
    "MHNG": _rate("0.25", "0.60"),
    "MGC": _rate("0.25", "0.75"),
    "SIL": _rate("0.25", "1.00"),
    "MHG": _rate("0.25", "0.60"),
    # micro equity indices
    "MES": _rate("0.25", "0.35"),
    "MNQ": _rate("0.25", "0.35"),
    "M2K": _rate("0.25", "0.35"),
    "MYM": _rate("0.25", "0.35"),
    # micro currencies
    "M6A": _rate("0.15", "0.24"),
    "M6B": _rate("0.15", "0.24"),
    "M6E": _rate("0.15", "0.24"),
    "MCD": _rate("0.15", "0.24"),
    "MSF": _rate("0.15", "0.24"),
    "MJY": _rate("0.15", "0.24"),
    # micro crypto
    "MBT": _rate("2.25", "2.50"),
    "MET": _rate("0.20", "0.20"),
    # micro treasury yields
    "2YY": _rate("0.25", "0.30"),
    "5YY": _rate("0.25", "0.30"),
    "10Y": _rate("0.25", "0.30"),
    "30Y": _rate("0.25", "0.30"),
    # full size
    "CL": _rate("0.85", "1.50"),
    "NG": _rate("0.85", "1.60"),
    "ES": _rate("0.85", "1.38"),
    "NQ": _rate("0.85", "1.38"),
    "RTY": _rate("0.85", "1.38"),
    "YM": _rate("0.85", "1.38"),
    "GC": _rate("0.85", "1.60"),
    "SI": _rate("0.85", "1.60"),
    "HG": _rate("0.85", "1.60"),
}


ALL_IN_RATES = {symbol: rate.all_in for symbol, rate in FUTURE_RATES.items()}
FUTURE = SecurityType.FUTURE


def commission(symbol: str, quantity: int, price: Decimal) -> Decimal:
    """Return what one order of `quantity` (unsigned) filled at `price` costs, USD.

    Exchange and regulatory fees included. The minimum of a stock order holds for the order as a
    whole: for partial fills take the difference of two calls of `order_commission`.

    Raises
    ------
    UnknownInstrumentError
        If the catalog has no such symbol.
    """
    return order_commission(symbol, abs(quantity), abs(price * quantity))


class OrderRate(msgspec.Struct, frozen=True):
    """What an order of one product costs: the terms behind `order_commission`, USD."""

    per_unit: Decimal
    share_of_value: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    most_of_value: Decimal = Decimal("Infinity")


def order_rate(symbol: str) -> OrderRate:
    """Return the terms of one product, for those who estimate many orders."""
    kind = spec(symbol).security_type
    if kind is SecurityType.FUTURE:
        return OrderRate(FUTURE_RATES[symbol].all_in)
    if kind is SecurityType.CURRENCY:
        return OrderRate(Decimal(0), CURRENCY_SHARE_OF_VALUE, CURRENCY_MINIMUM_PER_ORDER)
    return OrderRate(
        STOCK_RATE_PER_SHARE,
        minimum=STOCK_MINIMUM_PER_ORDER,
        most_of_value=STOCK_MAXIMUM_SHARE_OF_VALUE,
    )


def order_commission(symbol: str, quantity: int, value: Decimal) -> Decimal:
    """Return what an order costs of which `quantity` was filled, worth `value` in all, USD.

    ``value`` is price times quantity, without a multiplier; futures do not depend on it.
    """
    if quantity == 0:
        return Decimal(0)
    kind = spec(symbol).security_type
    if kind is FUTURE:
        return (ALL_IN_RATES[symbol] * quantity).quantize(REPORTED_UNIT)
    if kind is SecurityType.CURRENCY:
        fee = max(CURRENCY_SHARE_OF_VALUE * value, CURRENCY_MINIMUM_PER_ORDER)
        return fee.quantize(REPORTED_UNIT, rounding=ROUND_HALF_UP)
    return stock_commission(quantity, value)


def stock_commission(shares: int, value: Decimal) -> Decimal:
    """Return IB's fixed commission of an order of `shares` worth `value`, USD."""
    by_share = max(STOCK_RATE_PER_SHARE * shares, STOCK_MINIMUM_PER_ORDER)
    # The maximum wins over the minimum: one share of 2 dollars costs 2 cents.
    at_most = STOCK_MAXIMUM_SHARE_OF_VALUE * value
    return min(by_share, at_most).quantize(REPORTED_UNIT, rounding=ROUND_HALF_UP)
