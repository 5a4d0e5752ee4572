"""Numbers and times as people read them; the sign is always there, colour only helps."""

from decimal import Decimal

from microfutures.model.events import ConnectionState, Severity
from microfutures.model.snapshot import DeskSnapshot
from microfutures.model.timestamp import exchange_time

STYLES = {
    Severity.DEBUG: "dim",
    Severity.INFO: "cyan",
    Severity.SUCCESS: "green",
    Severity.WARNING: "yellow",
    Severity.ERROR: "bold red",
}

MARKS = {
    Severity.DEBUG: "·",
    Severity.INFO: "i",
    Severity.SUCCESS: "✓",
    Severity.WARNING: "!",
    Severity.ERROR: "X",
}

ASCII_MARKS = MARKS | {Severity.DEBUG: ".", Severity.SUCCESS: "+"}

CONNECTION_STYLES = {
    ConnectionState.CONNECTED: "bold green",
    ConnectionState.CONNECTING: "bold yellow",
    ConnectionState.UPSTREAM_LOST: "bold red",
    ConnectionState.DISCONNECTED: "bold red",
}

BLOCKS = "▁▂▃▄▅▆▇█"


def halt_words(snapshot: DeskSnapshot) -> str:
    """Return what a halt does, and why there is one."""
    effect = "KILLED, NO ORDER IS SENT" if snapshot.is_killed else "ENTRIES BLOCKED, EXITS RUN"
    return f"{effect}: {snapshot.halt_reason}"


def signed(amount: Decimal | float) -> str:
    """Return ``+1,234.50``; zero without a sign."""
    return f"{amount:+,.2f}" if round(amount, 2) else f"{abs(amount):,.2f}"


def money(amount: Decimal | float | None) -> str:
    """Return ``1,234.50``; a dash for nothing."""
    return "-" if amount is None else f"{amount:,.2f}"


def sign_style(amount: Decimal | float) -> str:
    """Return the colour of a gain or a loss."""
    if not round(amount, 2):
        return ""
    return "green" if amount > 0 else "red"


def price(value: float | None, decimals: int) -> str:
    """Return a price with its instrument's decimals; a dash for none."""
    return "-" if value is None else f"{value:,.{decimals}f}"


def span(seconds: float) -> str:
    """Return a length of time in at most two units: ``42s``, ``5m07s``, ``3h20m``, ``2d04h``."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02d}h"


def clock(moment_ns: int) -> str:
    """Return the time of day in New York."""
    return exchange_time(moment_ns, pattern="%H:%M:%S")


def sparkline(values: tuple[float, ...], width: int) -> str:
    """Return the latest part of a series as blocks; empty for less than two values."""
    shown = values[-width:]
    if len(shown) < 2:
        return ""
    low, high = min(shown), max(shown)
    if high - low < 0.005:
        return BLOCKS[0] * len(shown)
    scale = (len(BLOCKS) - 1) / (high - low)
    return "".join(BLOCKS[round((value - low) * scale)] for value in shown)


def gauge(z: float | None, entry: float | None, width: int = 17) -> str:
    """Return where z stands between -entry and +entry: ``|----o-----|``; ends are the entries."""
    if z is None or entry is None:
        return "|" + "-" * (width - 2) + "|"
    half = (width - 3) / 2
    place = round(half + max(-1.0, min(1.0, z / entry)) * half)
    middle = round(half)
    cells = ["+" if index == middle else "-" for index in range(width - 2)]
    cells[place] = "●"
    return "|" + "".join(cells) + "|"
