"""What halts the desk by itself, and what doesn't."""

import pytest

from helpers.desk import OPEN_NS, SECOND
from helpers.engine_desk import ADesk
from microfutures.config.risk_limits import RiskLimits
from microfutures.model.events import ClockStepped, Command, CommandReceived, OrderUpdated
from microfutures.model.identifiers import OrderRef
from microfutures.model.orders import OrderStatus


def reject(desk: ADesk, number: int, at: float) -> None:
    desk.engine.process(
        OrderUpdated(
            time_ns=OPEN_NS + round(at * SECOND),
            order_ref=OrderRef(f"t-{number}"),
            status=OrderStatus.REJECTED,
            reason="[201] no",
        )
    )


def test_a_storm_of_rejections_halts_the_desk_until_it_is_resumed() -> None:
    desk = ADesk(90, RiskLimits(max_rejections=3, rejection_window_seconds=60))
    for number in range(3):
        assert not desk.engine.state.is_paused
        reject(desk, number, at=number)
    assert "rejected 3 orders in 60 s, the latest: [201] no" in desk.engine.state.pause_reason
    desk.engine.process(CommandReceived(time_ns=OPEN_NS, command=Command.RESUME, reason="on"))
    reject(desk, 4, at=5)
    assert not desk.engine.state.is_paused


def test_rejections_far_apart_do_not_halt() -> None:
    desk = ADesk(90, RiskLimits(max_rejections=3, rejection_window_seconds=60))
    for number in range(9):
        reject(desk, number, at=31 * number)
    assert not desk.engine.state.is_paused


@pytest.mark.parametrize(("step", "halts"), [(90.0, True), (-90.0, True), (4.0, False)])
def test_a_clock_that_jumps_halts_the_desk(step: float, halts: bool) -> None:
    desk = ADesk(90)
    output = desk.engine.process(ClockStepped(time_ns=OPEN_NS + round(step * SECOND), seconds=step))
    assert desk.engine.state.is_paused is halts
    assert ("Halted" in [record.name for record in output.records]) is halts


def test_time_goes_on_from_a_clock_that_jumped_back() -> None:
    desk = ADesk(90)
    desk.timer(600)
    desk.engine.process(ClockStepped(time_ns=OPEN_NS, seconds=-600))
    assert desk.engine.state.time_ns == OPEN_NS
