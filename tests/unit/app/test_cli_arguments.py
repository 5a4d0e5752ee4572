from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.app.arguments import parse_duration, run_options
from microfutures.config import DisplayMode, load_with_origins
from microfutures.model.errors import ConfigurationError

DEFAULTS = load_with_origins(None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7_200), ("1.5h", 5_400), ("1d", 86_400)],
)
def test_durations_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5", "10 m", "m", "1e3", "nan", "٣m", "999999d"])
def test_a_wrong_duration_says_what_is_right(text: str) -> None:
    with pytest.raises(ConfigurationError, match="90, 10m, 2h") as caught:
        parse_duration(text)
    assert str(caught.value).isascii()


@given(st.text(max_size=12))
def test_any_duration_is_a_positive_number_or_an_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ConfigurationError:
        return
    assert seconds > 0


def test_nothing_said_means_a_real_broker_at_defaults() -> None:
    options = run_options(DEFAULTS)
    assert not options.is_simulated
    assert (options.speed, options.duration_seconds, options.port_given) == (1.0, None, False)
    assert options.display is DisplayMode.AUTO


def test_what_the_settings_say_reaches_the_options() -> None:
    loaded = load_with_origins(
        None, {"display.mode": "plain", "trading.keep_positions": True, "connection.port": 7497}
    )
    options = run_options(loaded)
    assert (options.display, options.keep_positions, options.live) == (
        DisplayMode.PLAIN,
        True,
        False,
    )
    assert options.port_given


@pytest.mark.parametrize(
    ("asked", "flag"),
    [({"seed": 3}, "--seed"), ({"virtual_time": True}, "--virtual")],
)
def test_seed_and_virtual_time_need_a_simulation(asked: dict[str, Any], flag: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{flag}.* needs --simulate"):
        run_options(DEFAULTS, **asked)


def test_a_tape_alone_means_a_simulation_and_beats_the_bare_flag(tmp_path: Path) -> None:
    for simulate in (None, "demo"):
        options = run_options(DEFAULTS, simulate=simulate, data=tmp_path)
        assert options.is_simulated
        assert options.simulate is None
        assert options.data == tmp_path


def test_a_scenario_and_a_tape_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="leave one out"):
        run_options(DEFAULTS, simulate="calm", data=tmp_path)


def test_a_tape_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such directory"):
        run_options(DEFAULTS, data=tmp_path / "none")


def test_real_money_and_a_simulation_contradict_each_other() -> None:
    loaded = load_with_origins(None, {"connection.live": True})
    with pytest.raises(ConfigurationError, match="--live is for real money"):
        run_options(loaded, simulate="demo")


def test_a_simulated_gateway_elsewhere_may_have_a_speed() -> None:
    assert run_options(DEFAULTS, speed=60.0).speed == 60.0


@pytest.mark.parametrize("asked", [{"connection.port": 4001}, {"connection.live": True}])
def test_real_money_has_no_speed(asked: dict[str, object]) -> None:
    loaded = load_with_origins(None, asked)
    assert run_options(loaded, speed=1.0).speed == 1.0
    with pytest.raises(ConfigurationError, match="--speed is for a simulated gateway"):
        run_options(loaded, speed=2.0)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_speed_that_no_clock_can_run_at_is_refused(speed: float) -> None:
    with pytest.raises(ConfigurationError, match="--speed must be a number above 0"):
        run_options(DEFAULTS, simulate="demo", speed=speed)
