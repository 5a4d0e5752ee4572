"""One contract of the simulated market: when it trades, how liquid it is, what it quotes."""

from datetime import timedelta
from math import exp
from random import Random

from microfutures.model import catalog
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.sessions import Session, next_open, session_at
from microfutures.model.trading_hours import local_date
from microfutures.venue.messages import BookUpdate, TradeUpdate
from microfutures.venue.synthetic_products import HABITS

HOURS_CHUNK = timedelta(days=30)
# Each further month of a future is worth this much less (backwardation).
CARRY_PER_MONTH = 0.006
# Volume of the front month, the next and the others, relative to the front's.
VOLUME_BY_RANK = (1.0, 0.35, 0.04)
QUOTED_RANKS = 2
# The next month quotes at every fourth step only.
STEPS_BY_RANK = (1, 4)


class Hours:
    """Trading and liquid hours of a contract, known as far as they are asked for."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._from_ns = self._until_ns = 0
        self._trading: tuple[Session, ...] = ()
        self._liquid: tuple[Session, ...] = ()

    def trading_at(self, moment_ns: int) -> Session | None:
        """Return the session that contains `moment_ns`, if any."""
        self._know(moment_ns)
        return session_at(self._trading, moment_ns)

    def is_open(self, moment_ns: int) -> bool:
        """Tell whether it trades at `moment_ns`."""
        return self.trading_at(moment_ns) is not None

    def is_liquid(self, moment_ns: int) -> bool:
        """Tell whether `moment_ns` lies in liquid hours."""
        self._know(moment_ns)
        return session_at(self._liquid, moment_ns) is not None

    def next_open_ns(self, moment_ns: int) -> int | None:
        """Return when the next session opens; None for a contract that has ended."""
        self._know(moment_ns)
        session = next_open(self._trading, moment_ns)
        return None if session is None else session.open_ns

    def _know(self, moment_ns: int) -> None:
        if self._from_ns <= moment_ns < self._until_ns:
            return
        instrument = self._instrument
        today = local_date(moment_ns, instrument.time_zone)
        known = catalog.with_hours(instrument, today)
        self._trading, self._liquid = known.trading_hours, known.liquid_hours
        day_ns = 24 * 3600 * 10**9
        self._from_ns, self._until_ns = moment_ns - 4 * day_ns, moment_ns + 4 * day_ns


class Tradable:
    """One contract with its habits; prices come from the walk of its group."""

    def __init__(self, instrument: Instrument, rank: int) -> None:
        self.instrument = instrument
        self.habit = HABITS[instrument.symbol]
        self.rank = rank
        self.hours = Hours(instrument)
        self._tick = float(instrument.tick_size)
        is_future = instrument.security_type is SecurityType.FUTURE
        self._gap_share = 0.5 if is_future else -0.5
        self._level = self.habit.price * exp(-CARRY_PER_MONTH * rank)

    @property
    def volume_share(self) -> float:
        """Return its volume relative to the front month's."""
        return VOLUME_BY_RANK[min(self.rank, len(VOLUME_BY_RANK) - 1)]

    @property
    def is_quoted(self) -> bool:
        """Tell whether anybody quotes it."""
        return self.rank < QUOTED_RANKS

    def fair_ticks(self, common: float, gap: float) -> float:
        """Return the fair price in ticks, not rounded."""
        return self._level * exp(common + self._gap_share * gap) / self._tick

    def book(self, time_ns: int, fair: float, is_liquid: bool, draws: Random) -> BookUpdate:
        """Return a top of book around the fair price."""
        spread = self.habit.spread_ticks + (1 if draws.random() < 0.33 else 0)
        if not is_liquid:
            spread *= 2
        bid = round(fair - spread / 2)
        thinness = (1.0 if is_liquid else 0.3) * self.volume_share
        return BookUpdate(
            time_ns,
            self.instrument.instrument_id,
            bid,
            bid + spread,
            self._size(thinness, draws),
            self._size(thinness, draws),
        )

    def trades_in(self, seconds: float, activity: float, is_liquid: bool, draws: Random) -> bool:
        """Draw whether somebody trades within `seconds`."""
        rate = self.habit.trades_per_second * activity * self.volume_share
        return draws.random() < rate * seconds * (0.5 if is_liquid else 0.1)

    def trade(self, time_ns: int, book: BookUpdate, draws: Random) -> TradeUpdate:
        """Return a trade at one side of `book`."""
        ticks = book.bid_ticks if draws.random() < 0.5 else book.ask_ticks
        assert ticks is not None  # noqa: S101 - books made above have both sides
        lots = 1 + int(draws.expovariate(1.0 / self.habit.trade_lots))
        return TradeUpdate(time_ns, self.instrument.instrument_id, ticks, lots * self.habit.lot)

    def _size(self, thinness: float, draws: Random) -> int:
        lots = self.habit.typical_size * thinness / self.habit.lot
        return max(1, round(lots * draws.lognormvariate(0.0, 0.5))) * self.habit.lot
