"""What one client wants to be told again and again."""

import msgspec

from microfutures.twsim.history.growing_bars import GrowingBar, GrowingBars, RealTimeBars


class GrowingRequest(msgspec.Struct, frozen=True):
    """A history request that is kept up to date."""

    bar: GrowingBar
    date_format: int


class Subscriptions:
    """Requests that live until they are cancelled, by request id where they have one."""

    def __init__(self) -> None:
        self.positions = False
        self.account_updates: str | None = None
        """The account whose values are sent."""
        self.summaries: dict[int, tuple[str, ...]] = {}
        self.pnl: dict[int, str] = {}
        self.pnl_single: dict[int, tuple[str, int]] = {}
        """Account and conId."""
        self.positions_multi: dict[int, str] = {}
        self.updates_multi: dict[int, str] = {}
        self.real_time: dict[int, RealTimeBars] = {}
        self.growing: dict[int, GrowingRequest] = {}
        self.history: set[int] = set()
        """Requests for past bars that are being answered."""
        self.opening: set[int] = set()
        """Market data lines whose first message is being worked out."""
        self.scans: set[int] = set()

    def end(self, growing: GrowingBars) -> None:
        """Let no bar grow for this client any more."""
        for real_time in self.real_time.values():
            growing.remove(real_time.bar)
        for request in self.growing.values():
            growing.remove(request.bar)
        self.real_time.clear()
        self.growing.clear()
        self.history.clear()
