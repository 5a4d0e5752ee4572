"""A run made for the eye: a spread that reverts, traded by the book, minute by minute."""

from datetime import UTC, datetime

import numpy as np

from microfutures.analytics.trades import Trade, excursions
from microfutures.reports.tear_sheet_input import (
    FoldView,
    PairPath,
    Sensitivity,
    StudyView,
    TearSheetInput,
)

MINUTE_NS = 60 * 10**9
START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
CAPITAL = 25_000.0
ENTRY, EXIT, LOOKBACK = 2.0, 0.5, 60
COST = 4.2


def sample_sheet(days: int = 45, seed: int = 11, *, has_study: bool = False) -> TearSheetInput:
    """Return a run of `days` sessions of 390 minutes."""
    times = np.concatenate(
        [
            int(START.timestamp()) * 10**9 + (day * 1440 + np.arange(390)) * MINUTE_NS
            for day in range(days * 7 // 5)
            if day % 7 < 5
        ]
    )
    spread, z = _market(len(times), seed)
    trades, equity = _trade(times, spread, z)
    return TearSheetInput(
        title="Micro crude oil against USO",
        subtitle="made for the eye",
        facts={"tape": "synthetic, seed 11", "parameters": "lookback 60, entry 2, exit 0.5"},
        times_ns=times.tolist(),
        equity=equity.tolist(),
        trades=tuple(trades),
        pair=PairPath(
            times_ns=times.tolist(),
            spread=spread.tolist(),
            z=z.tolist(),
            z_entry=ENTRY,
            z_exit=EXIT,
            label="MCL − USO, USD",
        ),
        costs={"commissions": 0.4 * COST * len(trades), "spread": 0.6 * COST * len(trades)},
        sensitivities=(_grid(seed),),
        study=_study(seed) if has_study else None,
        notes=("94 entries were refused: the expected reversion was below 1.5 times the cost.",),
    )


def _market(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    noise = np.random.default_rng(seed).normal(0, 0.03, rows)
    spread = np.zeros(rows)
    for row in range(1, rows):
        spread[row] = 0.96 * spread[row - 1] + noise[row]
    spread += 12 + np.cumsum(noise[::-1]) * 0.05
    z = np.full(rows, np.nan)
    for row in range(LOOKBACK, rows):
        window = spread[row - LOOKBACK : row]
        z[row] = (spread[row] - window.mean()) / window.std(ddof=1)
    return spread, z


def _trade(times: np.ndarray, spread: np.ndarray, z: np.ndarray) -> tuple[list[Trade], np.ndarray]:
    trades: list[Trade] = []
    equity = np.full(len(times), CAPITAL)
    side, opened, booked = 0, 0, CAPITAL
    for row in range(len(times)):
        if side:
            result = side * (spread[row] - spread[opened]) * 100
            equity[row] = booked + result - COST
            if z[row] * side >= -EXIT:
                path = side * (spread - spread[opened]) * 100
                worst, best = excursions(times, path, int(times[opened]), int(times[row]))
                trades.append(_closed(times, opened, row, side, result, worst, best))
                booked, side = booked + result - COST, 0
        else:
            equity[row] = booked
            if abs(z[row]) >= ENTRY:
                side, opened = (-1 if z[row] > 0 else 1), row
    return trades, equity


def _closed(
    times: np.ndarray, opened: int, row: int, side: int, gross: float, worst: float, best: float
) -> Trade:
    return Trade(
        strategy="oil arbitrage",
        instrument="MCLH6" if row < len(times) // 2 else "MCLJ6",
        opened_ns=int(times[opened]),
        closed_ns=int(times[row]),
        direction="long" if side > 0 else "short",
        units=1,
        gross=float(gross),
        costs=COST,
        notional=28_000.0,
        worst=worst,
        best=best,
        reason="the spread is back at its mean",
    )


def _study(seed: int) -> StudyView:
    rng = np.random.default_rng(seed)
    inside, outside = rng.normal(12, 3, 6), rng.normal(4, 8, 6)
    folds = tuple(
        FoldView(
            train="2026-01-05 to 2026-03-04",
            test=f"2026-0{place + 3}-05 to 2026-0{place + 4}-02",
            chosen="lookback 60, entry z 2",
            in_sample=float(inside[place]),
            out_of_sample=float(outside[place]),
            net=float(outside[place] * 20),
            trades=40 + place,
        )
        for place in range(6)
    )
    return StudyView(
        subject="20 sets, the best by Sharpe",
        figures=(
            (
                "Deflated Sharpe",
                "0.412",
                "chance that 1.31 a year is more than the luck of 20 trials",
            ),
            ("Overfitting", "0.238", "chance that the best is below the middle on other days"),
        ),
        folds=folds,
        logits=rng.normal(0.8, 1.2, 400).tolist(),
    )


def _grid(seed: int) -> Sensitivity:
    rng = np.random.default_rng(seed)
    lookbacks, entries = (20, 40, 60, 90, 120), (1.5, 2.0, 2.5, 3.0)
    values = [
        [
            round(2 - abs(np.log(lookback / 60)) - abs(entry - 2) + float(rng.normal(0, 0.3)), 2)
            for entry in entries
        ]
        for lookback in lookbacks
    ]
    return Sensitivity(
        row_name="lookback",
        row_values=lookbacks,
        column_name="entry z",
        column_values=entries,
        metric="Sharpe",
        values=values,
        chosen=(2, 1),
    )
