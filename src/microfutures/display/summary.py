"""What is said at the end."""

from collections.abc import Sequence

from microfutures.display.words import money, signed, span
from microfutures.model.snapshot import DeskSnapshot

_ENDINGS = {
    0: "ended cleanly",
    1: "FAILED",
    3: "ended with POSITIONS STILL OPEN",
    4: "left at once, as asked",
}


def exit_summary(
    snapshot: DeskSnapshot,
    *,
    still_open: Sequence[str],
    exit_code: int,
    log_dir: str,
    error: str = "",
) -> str:
    """Return the lines printed when the run is over."""
    view = snapshot.portfolio
    net = view.realized + view.unrealized - view.commissions
    trips = snapshot.round_trips
    won = sum(trip.net > 0 for trip in trips)
    ran = span((snapshot.time_ns - snapshot.started_ns) / 1e9)
    lines = [
        f"The run {_ENDINGS.get(exit_code, 'ended')} (exit code {exit_code}) after {ran}.",
        f"  round trips  {len(trips)}, {won} won",
        f"  realized     {signed(view.realized)} USD",
        f"  open         {signed(view.unrealized)} USD",
        f"  commissions  {signed(-view.commissions)} USD",
        f"  net          {signed(net)} USD; capital {money(view.current_capital)} USD",
    ]
    if error:
        lines.append(f"  error        {error}")
    if still_open:
        lines.append("  still open:")
        lines += [f"    {line}" for line in still_open]
    else:
        lines.append("  still open   nothing")
    for strategy in snapshot.strategies:
        for refusal in strategy.refusals[:3]:
            lines.append(f"  no trade     {refusal.count} x {refusal.rule}: {refusal.latest}")
    lines.append(f"  logs         {log_dir}")
    return "\n".join(lines)
