"""Products that move together: one underlying, or underlyings that hardly ever part.

Not here: how closely two legs of a pair follow each other at the moment (`analytics`).
"""

_ROWS: dict[str, tuple[str, ...]] = {
    "crude oil": ("MCL", "CL", "USO", "BNO"),
    "natural gas": ("MHNG", "NG", "UNG"),
    # The large US indices' daily returns correlate by 0.8 to 0.97 (S&P, Nasdaq, Russell, Dow).
    "US equities": (
        *("MES", "ES", "MNQ", "NQ", "M2K", "RTY", "MYM", "YM"),
        *("SPY", "QQQ", "IWM", "DIA"),
    ),
    "precious metals": ("MGC", "GC", "GLD", "SIL", "SI", "SLV"),
    "copper": ("MHG", "HG"),
    "dollar": ("M6A", "M6B", "M6E", "MSF", "MJY", "MCD"),
    "crypto": ("MBT", "MET"),
    "US rates": ("2YY", "5YY", "10Y", "30Y"),
}

NEVER_NEGATIVE = frozenset({"US equities", "precious metals", "copper", "dollar", "crypto"})
"""Families whose futures can't be worth nothing. Oil settled below zero on 2020-04-20, rates did
for years, and of what no row names nothing is known."""

_FAMILY_OF = {symbol: family for family, symbols in _ROWS.items() for symbol in symbols}


def family_of(symbol: str) -> str:
    """Return the family of `symbol`; a product that no row names is a family of its own."""
    return _FAMILY_OF.get(symbol, symbol)
