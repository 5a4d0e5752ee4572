"""The document names every rule of the gate, with the limits that hold by default."""

from pathlib import Path

from microfutures.config.risk_limits import RiskLimits
from microfutures.config.strategy_parameters import PairParameters
from microfutures.execution.leg import ExecutionSettings
from microfutures.risk.gate import RiskGate

TEXT = (Path(__file__).parents[2] / "docs" / "risk.md").read_text()


def test_risk_document_names_every_rule_with_its_limit_in_order() -> None:
    rows = RiskGate(RiskLimits()).describe()
    written = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert len(written) == len(rows)
    for line, row in zip(written, rows, strict=True):
        assert line.startswith(f"| `{row.rule}` | {row.holds_for} | {row.limit} |")


def test_risk_document_gives_the_numbers_of_execution() -> None:
    settings = ExecutionSettings()
    for words in (
        f"a limit {settings.collar_ticks} ticks through",
        f"down to once in {settings.max_reprice_seconds:g} s",
        f"cancelled after {settings.reprice_seconds:g} s",
        f"After {settings.max_reprices + 1} attempts",
        f"strategy's `max_unhedged_seconds` ({PairParameters().max_unhedged_seconds:g})",
        f"{settings.blind_seconds:g} s without any price",
        f"within {settings.answer_timeout_seconds:g} s is reported",
        f"{RiskLimits().margin_headroom_percent:g} % of the equity",
    ):
        assert words in " ".join(TEXT.split()), words
