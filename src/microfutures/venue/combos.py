"""Combos: several contracts that are bought and sold as one, for what they cost together.

Nobody quotes a combo by itself here. Its book is made of its legs' books, and what an order of it
trades is taken from them, whole units at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import gcd, lcm
from random import Random
from typing import NamedTuple

from msgspec.structs import replace

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.orders import Side
from microfutures.model.sessions import Session, joint_sessions
from microfutures.venue import matching
from microfutures.venue.book import Book
from microfutures.venue.messages import BookUpdate, ComboLeg

MAX_LISTED = 500
"""Combos that are remembered while no order needs them; a client can think of any number."""


class Part(NamedTuple):
    """One leg of a combo at its book."""

    book: Book
    ratio: int
    scale: int
    """Ticks of the combo in one tick of the leg."""

    def side(self, side: Side) -> Side:
        """Return what is done with the leg when the combo is traded on `side`."""
        return Side.BUY if (side is Side.BUY) == (self.ratio > 0) else Side.SELL

    def left(self, side: Side) -> int:
        """Return the whole units of the combo that its touch has left for an order."""
        book = self.book
        left = book.left_at_ask if self.side(side) is Side.BUY else book.left_at_bid
        return max(0, left) // abs(self.ratio)


class Units(NamedTuple):
    """Whole units of some parts that were traded at one price."""

    quantity: int
    ticks: int
    """What a unit cost, in ticks of the combo; below zero when it brought money in."""
    fills: list[list[matching.Fill]]
    """What each part traded."""


class ComboBook(Book):
    """The top of a combo's book, made anew from its legs' books by `refresh`."""

    __slots__ = ("legs", "parts")

    def __init__(self, legs: Sequence[ComboLeg], books: Sequence[Book]) -> None:
        super().__init__(_instrument(legs, books))
        self.legs = tuple(legs)
        self.parts = tuple(
            Part(book, leg.ratio, int(book.instrument.tick_size / self.instrument.tick_size))
            for leg, book in zip(legs, books, strict=True)
        )

    def refresh(self) -> None:
        """Quote what the legs cost together now."""
        name = self.instrument.instrument_id
        since_ns = min(part.book.updated_ns for part in self.parts)
        bid, ask = self._touch(Side.SELL), self._touch(Side.BUY)
        sizes = [min(part.left(side) for part in self.parts) for side in (Side.SELL, Side.BUY)]
        self.update(BookUpdate(since_ns, name, bid, ask, *sizes))

    def renew_hours(self) -> None:
        """Take the hours that the legs have now."""
        trading, liquid = _hours([part.book.instrument for part in self.parts])
        self.instrument = replace(self.instrument, trading_hours=trading, liquid_hours=liquid)

    def _touch(self, side: Side) -> int | None:
        return cost_of_unit(self.parts, side)


class Combos:
    """The combos that were asked for, by name.

    ``needed`` tells which must not be forgotten to make room for others.
    """

    def __init__(
        self, books: Mapping[InstrumentId, Book], needed: Callable[[], set[InstrumentId]]
    ) -> None:
        self._books = books
        self._needed = needed
        self._combos: dict[InstrumentId, ComboBook] = {}
        self._by_leg: dict[InstrumentId, dict[InstrumentId, ComboBook]] = {}

    def book_of(self, name: InstrumentId) -> Book:
        """Return the book of a contract, or of a combo that is known."""
        return self._combos.get(name) or self._books[name]

    def listed(self, legs: Sequence[ComboLeg]) -> ComboBook | None:
        """Return the book of a combo as it stands now; None when a leg is not listed."""
        name = combo_name(legs)
        combo = self._combos.get(name)
        if combo is None:
            books = [self._books.get(leg.instrument_id) for leg in legs]
            known = [book for book in books if book is not None]
            if len(known) < len(books):
                return None
            self._make_room()
            combo = self._combos[name] = ComboBook(legs, known)
            for leg in legs:
                self._by_leg.setdefault(leg.instrument_id, {})[name] = combo
        combo.refresh()
        return combo

    def of_leg(self, name: InstrumentId) -> list[ComboBook]:
        """Return the combos that a contract is a leg of."""
        return list(self._by_leg.get(name, {}).values())

    def renew_hours(self) -> None:
        """Give every combo the hours that its legs have now."""
        for combo in self._combos.values():
            combo.renew_hours()

    def _make_room(self) -> None:
        if len(self._combos) < MAX_LISTED:
            return
        for name in self._combos.keys() - self._needed():
            for leg in self._combos.pop(name).legs:
                del self._by_leg[leg.instrument_id][name]


def combo_name(legs: Sequence[ComboLeg]) -> InstrumentId:
    """Return the name of a combo: ``+1*MCLV6-1*MCLX6``."""
    return InstrumentId("".join(f"{leg.ratio:+d}*{leg.instrument_id}" for leg in legs))


def cost_of_unit(parts: Sequence[Part], side: Side) -> int | None:
    """Return what a unit costs at the touch, in ticks of the combo; None while a leg has none."""
    total = 0
    for part in parts:
        touch = part.book.touch_ticks(part.side(side))
        if touch is None:
            return None
        total += touch * part.ratio * part.scale
    return total


def take(
    parts: Sequence[Part], side: Side, quantity: int, limit: int | None, draws: Random
) -> list[Units]:
    """Return what an order trades at once of all `parts` alike, and remember it as taken.

    A unit that would cost more than `limit` is not traded, and takes nothing of any part.
    """
    traded: list[Units] = []
    while quantity > 0:
        count = min(quantity, max(1, min(part.left(side) for part in parts)))
        before = [_taken(part.book) for part in parts]
        units = _take_units(parts, side, count, draws)
        if units is None or (limit is not None and (units.ticks - limit) * side.sign > 0):
            for part, taken in zip(parts, before, strict=True):
                _give_back(part.book, taken)
            break
        traded.append(units)
        quantity -= count
    return traded


def _take_units(parts: Sequence[Part], side: Side, count: int, draws: Random) -> Units | None:
    cost = 0
    fills: list[list[matching.Fill]] = []
    for part in parts:
        wanted = count * abs(part.ratio)
        of_part = matching.take(part.book, part.side(side), wanted, None, draws)
        if sum(quantity for _, quantity in of_part) < wanted:
            return None
        paid = sum(ticks * quantity for ticks, quantity in of_part) * part.scale
        cost += paid if part.ratio > 0 else -paid
        fills.append(of_part)
    # Every unit costs the same: more than one are taken at the touches alone.
    return Units(count, cost // count, fills)


_Taken = tuple[int, int, int, int]


def _taken(book: Book) -> _Taken:
    return book.left_at_bid, book.left_at_ask, book.bid_taken_levels, book.ask_taken_levels


def _give_back(book: Book, taken: _Taken) -> None:
    book.left_at_bid, book.left_at_ask, book.bid_taken_levels, book.ask_taken_levels = taken


def _instrument(legs: Sequence[ComboLeg], books: Sequence[Book]) -> Instrument:
    members = [book.instrument for book in books]
    first = members[0]
    trading, liquid = _hours(members)
    return Instrument(
        instrument_id=combo_name(legs),
        symbol=first.symbol,
        security_type=SecurityType.COMBO,
        exchange=first.exchange,
        currency=first.currency,
        multiplier=first.multiplier,
        tick_size=_common_tick([member.tick_size for member in members]),
        con_id=0,
        time_zone=first.time_zone,
        trading_hours=trading,
        liquid_hours=liquid,
    )


def _hours(members: Sequence[Instrument]) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    """Return when all members trade; futures have no hours to stay out of, like alone."""
    trading = joint_sessions([member.trading_hours for member in members])
    if all(member.security_type is SecurityType.FUTURE for member in members):
        return trading, trading
    return trading, joint_sessions([member.liquid_hours for member in members])


def _common_tick(ticks: Sequence[Decimal]) -> Decimal:
    """Return the largest tick that every leg's prices are multiples of."""
    shares = [Fraction(tick) for tick in ticks]
    below = lcm(*(share.denominator for share in shares))
    above = gcd(*(int(share * below) for share in shares))
    return Decimal(above) / Decimal(below)
