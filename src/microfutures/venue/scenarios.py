"""The markets that the simulator can play, one row each; `docs/scenarios/markets.md` tells more."""

from datetime import date, time
from difflib import get_close_matches

import msgspec
from msgspec.structs import replace

from microfutures.model.errors import ConfigurationError
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.laws import Course, Decoupling, Dislocations, Liquidity, Reversion

USUAL = Liquidity(spread=1.0, size=1.0, trades=1.0)


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """How a simulated market behaves."""

    name: str
    description: str
    start_day: date
    start_time: time
    """In New York."""
    background_bp: float
    """Standard deviation of the ratio of the legs between dislocations."""
    background_half_life_seconds: float
    dislocations: Dislocations | None = None
    decoupling: Decoupling | None = None
    drift_per_hour: float = 0.0
    """Of the common factor, as a share of the price."""
    reversion: Reversion | None = None
    course: Course | None = None
    plunge: Course | None = None
    """A move of futures alone, by percent of what they cost at the start: it may cross zero."""
    liquidity: Liquidity = USUAL
    limit_percent: float | None = None
    """How far a future may trade from its latest settlement; None means any distance."""
    split: tuple[int, int] | None = None
    """New shares and old ones, when the next session of funds opens."""
    is_rolling: bool = False
    """Whether the volume wanders from the month that ends to the next one, day by day."""

    @property
    def start_ns(self) -> int:
        """Return the moment at which the scenario begins, nanoseconds UTC."""
        return moment_ns(self.start_day, self.start_time, NEW_YORK)


_TUESDAY = date(2026, 9, 8)
_SATURDAY = date(2026, 9, 12)
_MONDAY_OF_THE_ROLL = date(2026, 9, 14)
_MORNING = time(10, 30)
_WIDER_THAN_LIFE = Dislocations(60.0, 100.0, 45.0, 8.0, 7.0, 9.0)


_DEMO = Scenario(
    name="demo",
    description="spread wider than life: gaps of 60 to 100 bp every 45 s or so that close",
    start_day=_TUESDAY,
    start_time=_MORNING,
    background_bp=5.0,
    background_half_life_seconds=15.0,
    dislocations=_WIDER_THAN_LIFE,
)

# Life: log(MCL/USO) moves 1 to 4 basis points in a session (measured on minutes of March 2026).
# The crash of 2010-05-06 took futures on the S&P 500 down by more than 5% within 4.5 minutes (CFTC
# and SEC, report of 2010-09-30); outside regular hours they may move by 7% (CME rule 35802.I).
# Crude oil of May 2020 settled at -37.63 on 2020-04-20, USO split 1:8 on 2020-04-29.
_ROWS = (
    _DEMO,
    Scenario(
        name="calm",
        description="true to life: the ratio of the legs moves 1 to 4 bp, nothing worth its costs",
        start_day=_TUESDAY,
        start_time=_MORNING,
        background_bp=2.5,
        background_half_life_seconds=60.0,
    ),
    replace(
        _DEMO,
        name="trending",
        description="as demo, while both legs rise together by 3% an hour",
        drift_per_hour=0.03,
    ),
    Scenario(
        name="mean-reverting",
        description="prices swing by 40 bp around where they began, the ratio slowly by 30 bp",
        start_day=_TUESDAY,
        start_time=_MORNING,
        background_bp=30.0,
        background_half_life_seconds=120.0,
        reversion=Reversion(deviation_bp=40.0, half_life_seconds=300.0),
    ),
    replace(
        _DEMO,
        name="decoupling",
        description="as demo, then after 5 minutes the ratio moves by 250 bp and stays there",
        decoupling=Decoupling(after_seconds=300.0, over_seconds=60.0, size_bp=250.0),
    ),
    replace(
        _DEMO,
        name="flash-crash",
        description="as demo, then all falls by 6% from minute 2 to 3:30, and is back at minute 9",
        course=Course(((120.0, 0.0), (210.0, -6.0), (240.0, -6.0), (540.0, -0.5))),
    ),
    replace(
        _DEMO,
        name="limit-locked",
        description="as demo, then futures are limit up, not offered from minute 4 to minute 20",
        course=Course(((120.0, 0.0), (240.0, 9.0), (1200.0, 9.0), (1500.0, 4.0))),
        limit_percent=7.0,
    ),
    Scenario(
        name="illiquid-night",
        description="wide and thin, hardly a trade, from 03:55 on: five minutes later funds open",
        start_day=_TUESDAY,
        start_time=time(3, 55),
        background_bp=8.0,
        background_half_life_seconds=60.0,
        liquidity=Liquidity(spread=3.0, size=0.3, trades=0.2),
    ),
    replace(
        _DEMO,
        name="roll-week",
        description="as demo, in the week in which volume leaves the month that is about to end",
        start_day=_MONDAY_OF_THE_ROLL,
        is_rolling=True,
    ),
    replace(
        _DEMO,
        name="below-zero",
        description="as demo, then futures cost less than nothing from minute 8 to minute 18",
        plunge=Course(((120.0, 0.0), (600.0, -155.0), (900.0, -155.0), (1500.0, -20.0))),
    ),
    replace(
        _DEMO,
        name="reverse-split",
        description="as demo, from 19:50 on: at 04:00 funds open with 1 new share for 8 old",
        start_time=time(19, 50),
        split=(1, 8),
    ),
    replace(
        _DEMO,
        name="closed",
        description="as demo, from a Saturday noon: nothing trades before Sunday 18:00",
        start_day=_SATURDAY,
        start_time=time(12),
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
