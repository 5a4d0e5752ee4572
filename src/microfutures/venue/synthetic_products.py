"""How each product trades in the simulated market: price, group, sizes, spreads, activity.

Round figures of the order of 2026; nothing here is a quote of anybody. Symbols of one group
share their common factor; futures and funds of a group are the two sides of a pair.
"""

from datetime import date

import msgspec

from microfutures.model.catalog import spec
from microfutures.model.expiry import third_friday
from microfutures.model.instrument import SecurityType


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """How one product trades."""

    symbol: str
    group: str
    price: float
    annual_volatility: float
    typical_size: int
    """At the touch, contracts or shares."""
    lot: int
    spread_ticks: int
    """The tightest, in liquid hours; a third of the time one tick more, outside twice as wide."""
    trades_per_second: float
    trade_lots: int


class _Group(msgspec.Struct, frozen=True):
    name: str
    volatility: float
    futures: tuple[tuple[str, float], ...]
    funds: tuple[tuple[str, float], ...] = ()
    """Shares too."""
    others: tuple[tuple[str, float], ...] = ()
    """Currency pairs and indices."""


_GROUPS = (
    _Group("oil", 0.30, (("MCL", 70.0), ("CL", 70.0)), (("USO", 78.0), ("BNO", 35.0))),
    _Group("gas", 0.60, (("MHNG", 3.2), ("NG", 3.2)), (("UNG", 15.0),)),
    _Group("gold", 0.16, (("MGC", 3500.0), ("GC", 3500.0)), (("GLD", 322.0),)),
    _Group("silver", 0.30, (("SIL", 40.0), ("SI", 40.0)), (("SLV", 36.5),)),
    _Group("copper", 0.25, (("MHG", 4.6), ("HG", 4.6))),
    _Group("s&p", 0.16, (("MES", 6500.0), ("ES", 6500.0)), (("SPY", 648.0),), (("SPX", 6480.0),)),
    _Group(
        "nasdaq", 0.21, (("MNQ", 23700.0), ("NQ", 23700.0)), (("QQQ", 576.0),), (("NDX", 23650.0),)
    ),
    _Group("russell", 0.22, (("M2K", 2390.0), ("RTY", 2390.0)), (("IWM", 237.0),)),
    _Group("dow", 0.15, (("MYM", 45600.0), ("YM", 45600.0)), (("DIA", 455.0),)),
    _Group("australia", 0.10, (("M6A", 0.655),), (), (("AUD.USD", 0.655),)),
    _Group("britain", 0.08, (("M6B", 1.35),), (), (("GBP.USD", 1.35),)),
    _Group("euro", 0.08, (("M6E", 1.17),), (), (("EUR.USD", 1.17),)),
    _Group("canada", 0.06, (("MCD", 0.725),), (), (("USD.CAD", 1.38),)),
    _Group("switzerland", 0.09, (("MSF", 1.25),), (), (("USD.CHF", 0.8),)),
    _Group("japan", 0.10, (("MJY", 0.0068),), (), (("USD.JPY", 147.0),)),
    _Group("bitcoin", 0.50, (("MBT", 112000.0),)),
    _Group("ether", 0.70, (("MET", 4300.0),)),
    _Group("2 years", 0.25, (("2YY", 3.5),)),
    _Group("5 years", 0.25, (("5YY", 3.6),)),
    _Group("10 years", 0.20, (("10Y", 4.1),)),
    _Group("30 years", 0.15, (("30Y", 4.7),)),
    _Group("Apple", 0.28, (), (("AAPL", 230.0),)),
    _Group("AMD", 0.50, (), (("AMD", 155.0),)),
    _Group("Amazon", 0.32, (), (("AMZN", 230.0),)),
    _Group("Interactive Brokers", 0.38, (), (("IBKR", 62.0),)),
    _Group("IBM", 0.24, (), (("IBM", 255.0),)),
    _Group("Microsoft", 0.24, (), (("MSFT", 500.0),)),
    _Group("Intel", 0.45, (), (("INTC", 24.5),)),
    _Group("Tesla", 0.55, (), (("TSLA", 350.0),)),
    _Group("volatility", 1.10, (), (), (("VIX", 15.5),)),
)

_ACTIVITY: dict[SecurityType, tuple[int, int, float, int]] = {
    SecurityType.FUTURE: (20, 1, 1.0, 3),
    SecurityType.STOCK: (1200, 100, 2.0, 4),
    SecurityType.CURRENCY: (3_000_000, 100_000, 1.0, 5),
    SecurityType.INDEX: (1, 1, 1.0, 1),
}
"""Size at the touch, lot, trades a second and lots a trade."""


def _habits() -> dict[str, Habit]:
    habits: dict[str, Habit] = {}
    for group in _GROUPS:
        for symbol, price in (*group.futures, *group.funds, *group.others):
            size, lot, trades, trade_lots = _ACTIVITY[spec(symbol).security_type]
            habits[symbol] = Habit(
                symbol=symbol,
                group=group.name,
                price=price,
                annual_volatility=group.volatility,
                typical_size=size,
                lot=lot,
                spread_ticks=1,
                trades_per_second=trades,
                trade_lots=trade_lots,
            )
    return habits


HABITS: dict[str, Habit] = _habits()
"""Every symbol of the catalog."""

# Dividends of funds, as a share of the price: a round figure of the order of 2026. Ex-dates: third
# Friday of the last month of a quarter (prospectus of the SPDR S&P 500 ETF Trust).
_QUARTERLY_PAYERS = {"SPY": 0.0027}


def dividend_share(symbol: str, day: date) -> float:
    """Return the share of its price that a fund pays to who holds it when `day` begins, or 0."""
    share = _QUARTERLY_PAYERS.get(symbol, 0.0)
    is_ex = day.month % 3 == 0 and day == third_friday(day.year, day.month)
    return share if is_ex else 0.0
