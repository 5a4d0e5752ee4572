"""One contract of the simulated market: when it trades, how liquid it is, what it quotes."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from math import ceil, exp, floor
from random import Random

from microfutures.model import catalog
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.sessions import Session, next_open, session_at
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.model.trading_hours import NEW_YORK, local_date
from microfutures.venue.messages import (
    BookUpdate,
    DividendUpdate,
    MarketUpdate,
    SplitUpdate,
    TradeUpdate,
)
from microfutures.venue.scenarios import Scenario
from microfutures.venue.synthetic_products import HABITS, dividend_share

# Each further month of a future is worth this much less (backwardation).
CARRY_PER_MONTH = 0.006
# Volume of the front month, the next and the others, relative to the front's.
VOLUME_BY_RANK = (1.0, 0.35, 0.04, 0.02)
# The next month quotes at every fourth step only, those behind it now and then.
STEPS_BY_RANK = (1, 4, 60)
NEAR_RANKS = 2
# A session opens with spreads that are three times as wide, and they narrow for five minutes.
OPENING_NS = 300 * NANOSECONDS_PER_SECOND
OPENING_SPREAD = 2.0
# At a price limit everybody queues who can't trade, and hardly anybody sells.
CROWD = 20
TRADES_AT_LIMIT = 0.05


class Hours:
    """Trading and liquid hours of a contract, known as far as they are asked for."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._from_ns = self._until_ns = 0
        self._trading: tuple[Session, ...] = ()
        self._liquid: tuple[Session, ...] = ()
        # Asked for again and again: the latest answers are tried first.
        self._session = self._liquid_session = Session(0, 0)

    def trading_at(self, moment_ns: int) -> Session | None:
        """Return the session that contains `moment_ns`, if any."""
        latest = self._session
        if latest.open_ns <= moment_ns < latest.close_ns:
            return latest
        self._know(moment_ns)
        session = session_at(self._trading, moment_ns)
        if session is not None:
            self._session = session
        return session

    def is_open(self, moment_ns: int) -> bool:
        """Tell whether it trades at `moment_ns`."""
        return self.trading_at(moment_ns) is not None

    def is_liquid(self, moment_ns: int) -> bool:
        """Tell whether `moment_ns` lies in liquid hours."""
        latest = self._liquid_session
        if latest.open_ns <= moment_ns < latest.close_ns:
            return True
        self._know(moment_ns)
        session = session_at(self._liquid, moment_ns)
        if session is not None:
            self._liquid_session = session
        return session is not None

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
    """One contract with its habits; prices come from the walk of its group.

    Parameters
    ----------
    months_out
        How many listed months it lies behind the front one; negative when it ends before it.
    share
        Its share of the front month's volume on a day; None for the usual one of its place.
    """

    def __init__(
        self,
        instrument: Instrument,
        scenario: Scenario,
        *,
        months_out: int = 0,
        share: Callable[[date], float] | None = None,
    ) -> None:
        self.instrument = instrument
        self.habit = HABITS[instrument.symbol]
        self.hours = Hours(instrument)
        rank = abs(months_out)
        self.is_near = rank < NEAR_RANKS
        """Whether it is the front month or beside it, where nearly all the trading is."""
        self.quiet_steps = STEPS_BY_RANK[min(rank, len(STEPS_BY_RANK) - 1)]
        if share is not None:
            self.quiet_steps = 1
        self.volume_share = VOLUME_BY_RANK[min(rank, len(VOLUME_BY_RANK) - 1)]
        self._share = share
        self._liquidity = scenario.liquidity
        self._tick = float(instrument.tick_size)
        is_future = instrument.security_type is SecurityType.FUTURE
        self._gap_share = 0.5 if is_future else -0.5
        self._level = self.habit.price * exp(-CARRY_PER_MONTH * months_out)
        self._plunges = 1.0 if is_future else 0.0
        is_split = instrument.security_type is SecurityType.STOCK
        self._split = scenario.split if is_split else None
        self._limit = (scenario.limit_percent or 0.0) / 100 if is_future else 0.0
        self._lowest = self._highest = 0
        self._is_locked = False
        self._session: Session | None = None
        self._fair = self._level / self._tick

    def fair_ticks(self, common: float, gap: float, plunge: float = 0.0) -> float:
        """Return the fair price in ticks, not rounded."""
        share = exp(common + self._gap_share * gap) + plunge * self._plunges
        return self._level * share / self._tick

    def moves(self, commons: Sequence[float], gaps: Sequence[float]) -> list[float]:
        """Return the logs of its prices relative to its level, for many moments at once."""
        share = self._gap_share
        return [common + share * gap for common, gap in zip(commons, gaps, strict=True)]

    def price_of_move(self, move: float) -> float:
        """Return the price at a log relative to its level, on the tick."""
        return float(self.instrument.price(round(self._level * exp(move) / self._tick)))

    def volume_share_at(self, moment_ns: int) -> float:
        """Return its volume relative to the front month's."""
        if self._share is None:
            return self.volume_share
        return self._share(local_date(moment_ns, NEW_YORK))

    def enter(self, session: Session, now_ns: int) -> Sequence[MarketUpdate]:
        """Take note of the session that is on: its price limits, its share of the volume.

        Returns what happens to the share as it opens; its price is another one from now on.
        """
        before = self._session
        if before is not None and session.close_ns == before.close_ns:
            return ()
        self._session = session
        self.volume_share = self.volume_share_at(session.close_ns)
        self._lowest = ceil(self._fair - abs(self._fair) * self._limit)
        self._highest = floor(self._fair + abs(self._fair) * self._limit)
        return () if before is None else self._corporate_actions(session, now_ns)

    def _corporate_actions(self, session: Session, now_ns: int) -> list[MarketUpdate]:
        name, actions = self.instrument.instrument_id, list[MarketUpdate]()
        share = dividend_share(self.instrument.symbol, local_date(session.close_ns, NEW_YORK))
        if share:
            self._level *= 1.0 - share
            amount = Decimal(round(self._fair * share)) * self.instrument.tick_size
            actions.append(DividendUpdate(now_ns, name, amount))
        if self._split is not None:
            new, old = self._split
            self._level *= old / new
            self._split = None
            actions.append(SplitUpdate(now_ns, name, new, old))
        return actions

    def book(
        self, time_ns: int, fair: float, turbulence: float, is_liquid: bool, draws: Random
    ) -> BookUpdate:
        """Return a top of book around the fair price, in the session that was entered."""
        self._fair = fair
        spread = self.habit.spread_ticks + (1 if draws.random() < 0.33 else 0)
        wild = max(1, int(turbulence))
        spread = round(spread * self._widening(time_ns, is_liquid) * wild)
        bid = round(fair - spread / 2)
        thinness = (1.0 if is_liquid else 0.3) * self.volume_share * self._liquidity.size / wild
        bid_size, ask_size = self._size(thinness, draws), self._size(thinness, draws)
        name = self.instrument.instrument_id
        self._is_locked = False
        if self._limit and not self._lowest <= bid <= bid + spread <= self._highest:
            self._is_locked = True
            return self._locked(time_ns, bid, bid + spread, bid_size, ask_size)
        return BookUpdate(time_ns, name, bid, bid + spread, bid_size, ask_size)

    def trades_in(
        self, seconds: float, activity: float, turbulence: float, is_liquid: bool, draws: Random
    ) -> bool:
        """Draw whether somebody trades within `seconds`."""
        rate = self.habit.trades_per_second * activity * self.volume_share * self._liquidity.trades
        rate *= 0.5 if is_liquid else 0.1
        if turbulence >= 2.0:
            rate *= int(turbulence)
        if self._is_locked:
            rate *= TRADES_AT_LIMIT
        return draws.random() < rate * seconds

    def trade(self, time_ns: int, book: BookUpdate, draws: Random) -> TradeUpdate:
        """Return a trade at one side of `book`, at the only one when it is locked."""
        is_at_bid = draws.random() < 0.5 if book.ask_ticks is not None else True
        ticks = book.bid_ticks if is_at_bid and book.bid_ticks is not None else book.ask_ticks
        assert ticks is not None  # noqa: S101 - books made above have at least one side
        lots = 1 + int(draws.expovariate(1.0 / self.habit.trade_lots))
        return TradeUpdate(time_ns, self.instrument.instrument_id, ticks, lots * self.habit.lot)

    def _widening(self, moment_ns: int, is_liquid: bool) -> float:
        """Return by how much the spread of the hour is wider than the tightest one."""
        wider = self._liquidity.spread if is_liquid else 2.0 * self._liquidity.spread
        since_ns = moment_ns - self._session.open_ns if self._session is not None else OPENING_NS
        if since_ns < OPENING_NS:
            wider *= 1.0 + OPENING_SPREAD * (1.0 - since_ns / OPENING_NS)
        return wider

    def _locked(self, time_ns: int, bid: int, ask: int, bid_size: int, ask_size: int) -> BookUpdate:
        """Return a book that a price limit cuts: nobody may offer above it or bid below it."""
        name = self.instrument.instrument_id
        if ask > self._highest:
            crowd = CROWD if bid >= self._highest else 1
            bid = min(bid, self._highest)
            return BookUpdate(time_ns, name, bid, None, bid_size * crowd, 0)
        crowd = CROWD if ask <= self._lowest else 1
        return BookUpdate(time_ns, name, None, max(ask, self._lowest), 0, ask_size * crowd)

    def _size(self, thinness: float, draws: Random) -> int:
        lots = self.habit.typical_size * thinness / self.habit.lot
        return max(1, round(lots * draws.lognormvariate(0.0, 0.5))) * self.habit.lot
