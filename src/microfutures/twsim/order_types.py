"""The order types that are simulated, one row each.

Source: IB's API reference, "Order Types". Types that no exchange knows are worked by IB itself:
held until their moment, and sent as a market or a limit order then.
"""

from enum import StrEnum

import msgspec


class Until(StrEnum):
    """What an order waits for before it goes to the exchange."""

    NOTHING = "nothing"
    STOP = "the market moving against the trigger price"
    TOUCH = "the market coming to the trigger price"
    TRAIL = "the market turning by an amount"
    CLOSE = "the end of regular hours"
    PRICE = "a price to take"


class Peg(StrEnum):
    """What the price of a working order follows."""

    NOTHING = "nothing"
    PRIMARY = "the best price of its own side"
    MIDPOINT = "the middle of bid and ask"


class OrderKind(msgspec.Struct, frozen=True, kw_only=True):
    """One type: the prices it needs, what it waits for, what it is at the exchange."""

    name: str
    needs_limit: bool = False
    needs_aux: bool = False
    until: Until = Until.NOTHING
    peg: Peg = Peg.NOTHING
    native: str = "LMT"
    """``MKT``, ``LMT`` or ``STP``: what the exchange gets."""
    is_for_futures: bool = True


_ROWS = (
    OrderKind(name="MKT", native="MKT"),
    OrderKind(name="LMT", needs_limit=True),
    OrderKind(name="STP", needs_aux=True, native="STP"),
    OrderKind(name="STP LMT", needs_limit=True, needs_aux=True, until=Until.STOP),
    OrderKind(name="TRAIL", until=Until.TRAIL, native="MKT"),
    OrderKind(name="TRAIL LIMIT", until=Until.TRAIL),
    OrderKind(name="MIT", needs_aux=True, until=Until.TOUCH, native="MKT"),
    OrderKind(name="LIT", needs_limit=True, needs_aux=True, until=Until.TOUCH),
    OrderKind(name="MTL", until=Until.PRICE),
    OrderKind(name="MOC", until=Until.CLOSE, native="MKT", is_for_futures=False),
    OrderKind(name="LOC", needs_limit=True, until=Until.CLOSE, is_for_futures=False),
    OrderKind(name="REL", until=Until.PRICE, peg=Peg.PRIMARY),
    OrderKind(name="PEG MID", until=Until.PRICE, peg=Peg.MIDPOINT, is_for_futures=False),
)

KINDS: dict[str, OrderKind] = {row.name: row for row in _ROWS}

TIMES_IN_FORCE = ("DAY", "GTC", "IOC", "FOK", "GTD", "OPG")
