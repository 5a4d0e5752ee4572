"""An endless simulated market: futures and funds that belong together, quoted and traded.

Everything comes from the seed: the same symbols, seed, start and scenario give the same updates
on every machine. What is simulated and what isn't: prices, sizes and trades are drawn around a
fair value; own orders do not move the market beyond what they take from the book.
"""

from collections.abc import Iterator, Sequence
from random import Random

from microfutures.model import catalog
from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, to_iso
from microfutures.model.trading_hours import NEW_YORK, local_date
from microfutures.venue.messages import BookUpdate, MarketUpdate
from microfutures.venue.past import Past
from microfutures.venue.process import BASIS_POINT, Gap, Walk, activity
from microfutures.venue.roll import rolling_share
from microfutures.venue.scenarios import scenario as find_scenario
from microfutures.venue.tradable import Tradable

STEP_NS = 250_000_000
QUIETER = 4
"""Outside of liquid hours a step takes so many times as long."""
LISTED_MONTHS = 6


class SyntheticMarket:
    """A `MarketSource` without end.

    Parameters
    ----------
    symbols
        Products of the catalog; a future brings its next six months, two of them quoted.
    seed
        Names one market among all possible ones.
    start_ns
        Nanoseconds UTC; None means the scenario's own start, a weekday morning of New York.
    scenario
        A name of `scenarios.SCENARIOS`.
    step_ns
        How often the nearest months are quoted in liquid hours; trades don't become rarer with it.
    """

    def __init__(
        self,
        symbols: Sequence[str] = ("MCL", "USO"),
        *,
        seed: int = 1,
        start_ns: int | None = None,
        scenario: str = "demo",
        step_ns: int = STEP_NS,
    ) -> None:
        if not symbols:
            raise InvalidValueError("a simulated market needs at least one symbol, had none")
        self._scenario = find_scenario(scenario)
        self._start_ns = self._scenario.start_ns if start_ns is None else start_ns
        self._seed = seed
        self._step_ns = step_ns
        self._symbols = tuple(dict.fromkeys(symbols))
        self._tradables = self._list()
        self._groups = {tradable.habit.group: tradable.habit for tradable in self._tradables}
        self._gaps = {
            group: Gap(self._scenario, self._start_ns, f"{seed}/{group}/gap")
            for group in self._groups
        }
        self._past = {group: self._past_of(group) for group in self._groups}

    @property
    def start_ns(self) -> int:
        """Return the moment at which the market begins, nanoseconds UTC."""
        return self._start_ns

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return everything listed."""
        return tuple(tradable.instrument for tradable in self._tradables)

    def describe(self) -> str:
        """Say in one line what market this is."""
        symbols = " ".join(dict.fromkeys(item.symbol for item in self.instruments))
        return (
            f"{self._scenario.name} market, {self._scenario.description}; {symbols} from "
            f"{to_iso(self._start_ns)}, seed {self._seed}"
        )

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        """Return bars before the start, of the same walks that the live part continues."""
        for tradable in self._tradables:
            if tradable.instrument.instrument_id == instrument_id:
                past = self._past[tradable.habit.group]
                return past.bars(tradable, min(end_ns, self._start_ns), bar_seconds, count)
        known = ", ".join(item.instrument_id for item in self.instruments)
        raise InvalidValueError(f"{instrument_id} is not in this market; listed: {known}")

    def updates(self) -> Iterator[MarketUpdate]:
        """Yield books and trades from the start on, for ever; a new call begins anew."""
        walks = {group: self._walk(group, "live") for group in self._groups}
        near_draws = Random(f"{self._seed}/quotes")  # noqa: S311 - reproducible, not secret
        far_draws = Random(f"{self._seed}/far")  # noqa: S311 - reproducible, not secret
        listed = self._list()
        near = [item for item in listed if item.is_near]
        far = [item for item in listed if not item.is_near]
        open_ones: dict[InstrumentId, int] = {}
        now_ns, step_number = self._start_ns, 0
        moved = plunged = 0.0
        while True:
            yield from _closing_books(open_ones, now_ns)
            trading = [item for item in near if item.hours.is_open(now_ns)]
            step_ns = self._step_ns if _is_lively(trading, now_ns) else QUIETER * self._step_ns
            until_ns = now_ns + step_ns if trading else _next_open(near, now_ns)
            if until_ns is None:
                return
            seconds = (until_ns - now_ns) / NANOSECONDS_PER_SECOND
            push, fright = self._course(until_ns) - moved, self._plunge(until_ns) - plunged
            moved, plunged = moved + push, plunged + fright
            liveliness = activity(now_ns)
            for walk in walks.values():
                if trading:
                    walk.step(seconds, liveliness, push, abs(fright))
                else:
                    walk.rest(seconds, push, abs(fright))
            if trading:
                plunge = self._plunge(until_ns)
                step = _Step(step_number, now_ns, step_ns, plunge, open_ones, walks)
                yield from self._near(trading, step, near_draws)
                yield from self._far(far, step, far_draws, slots=len(trading))
                step_number += 1
            now_ns = until_ns

    def _near(self, items: list[Tradable], step: "_Step", draws: Random) -> Iterator[MarketUpdate]:
        """Yield a step's updates of the months near by, each in the first half of its own slot."""
        slot_ns = step.length_ns // len(items)
        for place, item in enumerate(items):
            if step.number % item.quiet_steps == 0:
                moment_ns = step.now_ns + place * slot_ns + draws.randrange(slot_ns // 2)
                yield from self._quote(item, moment_ns, step, draws)

    def _far(
        self, items: list[Tradable], step: "_Step", draws: Random, *, slots: int
    ) -> Iterator[MarketUpdate]:
        """Yield a step's updates of the months far out, in the second half of the last slot."""
        late_ns = step.now_ns + step.length_ns - step.length_ns // slots // 2
        for place, item in enumerate(items):
            if step.number % item.quiet_steps == 0:
                yield from self._quote(item, late_ns + place, step, draws)

    def _quote(
        self, item: Tradable, moment_ns: int, step: "_Step", draws: Random
    ) -> Iterator[MarketUpdate]:
        """Yield what a contract does at its moment of a step."""
        session = item.hours.trading_at(step.now_ns)
        if session is None or moment_ns >= session.close_ns:
            return
        step.open_ones[item.instrument.instrument_id] = session.close_ns
        yield from item.enter(session, moment_ns)
        group, is_liquid = item.habit.group, item.hours.is_liquid(step.now_ns)
        walk = step.walks[group]
        gap = walk.background + self._gaps[group].at(moment_ns)
        fair, turbulence = item.fair_ticks(walk.common, gap, step.plunge), walk.turbulence
        book = item.book(moment_ns, fair, turbulence, is_liquid, draws)
        yield book
        seconds = step.length_ns * item.quiet_steps / NANOSECONDS_PER_SECOND
        if item.trades_in(seconds, step.liveliness, turbulence, is_liquid, draws):
            yield item.trade(moment_ns, book, draws)

    def _course(self, moment_ns: int) -> float:
        """Return the move of all prices that is bound to have happened by `moment_ns`."""
        course = self._scenario.course
        if course is None:
            return 0.0
        return course.at((moment_ns - self._start_ns) / NANOSECONDS_PER_SECOND)

    def _plunge(self, moment_ns: int) -> float:
        """Return by what share of their first price futures alone have moved by `moment_ns`."""
        plunge = self._scenario.plunge
        if plunge is None:
            return 0.0
        return plunge.share_at((moment_ns - self._start_ns) / NANOSECONDS_PER_SECOND)

    def _list(self) -> list[Tradable]:
        return [each for symbol in self._symbols for each in self._months(symbol)]

    def _months(self, symbol: str) -> Iterator[Tradable]:
        """Yield the contracts of a product, nearest first; a fund is a single one."""
        catalog.spec(symbol)
        today = local_date(self._start_ns, NEW_YORK)
        listed = catalog.listed_contracts(symbol, today)[:LISTED_MONTHS]
        first = listed.index(catalog.front_contract(symbol, today))
        last_day = listed[0].last_trade_date if self._scenario.is_rolling else None
        for place, instrument in enumerate(listed):
            share = rolling_share(place, last_day) if last_day is not None else None
            yield Tradable(instrument, self._scenario, months_out=place - first, share=share)

    def _walk(self, group: str, direction: str) -> Walk:
        seeds = Random(f"{self._seed}/{group}/start")  # noqa: S311 - reproducible, not secret
        background = seeds.gauss(0.0, self._scenario.background_bp * BASIS_POINT)
        draws = Random(f"{self._seed}/{group}/{direction}")  # noqa: S311 - reproducible
        return Walk(self._scenario, self._groups[group].annual_volatility, background, draws)

    def _past_of(self, group: str) -> Past:
        members = [item for item in self._tradables if item.habit.group == group and item.is_near]
        return Past(
            self._walk(group, "past"),
            self._gaps[group],
            start_ns=self._start_ns,
            seed=self._seed,
            is_open=lambda moment_ns: any(item.hours.is_open(moment_ns) for item in members),
        )


class _Step:
    """What is common to all contracts in one step of the market."""

    def __init__(
        self,
        number: int,
        now_ns: int,
        length_ns: int,
        plunge: float,
        open_ones: dict[InstrumentId, int],
        walks: dict[str, Walk],
    ) -> None:
        self.number = number
        self.now_ns = now_ns
        self.length_ns = length_ns
        self.plunge = plunge
        self.liveliness = activity(now_ns)
        self.open_ones = open_ones
        """When the session ends of each contract that is open."""
        self.walks = walks


def _is_lively(trading: list[Tradable], now_ns: int) -> bool:
    return any(item.hours.is_liquid(now_ns) for item in trading)


def _closing_books(open_ones: dict[InstrumentId, int], now_ns: int) -> list[BookUpdate]:
    """Return an empty book for every contract whose session ended, and forget it."""
    ended = [(close_ns, name) for name, close_ns in open_ones.items() if close_ns <= now_ns]
    for _, name in ended:
        del open_ones[name]
    return [BookUpdate(now_ns, name, None, None, 0, 0) for _, name in sorted(ended)]


def _next_open(near: list[Tradable], now_ns: int) -> int | None:
    opens = (item.hours.next_open_ns(now_ns) for item in near)
    return min((moment for moment in opens if moment is not None), default=None)
