"""The laws that are held every few seconds, while nothing hinders the desk."""

import asyncio
from collections.abc import Callable

from campaign.eyes import Eyes
from campaign.stage import CASH
from campaign.violations import Violations
from campaign.witness import Witness
from microfutures.config.risk_limits import RiskLimits
from microfutures.twsim.gateway import DEFAULT_ACCOUNT
from microfutures.venue.venue import Venue

LOOK_SECONDS = 5.0
REPAIR_SECONDS = 45.0
"""A leg may be alone for the limit of its intent, and for its repair so much longer."""
QUIET_SECONDS = 60.0
"""After so long without an order the desk must know what it holds."""
TRIP_SECONDS = 30.0
"""A round trip that lost too much is being closed after so long, or is no round trip any more."""


class Lookout:
    """Looks on at desk and broker together."""

    def __init__(
        self,
        *,
        eyes: Eyes,
        witness: Witness,
        venue: Venue,
        violations: Violations,
        limits: RiskLimits,
        capital: float,
        unhedged_seconds: float,
        is_line_free: Callable[[], bool],
    ) -> None:
        self._eyes = eyes
        self._witness = witness
        self._venue = venue
        self._violations = violations
        self._largest_loss = capital * limits.max_trip_loss_percent / 100
        self._alone_limit = unhedged_seconds + REPAIR_SECONDS
        self._is_line_free = is_line_free
        self._alone = self._quiet = self._losing = 0.0
        self._moves = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._check_cash()
            is_free = self._eyes.is_unhindered and self._is_line_free()
            self._check_alone(is_free=is_free)
            self._check_quiet(is_free=is_free)
            self._check_trip(is_free=is_free)

    def _check_cash(self) -> None:
        state = self._venue.account(DEFAULT_ACCOUNT)
        expected = CASH + self._witness.cash + self._witness.worth(self._venue)
        self._violations.require(
            state.net_liquidation == expected,
            "cash is conserved",
            f"net liquidation {state.net_liquidation}, by executions {expected}",
        )

    def _check_alone(self, *, is_free: bool) -> None:
        held = self._witness.positions(ours=True)
        if len(held) != 1:
            self._alone = 0.0
        elif is_free:
            self._alone += LOOK_SECONDS
        if self._alone > self._alone_limit:
            self._violations.add("no leg stays alone", f"{held} for {self._alone:g} s")
            self._alone = 0.0

    def _check_quiet(self, *, is_free: bool) -> None:
        """Hold what the desk believes against what the broker's executions made."""
        # An order may come and be gone between two looks.
        moves, self._moves = self._moves, self._witness.moves
        is_quiet = is_free and not self._witness.our_live and moves == self._moves
        self._quiet = self._quiet + LOOK_SECONDS if is_quiet else 0.0
        if self._quiet < QUIET_SECONDS:
            return
        theirs, ours = self._witness.positions(ours=True), self._eyes.desk_positions()
        self._violations.require(
            ours == theirs, "once quiet, positions are the broker's", f"{ours}, there {theirs}"
        )

    def _check_trip(self, *, is_free: bool) -> None:
        trip = self._witness.open_trip(self._venue)
        is_losing = trip is not None and trip < -self._largest_loss * 1.05 - 2
        if not is_losing or self._eyes.is_closing:
            self._losing = 0.0
        elif is_free:
            self._losing += LOOK_SECONDS
        if self._losing > TRIP_SECONDS:
            self._violations.add("loss of a round trip", f"{trip} USD for {self._losing:g} s")
            self._losing = 0.0
