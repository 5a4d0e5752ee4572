"""Counts what the desk sends: IB takes fifty messages a second and no more."""

from campaign.violations import Violations
from microfutures.ports.clock import Clock
from microfutures.twsim.faults.desk import FaultDesk
from microfutures.twsim.rate import MESSAGES_PER_SECOND, MessageRate
from microfutures.twsim.server import TwsServer
from microfutures.twsim.session import Session


class CountedRequests(FaultDesk):
    """The faults of a day, and the pace of every client."""

    def __init__(
        self, server: TwsServer, clock: Clock, *, seed: int, violations: Violations
    ) -> None:
        super().__init__(server, clock, seed=seed)
        self._now = clock.now_ns
        self._rates: dict[Session, MessageRate] = {}
        self._violations = violations

    def takes(self, session: Session, frame: bytes) -> bool:
        """Count a request, then let the faults have it."""
        rate = self._rates.setdefault(session, MessageRate(MESSAGES_PER_SECOND))
        broken = rate.count(self._now())
        if broken is not None:
            self._violations.add("messages a second", f"{broken.received} in one second")
        return super().takes(session, frame)
