"""Which options exist: months and strikes of the listed funds and futures.

They can be looked up, watched and computed, not traded. Funds, shares and indices have the third
Friday of the next six months; a future has one expiry, three business days before its own end, as
CME's energy options have.
"""

from datetime import date, datetime, time
from decimal import Decimal
from zlib import crc32

import msgspec

from microfutures.model.expiry import month_code, next_month, third_friday
from microfutures.model.holidays import Exchange, business_days_before
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.timestamp import from_datetime
from microfutures.model.trading_hours import NEW_YORK, local_date
from microfutures.twsim.contracts.lookup import (
    ContractQuery,
    contract_month,
    is_expired,
    multiplier_text,
)
from microfutures.twsim.history.bar_sizes import NEW_YORK as NEW_YORK_ZONE
from microfutures.twsim.options.black import DAYS, Terms

MONTHS = 6
STRIKES_EACH_SIDE = 20
RIGHTS = ("C", "P")
INDEX_OPTION_EXCHANGES = "SMART,CBOE"
OPTION_EXCHANGES = "SMART,AMEX,BATS,BOX,CBOE,CBOE2,ISE,NASDAQOM,PHLX,PSE"

FUTURE_OPTION_CLASSES = {"MCL": "MCO", "CL": "LO", "NG": "ON", "GC": "OG", "SI": "SO"}
"""CME's names of options on futures; others are called like the future."""

_STEPS = ((25, "0.5"), (200, "1"), (2000, "5"))
_LARGEST_STEP = Decimal(25)
_YEAR_NS = DAYS * 86_400 * 1_000_000_000


class Option(msgspec.Struct, frozen=True):
    """One option."""

    underlying: Instrument
    expiry: date
    strike: Decimal
    right: str

    @property
    def is_on_future(self) -> bool:
        """Tell whether its underlying is a future."""
        return self.underlying.security_type is SecurityType.FUTURE

    @property
    def security_type(self) -> str:
        """Return IB's word for its kind."""
        return "FOP" if self.is_on_future else "OPT"

    @property
    def multiplier(self) -> str:
        """Return how much of the underlying it stands for."""
        return multiplier_text(self.underlying) or "100"

    @property
    def trading_class(self) -> str:
        """Return the name of its class."""
        symbol = self.underlying.symbol
        return FUTURE_OPTION_CLASSES.get(symbol, symbol) if self.is_on_future else symbol

    @property
    def local_symbol(self) -> str:
        """Return the exchange's name: OCC's 21 letters, or CME's class, month and strike."""
        if not self.is_on_future:
            thousandths = int(self.strike * 1000)
            head = f"{self.underlying.symbol:<6}{self.expiry:%y%m%d}"
            return f"{head}{self.right}{thousandths:08d}"
        month = contract_month(self.underlying)
        letter = month_code(int(month[4:]))
        return f"{self.trading_class}{letter}{month[3]} {self.right}{int(self.strike * 100)}"

    @property
    def data_name(self) -> str:
        """Return how TWS names its market data in errors."""
        side = "Call" if self.right == "C" else "Put"
        day = f"{self.expiry:%b %d '%y}".upper()
        name = f"{self.underlying.symbol} {day} {self.strike} {side} ({self.local_symbol})"
        return f"{name} /TOP/ALL"

    @property
    def con_id(self) -> int:
        """Return a stable stand-in of IB's number."""
        return 100_000_000 + crc32(f"{self.underlying.con_id}/{self.local_symbol}".encode()) % (
            800_000_000
        )


def exchanges(underlying: Instrument) -> str:
    """Return where options of `underlying` trade, comma-separated."""
    kind = underlying.security_type
    if kind is SecurityType.FUTURE:
        return underlying.exchange
    return INDEX_OPTION_EXCHANGES if kind is SecurityType.INDEX else OPTION_EXCHANGES


def has_options(underlying: Instrument, now_ns: int) -> bool:
    """Tell whether options of `underlying` are listed."""
    is_pair = underlying.security_type is SecurityType.CURRENCY
    return not is_pair and not is_expired(underlying, now_ns)


def expiries(underlying: Instrument, now_ns: int) -> list[date]:
    """Return the days on which options of `underlying` end, nearest first."""
    today = local_date(now_ns, NEW_YORK)
    if underlying.last_trade_date is not None:
        end = business_days_before(Exchange.CME, underlying.last_trade_date, 3)
        return [end] if end >= today else []
    found: list[date] = []
    year, month = today.year, today.month
    while len(found) < MONTHS:
        end = third_friday(year, month)
        if end >= today:
            found.append(end)
        year, month = next_month(year, month)
    return found


def strikes(price: float) -> list[Decimal]:
    """Return the strikes around a price; the same ones while it moves by a few steps."""
    step = next((Decimal(text) for limit, text in _STEPS if price < limit), _LARGEST_STEP)
    middle = round(price / float(step) / 10) * 10
    lowest = max(middle - STRIKES_EACH_SIDE, 1)
    return [step * count for count in range(lowest, middle + STRIKES_EACH_SIDE + 1)]


def chain(underlying: Instrument, price: float, now_ns: int) -> list[Option]:
    """Return every option of `underlying`, by expiry, strike and side."""
    return [
        Option(underlying, expiry, strike, right)
        for expiry in expiries(underlying, now_ns)
        for strike in strikes(price)
        for right in RIGHTS
    ]


def fits(option: Option, query: ContractQuery) -> bool:
    """Tell whether `query` means `option`; empty fields let everything pass."""
    if query.con_id:
        return query.con_id == option.con_id
    wanted_strike = query.strike or "0"
    return (
        query.security_type == option.security_type
        and option.expiry.strftime("%Y%m%d").startswith(query.expiry)
        and _is_strike(wanted_strike, option.strike)
        and query.right[:1].upper() in ("", "0", "?", option.right)
        and query.multiplier in ("", option.multiplier)
        and query.trading_class in ("", option.trading_class)
        and query.local_symbol in ("", option.local_symbol)
        and query.exchange in ("", *exchanges(option.underlying).split(","))
    )


def _is_strike(text: str, strike: Decimal) -> bool:
    try:
        wanted = Decimal(text)
    except ArithmeticError:
        return False
    return wanted in (0, strike)


def terms_of(option: Option, now_ns: int) -> Terms:
    """Return what an option's price depends on at a moment, beside the underlying."""
    end_ns = from_datetime(datetime.combine(option.expiry, end_of_option(option), NEW_YORK_ZONE))
    years = max(end_ns - now_ns, 0) / _YEAR_NS
    return Terms(option.right == "C", float(option.strike), years, option.is_on_future)


def end_of_option(option: Option) -> time:
    """Return when on its last day an option ends, New York."""
    return time(14, 30) if option.is_on_future else time(16)
