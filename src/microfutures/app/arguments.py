"""What the command line asks of one run beside the settings, checked for contradictions."""

from datetime import UTC, datetime
from pathlib import Path
from re import fullmatch

import msgspec

from microfutures.config import DisplayMode, LoadedSettings, Origin
from microfutures.config.settings import LIVE_PORTS, ConnectionSettings
from microfutures.model.errors import ConfigurationError

DEFAULT_SCENARIO = "demo"
DEFAULT_SEED = 1
DEFAULT_SPEED = 1.0
MAX_SPEED = 10_000.0
MAX_DURATION_SECONDS = 366 * 86_400.0

_SECONDS_OF = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to run, after flags, file and defaults were weighed; make it with `run_options`."""

    simulate: str | None
    """The scenario to trade in; None when connecting to a TWS or when a tape is played."""
    data: Path | None
    """The folder of the tape to trade on instead of a scenario."""
    tape_start: datetime | None
    tape_end: datetime | None
    """The part of the tape to play; the whole of it where they are None."""
    speed: float
    """Simulated seconds for each real one; a simulated gateway elsewhere has the same."""
    seed: int
    duration_seconds: float | None
    """End the run after so many seconds of the desk's clock; None runs until interrupted."""
    display: DisplayMode
    keep_positions: bool
    live: bool
    virtual_time: bool
    """Run the simulation on a loop whose clock jumps to the next timer."""
    record: Path | None = None
    """The store that what the desk sees is recorded into."""
    port_given: bool
    """Whether a flag or the file named the port; the guard of live money asks."""

    @property
    def is_simulated(self) -> bool:
        """Tell whether the market is ours."""
        return self.simulate is not None or self.data is not None


def run_options(
    loaded: LoadedSettings,
    *,
    simulate: str | None = None,
    data: Path | None = None,
    tape_start: str | None = None,
    tape_end: str | None = None,
    speed: float | None = None,
    seed: int | None = None,
    duration_seconds: float | None = None,
    virtual_time: bool = False,
    record: Path | None = None,
) -> RunOptions:
    """Return the options of a run under the settings in `loaded`.

    Raises
    ------
    ConfigurationError
        If options contradict each other or the settings.
    """
    scenario = market_choice(simulate, data)
    is_simulated = scenario is not None or data is not None
    _refuse_without_simulation(
        is_simulated, {"--seed": seed, "--virtual-time": virtual_time or None}
    )
    _refuse_hurry_with_money(loaded.settings.connection, speed)
    if data is None and (tape_start or tape_end):
        raise ConfigurationError("--from and --to cut a tape; name its folder with --data")
    if is_simulated and loaded.settings.connection.live:
        raise ConfigurationError("--live is for real money, --simulate has none; leave one out")
    return RunOptions(
        simulate=scenario,
        data=data,
        tape_start=parse_moment("--from", tape_start),
        tape_end=parse_moment("--to", tape_end),
        speed=checked_speed(speed),
        seed=DEFAULT_SEED if seed is None else seed,
        duration_seconds=duration_seconds,
        display=loaded.settings.display.mode,
        keep_positions=loaded.settings.trading.keep_positions,
        live=loaded.settings.connection.live,
        virtual_time=virtual_time,
        record=record,
        port_given=loaded.origins["connection.port"] is not Origin.DEFAULT,
    )


def market_choice(simulate: str | None, data: Path | None) -> str | None:
    """Return the scenario to play, None when a tape is; refuse both at once.

    A bare ``--simulate`` beside ``--data`` is fine: it names the default scenario only because
    nothing was said.
    """
    if data is None:
        return simulate
    if simulate not in (None, DEFAULT_SCENARIO):
        raise ConfigurationError(
            f"--simulate {simulate} names a scenario and --data a tape; leave one out"
        )
    if not data.is_dir():
        raise ConfigurationError(f"--data {str(data)!a}: no such directory")
    return None


def checked_speed(speed: float | None) -> float:
    """Return the speed, 1 when nothing was said; refuse what no clock can run at."""
    if speed is None:
        return DEFAULT_SPEED
    if not 0 < speed <= MAX_SPEED:
        raise ConfigurationError(
            f"--speed must be a number above 0, at most {MAX_SPEED:g}, was {speed:g}"
        )
    return speed


def parse_moment(flag: str, text: str | None) -> datetime | None:
    """Return the moment that ``2026-03-26`` or ``2026-03-26T14:30+00:00`` means; UTC if unsaid.

    Raises
    ------
    ConfigurationError
        If `text` is no date.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{flag} must be a date or a moment (2026-03-26, 2026-03-26T14:30+00:00), was {text!a}"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_duration(text: str) -> float:
    """Return the seconds that ``90``, ``90s``, ``10m``, ``2h`` or ``1d`` mean.

    Raises
    ------
    ConfigurationError
        If `text` is none of these, zero, or longer than a year.
    """
    match = fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([smhd]?)", text.strip())
    seconds = float(match[1]) * _SECONDS_OF[match[2]] if match else 0.0
    if not 0 < seconds <= MAX_DURATION_SECONDS:
        raise ConfigurationError(
            f"--duration must be seconds or a number with s, m, h or d (90, 10m, 2h), "
            f"above 0 and at most a year, was {text!a}"
        )
    return seconds


def _refuse_hurry_with_money(connection: ConnectionSettings, speed: float | None) -> None:
    """Refuse to keep another time than the market's where it is real."""
    if speed in (None, DEFAULT_SPEED):
        return
    if connection.live or connection.port in LIVE_PORTS:
        said = "--live" if connection.live else f"--port {connection.port}"
        raise ConfigurationError(
            f"--speed is for a simulated gateway of the same speed and {said} for real money; "
            "leave one out"
        )


def _refuse_without_simulation(is_simulated: bool, given: dict[str, object]) -> None:
    for flag, value in given.items():
        if value is not None and not is_simulated:
            raise ConfigurationError(
                f"{flag} needs --simulate or --data: a real market sets its pace"
            )
