import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.analytics.rolling import RollingWindow

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=200)


@given(values, st.integers(2, 30))
def test_window_agrees_with_numpy(series: list[float], size: int) -> None:
    window = RollingWindow(size)
    for value in series:
        window.push(value)
    tail = np.array(series[-size:])
    scale = max(1.0, float(np.abs(series).max()))
    assert window.mean == pytest.approx(tail.mean(), abs=1e-9 * scale)
    assert window.deviation == pytest.approx(tail.std(ddof=1), abs=1e-5 * scale)


def test_window_keeps_its_precision_after_a_million_prices() -> None:
    window = RollingWindow(20)
    for step in range(1_000_000):
        window.push(0.9 + (step % 2) * 1e-6)
    assert window.deviation == pytest.approx(np.std([0.9, 0.9 + 1e-6] * 10, ddof=1), rel=1e-6)


def test_window_of_one_value_has_no_deviation() -> None:
    window = RollingWindow(5)
    window.push(3.0)
    assert (window.mean, window.deviation, window.is_full) == (3.0, 0.0, False)
