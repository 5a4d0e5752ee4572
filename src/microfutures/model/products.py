"""The table of products: one row each, with the source of every number that the exchange sets.

Not here: what a month of a product is called and when it trades (`catalog`), what a trade costs
(`fees`). When connected, the broker's own contract details win over this table.
"""

from datetime import time
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from microfutures.model import expiry, trading_hours
from microfutures.model.expiry import ExpiryRule
from microfutures.model.instrument import SecurityType
from microfutures.model.trading_hours import SessionTemplate


class Margin(msgspec.Struct, frozen=True):
    """Exchange margin of one contract, USD, as of a date; a broker may ask for more."""

    initial: Decimal
    maintenance: Decimal
    as_of: str
    source: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which months of a future are listed and when they stop."""

    months: str
    """The letters of the cycle."""
    count: int
    """How many of the nearest months this catalog lists; the exchange may list more."""
    rule: ExpiryRule
    stops_at: time
    """Local time of the template at which the last day ends."""


class ProductSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the catalog."""

    symbol: str
    security_type: SecurityType
    exchange: str
    """Where orders go, in IB's words; ``SMART`` for stocks."""
    primary_exchange: str
    multiplier: Decimal
    tick_size: Decimal
    description: str
    hours: SessionTemplate
    currency: str = "USD"
    listing: Listing | None = None
    margin: Margin | None = None
    con_id: int = 0
    """IB's own number where it is widely quoted; 0 for a stand-in."""


_MARGIN_SOURCE = "CME Group notices, as collected in LEAN's margin history"
_ALL = expiry.MONTH_CODES
_QUARTERS = "HMUZ"


def _futures(
    exchange: str,
    hours: SessionTemplate,
    listing: tuple[str, int, ExpiryRule, time],
    *rows: tuple[str, str, str, str, str, str, str],
) -> tuple[ProductSpec, ...]:
    """Build a family; a row is symbol, multiplier, tick, initial, maintenance, as of, name."""
    months, count, rule, stops_at = listing
    return tuple(
        ProductSpec(
            symbol=symbol,
            security_type=SecurityType.FUTURE,
            exchange=exchange,
            primary_exchange=exchange,
            multiplier=Decimal(multiplier),
            tick_size=Decimal(tick_size),
            description=name,
            hours=hours,
            listing=Listing(months=months, count=count, rule=rule, stops_at=stops_at),
            margin=Margin(Decimal(initial), Decimal(maintenance), as_of, _MARGIN_SOURCE),
        )
        for symbol, multiplier, tick_size, initial, maintenance, as_of, name in rows
    )


def _fund(symbol: str, primary_exchange: str, description: str) -> ProductSpec:
    return ProductSpec(
        symbol=symbol,
        security_type=SecurityType.STOCK,
        exchange="SMART",
        primary_exchange=primary_exchange,
        multiplier=Decimal(1),
        tick_size=Decimal("0.01"),
        description=description,
        hours=trading_hours.US_STOCKS,
    )


def _share(
    symbol: str, con_id: int, description: str, primary_exchange: str = "NASDAQ"
) -> ProductSpec:
    return replace(_fund(symbol, primary_exchange, description), con_id=con_id)


def _pair(base: str, quote: str, con_id: int, tick_size: str) -> ProductSpec:
    """Build a currency pair; ``EUR.USD`` is the price of one euro in dollars."""
    return ProductSpec(
        symbol=f"{base}.{quote}",
        security_type=SecurityType.CURRENCY,
        exchange="IDEALPRO",
        primary_exchange="",
        multiplier=Decimal(1),
        tick_size=Decimal(tick_size),
        description=f"{base}.{quote}",
        hours=trading_hours.CURRENCIES,
        currency=quote,
        con_id=con_id,
    )


def _index(symbol: str, exchange: str, con_id: int, description: str) -> ProductSpec:
    return ProductSpec(
        symbol=symbol,
        security_type=SecurityType.INDEX,
        exchange=exchange,
        primary_exchange="",
        multiplier=Decimal(1),
        tick_size=Decimal("0.01"),
        description=description,
        hours=trading_hours.US_INDICES,
        con_id=con_id,
    )


_INDEX = trading_hours.GLOBEX_INDEX
_ENERGY = trading_hours.GLOBEX_ENERGY
_FINANCIAL = trading_hours.GLOBEX_FINANCIAL

_INDEX_MONTHS = (_QUARTERS, 5, expiry.third_friday, time(8, 30))
_OIL_MONTHS = (_ALL, 12, expiry.crude_oil, time(14, 30))
_MICRO_OIL_MONTHS = (_ALL, 12, expiry.micro_crude_oil, time(14, 30))
_GAS_MONTHS = (_ALL, 12, expiry.natural_gas, time(14, 30))
_MICRO_GAS_MONTHS = (_ALL, 12, expiry.micro_natural_gas, time(14, 30))
_GOLD_MONTHS = ("GJMQVZ", 6, expiry.third_last_business_day, time(13, 30))
_SILVER_MONTHS = ("FHKNUZ", 6, expiry.third_last_business_day, time(13, 25))
_COPPER_MONTHS = ("HKNUZ", 6, expiry.third_last_business_day, time(13))
_MICRO_COPPER_MONTHS = (_ALL, 12, expiry.third_last_business_day_of_prior_month, time(13))
_CURRENCY_MONTHS = (_QUARTERS, 2, expiry.two_days_before_third_wednesday, time(9, 16))
_CANADA_MONTHS = (_QUARTERS, 2, expiry.one_day_before_third_wednesday, time(9, 16))
_CRYPTO_MONTHS = (_ALL, 6, expiry.last_friday, time(10))
_YIELD_MONTHS = (_ALL, 2, expiry.last_business_day, time(15))

# Contract sizes, ticks, cycles, last days: the contract specifications of CME Group.
# Margins: the latest row of the named collection; MHG and MHNG are a tenth of HG and NG,
# GC, SI and YM ten, five and ten times their micros.
_ROWS: tuple[ProductSpec, ...] = (
    *_futures(
        "NYMEX",
        _ENERGY,
        _MICRO_OIL_MONTHS,
        ("MCL", "100", "0.01", "748", "680", "2022-02-07", "Micro WTI Crude Oil"),
    ),
    *_futures(
        "NYMEX",
        _ENERGY,
        _OIL_MONTHS,
        ("CL", "1000", "0.01", "7480", "6800", "2022-02-07", "WTI Crude Oil"),
    ),
    *_futures(
        "NYMEX",
        _ENERGY,
        _MICRO_GAS_MONTHS,
        ("MHNG", "1000", "0.001", "165", "150", "2020-02-04", "Micro Henry Hub Natural Gas"),
    ),
    *_futures(
        "NYMEX",
        _ENERGY,
        _GAS_MONTHS,
        ("NG", "10000", "0.001", "1650", "1500", "2020-02-04", "Henry Hub Natural Gas"),
    ),
    *_futures(
        "CME",
        _INDEX,
        _INDEX_MONTHS,
        ("MES", "5", "0.25", "1188", "1080", "2022-01-21", "Micro E-mini S&P 500"),
        ("ES", "50", "0.25", "11880", "10800", "2022-01-21", "E-mini S&P 500"),
        ("MNQ", "2", "0.25", "1650", "1500", "2022-01-21", "Micro E-mini Nasdaq-100"),
        ("NQ", "20", "0.25", "16500", "15000", "2022-01-21", "E-mini Nasdaq-100"),
        ("M2K", "5", "0.1", "605", "550", "2022-01-07", "Micro E-mini Russell 2000"),
        ("RTY", "50", "0.1", "6050", "5500", "2022-01-07", "E-mini Russell 2000"),
    ),
    *_futures(
        "CBOT",
        _INDEX,
        _INDEX_MONTHS,
        ("MYM", "0.5", "1", "880", "800", "2022-01-21", "Micro E-mini Dow"),
        ("YM", "5", "1", "8800", "8000", "2022-01-21", "E-mini Dow"),
    ),
    *_futures(
        "COMEX",
        _ENERGY,
        _GOLD_MONTHS,
        ("MGC", "10", "0.1", "660", "600", "2022-01-21", "Micro Gold"),
        ("GC", "100", "0.1", "6600", "6000", "2022-01-21", "Gold"),
    ),
    *_futures(
        "COMEX",
        _ENERGY,
        _SILVER_MONTHS,
        ("SIL", "1000", "0.005", "2090", "1900", "2022-01-05", "Micro Silver"),
        ("SI", "5000", "0.005", "10450", "9500", "2022-01-05", "Silver"),
    ),
    *_futures(
        "COMEX",
        _ENERGY,
        _MICRO_COPPER_MONTHS,
        ("MHG", "2500", "0.0005", "297", "270", "2020-01-09", "Micro Copper"),
    ),
    *_futures(
        "COMEX",
        _ENERGY,
        _COPPER_MONTHS,
        ("HG", "25000", "0.0005", "2970", "2700", "2020-01-09", "Copper"),
    ),
    *_futures(
        "CME",
        _FINANCIAL,
        _CURRENCY_MONTHS,
        ("M6A", "10000", "0.0001", "160", "145", "2022-01-21", "Micro Australian Dollar"),
        ("M6B", "6250", "0.0001", "237", "215", "2021-04-30", "Micro British Pound"),
        ("M6E", "12500", "0.0001", "242", "220", "2021-04-16", "Micro Euro"),
        ("MSF", "12500", "0.0001", "385", "350", "2021-12-17", "Micro Swiss Franc"),
        ("MJY", "1250000", "0.000001", "275", "250", "2021-12-17", "Micro Japanese Yen"),
    ),
    *_futures(
        "CME",
        _FINANCIAL,
        _CANADA_MONTHS,
        ("MCD", "10000", "0.0001", "149", "135", "2022-01-21", "Micro Canadian Dollar"),
    ),
    *_futures(
        "CME",
        _FINANCIAL,
        _CRYPTO_MONTHS,
        ("MBT", "0.1", "5", "149", "135", "2022-02-14", "Micro Bitcoin"),
        ("MET", "0.1", "0.5", "116", "105", "2022-02-14", "Micro Ether"),
    ),
    *_futures(
        "CBOT",
        _FINANCIAL,
        _YIELD_MONTHS,
        ("2YY", "1000", "0.001", "209", "190", "2022-02-04", "Micro 2-Year Yield"),
        ("5YY", "1000", "0.001", "264", "240", "2022-02-04", "Micro 5-Year Yield"),
        ("10Y", "1000", "0.001", "264", "240", "2022-02-04", "Micro 10-Year Yield"),
        ("30Y", "1000", "0.001", "264", "240", "2022-02-04", "Micro 30-Year Yield"),
    ),
    _fund("USO", "ARCA", "United States Oil Fund"),
    _fund("BNO", "ARCA", "United States Brent Oil Fund"),
    _fund("UNG", "ARCA", "United States Natural Gas Fund"),
    _fund("GLD", "ARCA", "SPDR Gold Shares"),
    _fund("SLV", "ARCA", "iShares Silver Trust"),
    _fund("SPY", "ARCA", "SPDR S&P 500 ETF Trust"),
    _fund("QQQ", "NASDAQ", "Invesco QQQ Trust"),
    _fund("IWM", "ARCA", "iShares Russell 2000 ETF"),
    _fund("DIA", "ARCA", "SPDR Dow Jones Industrial Average ETF"),
    # What the examples of TWS API libraries ask for; numbers as their users quote them.
    _share("AAPL", 265598, "Apple Inc"),
    _share("AMD", 4391, "Advanced Micro Devices Inc"),
    _share("AMZN", 3691937, "Amazon.com Inc"),
    _share("IBKR", 43645865, "Interactive Brokers Group Inc"),
    _share("IBM", 8314, "International Business Machines Corp", "NYSE"),
    _share("INTC", 270639, "Intel Corp"),
    _share("MSFT", 272093, "Microsoft Corp"),
    _share("TSLA", 76792991, "Tesla Inc"),
    _pair("EUR", "USD", 12087792, "0.00005"),
    _pair("GBP", "USD", 12087797, "0.00005"),
    _pair("AUD", "USD", 14433401, "0.00005"),
    _pair("USD", "JPY", 15016059, "0.005"),
    _pair("USD", "CHF", 12087820, "0.00005"),
    _pair("USD", "CAD", 15016062, "0.00005"),
    _index("SPX", "CBOE", 416904, "S&P 500 Stock Index"),
    _index("NDX", "NASDAQ", 416843, "NASDAQ 100 Stock Index"),
    _index("VIX", "CBOE", 13455763, "CBOE Volatility Index"),
)

PRODUCTS: dict[str, ProductSpec] = {row.symbol: row for row in _ROWS}
"""Every product, by symbol, micros and oil first."""
