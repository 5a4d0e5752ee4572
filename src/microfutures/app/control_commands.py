"""`microfutures pause|resume|flatten|kill|status|risk|health`: a second terminal to the desk."""

import json
from pathlib import Path

import msgspec

from microfutures.adapters.control_socket import ask
from microfutures.app.health import Health
from microfutures.engine.risk_report import RiskRow
from microfutures.model.timestamp import to_iso

DONE, REFUSED = 0, 1


def command_lines(name: str, log_dir: Path, reason: str | None) -> tuple[list[str], int]:
    """Return the desk's answer to a command, and the exit code.

    Raises
    ------
    ControlError
        If no desk answers.
    """
    answer = ask(log_dir, {"command": name, "reason": reason})
    return [str(answer["text"])], DONE if answer["ok"] else REFUSED


def status_lines(log_dir: Path, *, as_json: bool) -> list[str]:
    """Return how the desk stands, in lines or as one JSON object.

    Raises
    ------
    ControlError
        If no desk answers.
    """
    shown = ask(log_dir, {"command": "status"})["status"]
    if as_json or not isinstance(shown, dict):
        return [json.dumps(shown)]
    shown["time"] = to_iso(shown.pop("time_ns"))
    return [f"{name}: {_words(value)}" for name, value in shown.items()]


def risk_lines(log_dir: Path) -> list[str]:
    """Return every rule of the risk gate: its limit, where it stands, its latest refusal.

    Raises
    ------
    ControlError
        If no desk answers.
    """
    rows = msgspec.convert(ask(log_dir, {"command": "risk"})["rules"], list[RiskRow])
    lines = []
    for row in rows:
        lines.append(f"{row.rule:<15} {row.holds_for:<19} limit {row.limit}; now {row.now}")
        if row.refusals:
            lines.append(f"{'':<15} refused {row.refusals:,} ×, latest: {row.latest}")
    return lines


def health_lines(log_dir: Path) -> tuple[list[str], int]:
    """Return how the desk is, and 0 if it is ready to trade.

    Raises
    ------
    ControlError
        If no desk answers.
    """
    health = msgspec.convert(ask(log_dir, {"command": "health"})["health"], Health)
    word = "ready" if health.is_ready else "alive, not ready" if health.is_alive else "stuck"
    line = f"{word}; latest beat {health.lag_seconds:.1f} s late, {health.memory_megabytes} MB"
    return [line, *health.reasons], DONE if health.is_ready else REFUSED


def _words(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {each}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return "none" if value == "" else str(value)
