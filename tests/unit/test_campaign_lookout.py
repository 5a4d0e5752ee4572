"""The law about quiet: desk and broker are compared only when nothing has moved for a minute."""

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from campaign.lookout import LOOK_SECONDS, QUIET_SECONDS, Lookout
from campaign.stage import CASH
from campaign.violations import Violations

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.config.risk_limits import RiskLimits


def watched(*, seconds: float, an_order_each: float | None) -> list[str]:
    """Return the laws seen broken by a desk that believes to be flat and is not.

    Orders, if any, come and are gone between two looks.
    """
    witness: Any = SimpleNamespace(
        cash=Decimal(0),
        worth=lambda _: Decimal(0),
        our_live=[],
        moves=0,
        positions=lambda *, ours: {"USO": 5, "MCLF27": -1},
        open_trip=lambda _: None,
    )
    eyes: Any = SimpleNamespace(is_unhindered=True, is_closing=False, desk_positions=dict)
    venue: Any = SimpleNamespace(account=lambda _: SimpleNamespace(net_liquidation=CASH))

    async def watch() -> list[str]:
        violations = Violations(SimulatedClock(0))
        lookout = Lookout(
            eyes=eyes,
            witness=witness,
            venue=venue,
            violations=violations,
            limits=RiskLimits(),
            capital=2000.0,
            unhedged_seconds=30.0,
            is_line_free=lambda: True,
        )
        task = asyncio.create_task(lookout.run())
        left = seconds
        while left > 0:
            await asyncio.sleep(an_order_each or left)
            left -= an_order_each or left
            witness.moves += 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return violations.found

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(watch())


def test_a_desk_that_is_wrong_for_a_minute_of_quiet_is_noticed() -> None:
    found = watched(seconds=QUIET_SECONDS + 2 * LOOK_SECONDS, an_order_each=None)
    assert "once quiet, positions are the broker's: {}, there {'USO': 5" in found[0]


def test_quiet_begins_anew_with_an_order_that_no_look_saw() -> None:
    assert watched(seconds=5 * QUIET_SECONDS, an_order_each=QUIET_SECONDS / 2) == []
