"""The markets that the simulator can play, one row each."""

from datetime import date, time
from difflib import get_close_matches

import msgspec

from microfutures.model.errors import ConfigurationError
from microfutures.model.trading_hours import NEW_YORK, moment_ns


class Dislocations(msgspec.Struct, frozen=True):
    """Sudden gaps between the legs that close again; basis points and seconds."""

    smallest_bp: float
    largest_bp: float
    mean_gap_seconds: float
    gap_jitter_seconds: float
    shortest_half_life_seconds: float
    longest_half_life_seconds: float


class Decoupling(msgspec.Struct, frozen=True):
    """A gap between the legs that opens once and stays."""

    after_seconds: float
    over_seconds: float
    size_bp: float


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """How a simulated market behaves."""

    name: str
    description: str
    start_day: date
    start_time: time
    background_bp: float
    """Standard deviation of the ratio of the legs between dislocations."""
    background_half_life_seconds: float
    dislocations: Dislocations | None = None
    decoupling: Decoupling | None = None
    drift_per_hour: float = 0.0
    """Of the common factor, as a share of the price."""

    @property
    def start_ns(self) -> int:
        """Return the moment at which the scenario begins, nanoseconds UTC."""
        return moment_ns(self.start_day, self.start_time, NEW_YORK)


_TUESDAY = date(2026, 9, 8)
_SATURDAY = date(2026, 9, 12)
_MORNING = time(10, 30)
_WIDER_THAN_LIFE = Dislocations(60.0, 100.0, 45.0, 8.0, 7.0, 9.0)

# Life: log(MCL/USO) moves 1 to 4 basis points in a session (measured on minutes of March 2026).
_ROWS = (
    Scenario(
        name="demo",
        description="spread wider than life: gaps of 60 to 100 bp every 45 s or so that close",
        start_day=_TUESDAY,
        start_time=_MORNING,
        background_bp=5.0,
        background_half_life_seconds=15.0,
        dislocations=_WIDER_THAN_LIFE,
    ),
    Scenario(
        name="calm",
        description="true to life: the ratio of the legs moves 1 to 4 bp, nothing worth its costs",
        start_day=_TUESDAY,
        start_time=_MORNING,
        background_bp=2.5,
        background_half_life_seconds=60.0,
    ),
    Scenario(
        name="decoupling",
        description="as demo, then after 5 minutes the ratio moves by 250 bp and stays there",
        start_day=_TUESDAY,
        start_time=_MORNING,
        background_bp=5.0,
        background_half_life_seconds=15.0,
        dislocations=_WIDER_THAN_LIFE,
        decoupling=Decoupling(after_seconds=300.0, over_seconds=60.0, size_bp=250.0),
    ),
    Scenario(
        name="trending",
        description="as demo, while both legs rise together by 3% an hour",
        start_day=_TUESDAY,
        start_time=_MORNING,
        background_bp=5.0,
        background_half_life_seconds=15.0,
        dislocations=_WIDER_THAN_LIFE,
        drift_per_hour=0.03,
    ),
    Scenario(
        name="closed",
        description="as demo, from a Saturday noon: nothing trades before Sunday 18:00",
        start_day=_SATURDAY,
        start_time=time(12),
        background_bp=5.0,
        background_half_life_seconds=15.0,
        dislocations=_WIDER_THAN_LIFE,
    ),
)

SCENARIOS: dict[str, Scenario] = {row.name: row for row in _ROWS}


def scenario(name: str) -> Scenario:
    """Return the row of `name`; raise `ConfigurationError` with a suggestion for an unknown one."""
    row = SCENARIOS.get(name)
    if row is not None:
        return row
    near = get_close_matches(name.lower(), SCENARIOS, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    raise ConfigurationError(
        f"unknown market scenario {name!r}; {hint}known: {', '.join(SCENARIOS)}"
    )
