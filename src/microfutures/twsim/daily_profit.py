"""Profit since midnight in New York, what TWS calls the daily P&L."""

from decimal import Decimal

from microfutures.model.identifiers import InstrumentId
from microfutures.model.timestamp import exchange_time
from microfutures.venue.messages import AccountState, VenuePosition
from microfutures.venue.venue import Venue

ZERO = Decimal(0)


class DailyProfit:
    """Remembers what accounts and positions had earned when the day began."""

    def __init__(self, venue: Venue, accounts: tuple[str, ...]) -> None:
        self._venue = venue
        self._accounts = accounts
        self._day = ""
        self._before: dict[str, Decimal] = {}
        self._before_by_position: dict[tuple[str, InstrumentId], Decimal] = {}

    def on_time(self, now_ns: int) -> None:
        """Begin a new day when it has come; to be called every second."""
        day = exchange_time(now_ns, pattern="%Y%m%d")
        if day == self._day:
            return
        self._day = day
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
