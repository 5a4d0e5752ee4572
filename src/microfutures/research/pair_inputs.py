"""Series, parameters and desk as the plain numbers that compiled code takes."""

from collections.abc import Sequence

import numpy as np

from microfutures.adapters.tapes.bar_columns import Floats, Integers
from microfutures.analytics.pairs import PairTerms
from microfutures.config.risk_limits import RiskLimits
from microfutures.config.strategy_parameters import PairParameters
from microfutures.engine.runner import IDLE_TIMER_SECONDS
from microfutures.execution.leg import ExecutionSettings
from microfutures.model import catalog
from microfutures.model.errors import ConfigurationError
from microfutures.model.families import family_of
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, seconds
from microfutures.research.leg_series import LegSeries
from microfutures.research.pair_books import (
    BAR,
    MOST_SIZE,
    SESSION,
    Desk,
    Gate,
    Rows,
    Tape,
    Warmth,
)
from microfutures.research.pair_desk import PairDesk
from microfutures.research.pair_looks import Eyes, judge
from microfutures.research.pair_series import Chapter, PairSeries
from microfutures.strategies.pair_plan import terms_of
from microfutures.strategies.spread import spread_rules
from microfutures.venue.margin import COVERED_MOVES

WARM_UP_SLACK = 10
KEPT_TAPES = 16
MARGIN_DAYS_NS = 8 * 86_400 * NANOSECONDS_PER_SECOND
"""Settlements of the last five sessions decide the margin; so many days hold them, and today."""


Played = tuple[Tape, tuple[Chapter, ...], tuple[str, ...]]
"""The tape of a stretch, its chapters, and the names of its trading days."""


def tape_of(series: PairSeries, desk: PairDesk, first_day: int, after_day: int | None) -> Played:
    """Return what is played on the trading days ``[first_day, after_day)``.

    The latest are kept with the series: studies run many sets over the same days.

    Raises
    ------
    ConfigurationError
        If there is no such day, or nothing to play on them.
    """
    key = (desk.check_interval_seconds, desk.limits, first_day, after_day)
    if key not in series.prepared:
        while len(series.prepared) >= KEPT_TAPES:
            series.prepared.pop(next(iter(series.prepared)), None)
        series.prepared[key] = _new_tape(series, desk, first_day, after_day)
    played: Played = series.prepared[key]
    return played


def _new_tape(series: PairSeries, desk: PairDesk, first_day: int, after_day: int | None) -> Played:
    days = tuple(dict.fromkeys(series.days))
    after = len(days) if after_day is None else after_day
    if not 0 <= first_day < after <= len(days):
        raise ConfigurationError(
            f"days {first_day} to {after} of a series of {len(days)} trading days: give "
            f"0 <= first < after <= {len(days)}"
        )
    chosen = days[first_day:after]
    numbers = {day: place for place, day in enumerate(chosen)}
    kept = [place for place, day in enumerate(series.days) if day in numbers]
    sessions = np.zeros(len(kept), SESSION)
    sessions["opens_ns"], sessions["closes_ns"] = series.sessions[kept].T
    sessions["day"] = [numbers[series.days[place]] for place in kept]
    start_ns = series.start_ns if first_day == 0 else int(sessions["opens_ns"][0])
    end_ns = series.end_ns
    if after < len(days):
        end_ns = int(series.sessions[series.days.index(days[after]), 0])
    chapters = series.chapters(start_ns, end_ns)
    begins_ns = [each.start_ns for each in chapters]
    # The first session may have been on when the tape begins.
    shown_ns = np.maximum(sessions["opens_ns"], start_ns)
    sessions["chapter"] = np.searchsorted(begins_ns, shown_ns, side="right") - 1
    bars = [
        _leg_bars(chapters, leg, end_ns, desk.limits, sessions, name)
        for leg, name in enumerate(("first", "second"))
    ]
    last_ns = max((int(each["ns"][-1]) for each in bars if len(each)), default=0)
    if last_ns == 0:
        raise ConfigurationError(f"{series!r} has no bars on the days {chosen[0]} to {chosen[-1]}")
    interval_ns = seconds(desk.check_interval_seconds)
    first_ns = start_ns + min(interval_ns, seconds(IDLE_TIMER_SECONDS))
    return Tape(bars[0], bars[1], sessions, first_ns, interval_ns, last_ns), chapters, chosen


def _leg_bars(
    chapters: Sequence[Chapter],
    leg: int,
    end_ns: int,
    limits: RiskLimits,
    sessions: Rows,
    name: str,
) -> Rows:
    """Return a leg's bars, contract after contract; note in `sessions` where each begins."""
    ends_ns = [each.start_ns for each in chapters[1:]] + [end_ns]
    parts: list[Rows] = []
    count = place = 0
    while place < len(chapters):
        contract, first = chapters[place].legs[leg], place
        while place < len(chapters) and chapters[place].legs[leg] is contract:
            place += 1
        part = _between(contract, limits, chapters[first].start_ns, ends_ns[place - 1])
        meant = (sessions["chapter"] >= first) & (sessions["chapter"] < place)
        sessions[f"{name}_begin"][meant] = count
        sessions[f"{name}_margin"][meant] = _margins(contract, sessions[meant])
        count += len(part)
        parts.append(part)
    return np.concatenate(parts)


def eyes_of(parameters: PairParameters) -> Eyes:
    """Return how a strategy looks at the market."""
    return Eyes(
        parameters.lookback,
        seconds(parameters.sample_seconds),
        seconds(parameters.max_quote_age_seconds),
        spread_rules(lookback=parameters.lookback, max_jump_percent=parameters.max_jump_percent),
    )


def warmth_of(chapters: Sequence[Chapter], eyes: Eyes) -> Warmth:
    """Return what the bars before each chapter make of the spread.

    As `strategies.spread.Spread.warm_up` has it of the last bars that a backtest asks for.
    """
    warmth = Warmth(
        np.zeros((len(chapters), eyes.lookback)),
        np.zeros(len(chapters), np.int64),
        np.full(len(chapters), -1, np.int64),
    )
    for place, chapter in enumerate(chapters):
        ratios, stretch = _ratios_before(chapter, eyes)
        warmth.samples[place, : len(ratios)] = ratios
        warmth.counts[place], warmth.stretches[place] = len(ratios), stretch
    return warmth


def _ratios_before(chapter: Chapter, eyes: Eyes) -> tuple[Floats, int]:
    """Return the latest samples before a chapter, and the stretch of the last of them."""
    wanted = eyes.lookback * (eyes.stretch_ns // NANOSECONDS_PER_SECOND)
    closes = [_past(leg, eyes.stretch_ns, chapter.start_ns, wanted) for leg in chapter.legs]
    joint, ours, theirs = np.intersect1d(closes[0][0], closes[1][0], return_indices=True)
    if not len(joint):
        return np.zeros(0), -1
    gaps = np.flatnonzero(np.diff(joint) > eyes.spread.longest_gap)
    first = int(gaps[-1]) + 1 if len(gaps) else 0
    first = max(first, len(joint) - eyes.lookback)
    primary, secondary = closes[0][1][ours][first:], closes[1][1][theirs][first:]
    sound = secondary > 0
    return primary[sound] / secondary[sound], int(joint[-1])


def gate_of(series: PairSeries, limits: RiskLimits, initial_capital: float) -> Gate:
    """Return the limits of the risk gate for the two contracts."""
    first, second = (_most(leg.instrument, limits) for leg in series.legs)
    families = [family_of(leg.instrument.symbol) for leg in series.legs]
    return Gate(
        first,
        second,
        limits.max_strategy_notional,
        limits.max_family_notional,
        limits.max_family_net_notional,
        seconds(limits.max_quote_age_seconds),
        initial_capital * limits.max_daily_loss_percent / 100,
        limits.max_drawdown_percent,
        limits.flatten_drawdown_percent,
        initial_capital * limits.max_trip_loss_percent / 100,
        families[0] == families[1],
    )


def desk_of(series: PairSeries, desk: PairDesk) -> Desk:
    """Return money and way of the orders."""
    collars = (
        ExecutionSettings().collar_ticks * float(leg.instrument.tick_size) for leg in series.legs
    )
    return Desk(
        desk.initial_capital,
        desk.allocation_percent / 100,
        desk.cash,
        desk.limits.margin_headroom_percent / 100,
        seconds(desk.latency_seconds),
        *collars,
    )


def terms_of_series(series: PairSeries) -> PairTerms:
    """Return what money needs to know of the two contracts."""
    return terms_of(series.primary.instrument, series.secondary.instrument)


def _margins(leg: LegSeries, sessions: Rows) -> Floats:
    """Return the most that a contract's initial margin can be in each session, USD; 0 of shares.

    The venue covers the widest move of late from a settlement to the next; no such move is wider
    than the range of the closes.
    """
    margin = catalog.spec(leg.instrument.symbol).margin
    found = np.zeros(len(sessions))
    if margin is None:
        return found
    initial, maintenance = float(margin.initial), float(margin.maintenance)
    begins = np.searchsorted(leg.times_ns, sessions["opens_ns"] - MARGIN_DAYS_NS)
    ends = np.searchsorted(leg.times_ns, sessions["closes_ns"])
    for place, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        closes = leg.closes[begin:end]
        wide = float(np.ptp(closes)) if len(closes) else 0.0
        covered = wide * float(leg.instrument.multiplier) * COVERED_MOVES
        found[place] = initial * max(1.0, covered / maintenance)
    return found


def _between(leg: LegSeries, limits: RiskLimits, start_ns: int, end_ns: int) -> Rows:
    begin, end = np.searchsorted(leg.times_ns, [start_ns, end_ns])
    kept = slice(begin, end)
    bars = np.zeros(end - begin, BAR)
    bars["ns"], bars["bid"], bars["ask"] = leg.times_ns[kept], leg.bids[kept], leg.asks[kept]
    bars["size"] = np.minimum(leg.sizes[kept], MOST_SIZE)
    sound = np.ones(end - begin, np.int64)
    judge(
        leg.times_ns[kept],
        (leg.bids[kept] + leg.asks[kept]) / 2,
        limits.max_quote_jump_percent / 100,
        limits.max_quote_jump_ticks * float(leg.instrument.tick_size),
        sound,
    )
    bars["is_sound"] = sound
    return bars


def _past(
    leg: LegSeries, stretch_ns: int, start_ns: int, wanted_seconds: int
) -> tuple[Integers, Floats]:
    """Return the stretches of the bars that had ended by the start, and the last close in each."""
    end = int(np.searchsorted(leg.times_ns, start_ns))
    count = wanted_seconds // leg.bar_seconds + WARM_UP_SLACK
    begin = max(0, end - count)
    length_ns = leg.bar_seconds * NANOSECONDS_PER_SECOND
    stretches = (leg.times_ns[begin:end] + 1 - length_ns) // stretch_ns
    is_last = np.append(np.diff(stretches) > 0, True)[: end - begin]
    return stretches[is_last], leg.closes[begin:end][is_last]


def _most(instrument: Instrument, limits: RiskLimits) -> int:
    if instrument.security_type is SecurityType.FUTURE:
        return min(limits.max_order_contracts, limits.max_position_contracts)
    return min(limits.max_order_shares, limits.max_position_shares)
