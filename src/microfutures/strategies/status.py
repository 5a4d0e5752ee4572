"""What a strategy tells about itself."""

import msgspec

from microfutures.model.intents import Refusal
from microfutures.model.snapshot import RefusalCount
from microfutures.model.timestamp import seconds


class StrategyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """State in one word, the numbers behind it and why there is no trade."""

    state: str
    metrics: tuple[tuple[str, str], ...]
    z_score: float | None
    z_entry: float | None
    z_exit: float | None
    why_no_trade: str
    refusals: tuple[RefusalCount, ...]


QUIET_SECONDS = 600.0
"""A sentence that was told is not told again so soon, word for word: a long pause is one line."""


class RefusalLog:
    """Counts refusals by rule and keeps the latest sentence of each."""

    def __init__(self) -> None:
        self._counts: dict[str, RefusalCount] = {}
        self._news: list[Refusal] = []
        self._last_rule = ""
        self._told: dict[str, Refusal] = {}

    def add(self, refusal: Refusal) -> None:
        """Count `refusal`; it is news when its rule is another than before, unless it was told."""
        before = self._counts.get(refusal.rule)
        self._counts[refusal.rule] = RefusalCount(
            rule=refusal.rule, count=before.count + 1 if before else 1, latest=refusal.reason
        )
        if refusal.rule != self._last_rule and not self._is_stale(refusal):
            self._news.append(refusal)
            self._told[refusal.rule] = refusal
        self._last_rule = refusal.rule

    def _is_stale(self, refusal: Refusal) -> bool:
        told = self._told.get(refusal.rule)
        return (
            told is not None
            and told.reason == refusal.reason
            and refusal.time_ns - told.time_ns < seconds(QUIET_SECONDS)
        )

    def settle(self) -> None:
        """Note that the opportunity is over: the next refusal is news again."""
        self._last_rule = ""

    def take_news(self) -> list[Refusal]:
        """Return what was new since the last call."""
        if not self._news:
            return []
        news, self._news = self._news, []
        return news

    @property
    def counts(self) -> tuple[RefusalCount, ...]:
        """Return all counts, the most frequent first."""
        return tuple(sorted(self._counts.values(), key=lambda each: (-each.count, each.rule)))
