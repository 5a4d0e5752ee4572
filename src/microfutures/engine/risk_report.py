"""Every rule of the risk gate, its limit, and where the desk stands now."""

from collections.abc import Iterable

import msgspec

from microfutures.engine.floor import TradingFloor
from microfutures.engine.state import DeskState
from microfutures.model.quality import session_words

DOES_NOT_APPLY = "each order by itself"


class RiskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; ``now`` is where the desk stands, ``latest`` the rule's latest refusal."""

    rule: str
    holds_for: str
    limit: str
    now: str
    refusals: int
    latest: str


def risk_rows(state: DeskState, floor: TradingFloor) -> list[RiskRow]:
    """Return the rules in the order they are asked."""
    now = _standings(state, floor)
    return [
        RiskRow(
            rule=row.rule,
            holds_for=row.holds_for,
            limit=row.limit,
            now=now.get(row.rule, DOES_NOT_APPLY),
            refusals=row.refusals,
            latest=row.latest,
        )
        for row in floor.gate.describe()
    ]


def _standings(state: DeskState, floor: TradingFloor) -> dict[str, str]:
    portfolio, instruments = state.portfolio, tuple(state.current.values())
    held = portfolio.open_positions()
    ages = {
        each.instrument_id: (state.time_ns - quote.time_ns) / 1e9
        for each in instruments
        if (quote := state.quote(each.instrument_id)) is not None
    }
    families = floor.risk.families()
    day_net = portfolio.performance().net - floor.day_start_net
    return {
        "connection": state.connection.replace("_", " "),
        "unknown fate": floor.risk.unresolved(floor.desk.orders.live) or "none unknown",
        "kill": state.kill_reason or "not killed",
        "pause": state.pause_reason or "not paused",
        "hours": _joined(
            f"{each.instrument_id} {session_words(each, state.time_ns)}" for each in instruments
        ),
        "quote": _joined(f"{name} {age:.1f} s old" for name, age in ages.items()),
        "position": _joined(f"{quantity:+d} {name}" for _, name, quantity in held) or "flat",
        "notional": _joined(
            f"{name} {floor.risk.notional(name):,.0f} USD"
            for name in dict.fromkeys(strategy for strategy, _, _ in held)
        )
        or "0 USD",
        "concentration": _joined(
            f"{name} {gross:,.0f} USD" for name, (gross, _) in families.items()
        )
        or "0 USD",
        "correlation": _joined(f"{name} {net:+,.0f} USD" for name, (_, net) in families.items())
        or "0 USD",
        "open orders": str(len(floor.desk.orders.live)),
        "daily loss": f"the day's net {day_net:+,.2f} USD",
        "drawdown": f"{portfolio.drawdown_percent:.2f} % from the peak",
        "order rate": f"{floor.gate.recent_orders(state.time_ns)} in the window",
    }


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(parts)
