"""Profit since midnight in New York, what TWS calls the daily P&L."""

from datetime import time
from decimal import Decimal

from microfutures.model.identifiers import InstrumentId
from microfutures.model.trading_hours import NEW_YORK, ONE_DAY, local_date, moment_ns
from microfutures.venue.messages import AccountState, VenuePosition
from microfutures.venue.venue import Venue

ZERO = Decimal(0)


class DailyProfit:
    """Remembers what accounts and positions had earned when the day began."""

    def __init__(self, venue: Venue, accounts: tuple[str, ...]) -> None:
        self._venue = venue
        self._accounts = accounts
        self._until_ns = 0
        self._before: dict[str, Decimal] = {}
        self._before_by_position: dict[tuple[str, InstrumentId], Decimal] = {}

    def on_time(self, now_ns: int) -> None:
        """Begin a new day when it has come; to be called every second."""
        if now_ns < self._until_ns:
            return
        self._until_ns = moment_ns(local_date(now_ns, NEW_YORK) + ONE_DAY, time(0), NEW_YORK)
        for name in self._accounts:
            state = self._venue.account(name)
            self._before[name] = state.realized + state.unrealized
            for position in state.positions:
                earned = position.realized + position.unrealized
                self._before_by_position[name, position.instrument_id] = earned

    def of_account(self, state: AccountState) -> Decimal:
        """Return what an account has earned today."""
        return state.realized + state.unrealized - self._before.get(state.account, ZERO)

    def of_position(self, account: str, position: VenuePosition) -> Decimal:
        """Return what a position has earned today."""
        before = self._before_by_position.get((account, position.instrument_id), ZERO)
        return position.realized + position.unrealized - before
