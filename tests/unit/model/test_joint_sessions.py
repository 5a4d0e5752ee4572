"""When several markets are open at once."""

import pytest

from microfutures.model.sessions import Session, joint_open_ns

LONG = (Session(0, 100), Session(120, 200))
SHORT = (Session(40, 60), Session(150, 180))


@pytest.mark.parametrize(
    ("moment_ns", "opens_ns"),
    [(0, 40), (40, 40), (59, 59), (60, 150), (110, 150), (179, 179), (180, None), (300, None)],
)
def test_next_moment_at_which_both_are_open(moment_ns: int, opens_ns: int | None) -> None:
    assert joint_open_ns([LONG, SHORT], moment_ns) == opens_ns
    assert joint_open_ns([SHORT, LONG], moment_ns) == opens_ns
