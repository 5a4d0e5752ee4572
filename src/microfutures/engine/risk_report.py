"""Every rule, its limit, and where the desk stands now: the gate's, and what stands beside it."""

from collections.abc import Iterable

import msgspec

from microfutures.engine.floor import TradingFloor
from microfutures.engine.state import DeskState
from microfutures.model.quality import session_words
from microfutures.ports.broker import MOST_MESSAGES_A_SECOND

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
    """Return the gate's rules in the order they are asked, then those that hold elsewhere."""
    now = _standings(state, floor)
    gate = [
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
    return [*gate, *_beside_the_gate(state, floor)]


def _beside_the_gate(state: DeskState, floor: TradingFloor) -> list[RiskRow]:
    """Return what is held before the gate (margin), after it (pace) and while positions are on."""
    limits, account, portfolio = floor.gate.limits, state.account, state.portfolio
    refusals, latest = floor.refusals_by("margin")
    owners = dict.fromkeys(strategy for strategy, _, _ in portfolio.positions)
    nets = {name: portfolio.open_trip_net(name) for name in owners}
    share = limits.max_trip_loss_percent
    return [
        RiskRow(
            rule="margin",
            holds_for="entries",
            limit=f"{limits.margin_headroom_percent:g} % of the equity stays free, by what-if",
            now="not known yet"
            if account is None
            else f"{account.available_funds:,.0f} of {account.net_liquidation:,.0f} USD available",
            refusals=refusals,
            latest=latest,
        ),
        RiskRow(
            rule="trip loss",
            holds_for="open round trips",
            limit=f"{share:g} % of the initial capital, then closed",
            now=_joined(f"{name} {net:+,.2f} USD" for name, net in nets.items() if net is not None)
            or "flat",
            refusals=0,
            latest="",
        ),
        RiskRow(
            rule="message rate",
            holds_for="every message",
            limit=f"{MOST_MESSAGES_A_SECOND} a second, the rest waits",
            now=DOES_NOT_APPLY,
            refusals=0,
            latest="",
        ),
    ]


def _standings(state: DeskState, floor: TradingFloor) -> dict[str, str]:
    portfolio, instruments = state.portfolio, tuple(state.current.values())
    held = portfolio.positions
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
