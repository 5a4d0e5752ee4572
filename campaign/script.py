"""What goes wrong on one day, drawn from its seed: limits, faults, kills, a person's commands."""

from random import Random

import msgspec

from microfutures.twsim.faults.fault import Fault
from microfutures.twsim.faults.kinds import KINDS

HOUR = 3600.0
FAULTY_SECONDS = 5.9 * HOUR
"""From the start of the day at 09:31 New York; then the weather clears."""
TIGHT_SHARE = 0.35
"""Of the days, so many have limits that stop most of what the strategy wants."""
TIGHT: dict[str, tuple[object, ...]] = {
    "max_order_contracts": (1, 2),
    "max_order_shares": (100, 200),
    "max_position_contracts": (1, 2),
    "max_position_shares": (100, 200),
    "max_strategy_notional": (15_000.0, 30_000.0),
    "price_collar_ticks": (1, 3),
    "max_daily_loss_percent": (0.05, 0.2),
    "max_drawdown_percent": (0.05, 0.2),
    "max_family_notional": (15_000.0, 30_000.0),
    "max_family_net_notional": (4.0, 12.0),
    "margin_headroom_percent": (80.0, 90.0),
    "max_trip_loss_percent": (0.1, 0.3),
}
BINDING: dict[str, tuple[object, ...]] = {
    "max_open_orders": (1, 2),
    "max_orders_per_window": (2, 4),
    "max_identical_orders": (2, 4),
    "max_quote_age_seconds": (5.0, 10.0),
}
"""Limits that a day is well traded with, and comes up against now and then."""


class Kill(msgspec.Struct, frozen=True):
    """The process dies at its n-th write, and is started again after a while, seconds.

    A power cut takes what the disk was not asked for in time, besides.
    """

    writes: int
    orders_only: bool
    down: float
    is_power_cut: bool = False


class Timed(msgspec.Struct, frozen=True):
    """A moment, seconds from the start, and how long it lasts."""

    at: float
    seconds: float


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One day; the same seed gives the same one."""

    seed: int
    limits: dict[str, object]
    parameters: dict[str, object]
    capital: float
    faults: tuple[tuple[float, Fault], ...]
    """At a moment, seconds from the start."""
    mischief: tuple[tuple[float, Fault], ...]
    """Taken one after another when an order leaves, that many seconds later."""
    mischief_share: float
    """Of the orders, to how many that happens."""
    kills: tuple[Kill, ...]
    pauses: tuple[Timed, ...]
    stops: tuple[Timed, ...]
    """A person says kill, and resume later."""
    own_shares: int
    """What the person who owns the account holds beside the desk."""
    market: str
    """The scenario that is played; in the calm one each round trip costs more than it brings."""
    thinness: int
    """By how much sizes are divided: in a thin book orders are filled in parts and repriced."""

    @property
    def unhedged_seconds(self) -> float:
        """Return how long a leg may be alone by the day's parameters."""
        return float(str(self.parameters["max_unhedged_seconds"]))


def write_script(seed: int) -> Script:
    """Return the day of `seed`."""
    draw = Random(f"campaign/{seed}")
    variants = fault_variants()
    units = draw.choice((1, 1, 2, 3))
    return Script(
        seed=seed,
        limits=_limits(draw),
        parameters={
            "sample_seconds": 10,
            "cost_multiple": 0.0,
            "cooldown_seconds": 5.0,
            "max_units": units,
            "max_quote_age_seconds": 15.0,
            "max_unhedged_seconds": draw.choice((5.0, 10.0, 20.0)),
            "max_holding_seconds": draw.choice((120.0, 3600.0)),
        },
        capital=draw.choice((2_000.0, 10_000.0, 50_000.0)) * units,
        faults=tuple(
            sorted(
                (
                    (draw.uniform(0, FAULTY_SECONDS), draw.choice(variants))
                    for _ in range(draw.randrange(20))
                ),
                key=lambda each: each[0],
            )
        ),
        mischief=tuple((draw.uniform(0, 4), draw.choice(variants)) for _ in range(200)),
        mischief_share=draw.choice((0.0, 0.1, 0.3)),
        kills=tuple(
            Kill(
                writes=draw.randrange(1, 300) if orders_only else draw.randrange(1, 8_000),
                orders_only=orders_only,
                down=draw.choice((1.0, 20.0, 300.0)),
                is_power_cut=draw.random() < 0.3,
            )
            for orders_only in draw.choices((True, False), (3, 1), k=draw.randrange(5))
        ),
        pauses=tuple(
            Timed(draw.uniform(0, FAULTY_SECONDS), draw.uniform(5, 1_800))
            for _ in range(draw.randrange(3))
        ),
        stops=tuple(
            Timed(draw.uniform(0, FAULTY_SECONDS), draw.uniform(5, 900))
            for _ in range(draw.choice((0, 0, 1)))
        ),
        own_shares=draw.choice((0, 0, 7)),
        market=draw.choice(("demo", "demo", "demo", "calm")),
        thinness=draw.choice((1, 1, 1, 10, 50)),
    )


def _limits(draw: Random) -> dict[str, object]:
    chosen = {name: draw.choice(values) for name, values in BINDING.items() if draw.random() < 0.3}
    if draw.random() < TIGHT_SHARE:
        name = draw.choice(sorted(TIGHT))
        chosen[name] = draw.choice(TIGHT[name])
        if name == "price_collar_ticks":
            chosen["price_collar_percent"] = 0.01
    return chosen


def fault_variants() -> list[Fault]:
    """Return every class of fault, and the kinds within a class; the gateway's port stays."""
    faults: list[Fault] = [
        msgspec.convert({"outage": 120.0} if name == "weekly_logout" else {}, kind)
        for name, kind in KINDS.items()
        if name != "port_change"
    ]
    for kind, codes in {
        "pacing": (100, 420),
        "no_subscription": (10089, 10167, 10168, 10197),
        "farm_loss": (2105, 2157),
    }.items():
        faults += [msgspec.convert({"code": code}, KINDS[kind]) for code in codes]
    faults.append(msgspec.convert({"then": 1101}, KINDS["link_loss"]))
    faults.append(msgspec.convert({"keeps_orders": False}, KINDS["restart"]))
    return faults
