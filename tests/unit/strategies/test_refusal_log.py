"""Which refusals are news: each opportunity's first one, a repeated sentence only now and then."""

from microfutures.model.identifiers import StrategyName
from microfutures.model.intents import Refusal
from microfutures.strategies.status import QUIET_SECONDS, RefusalLog


def refuse(log: RefusalLog, second: float, rule: str, reason: str) -> list[str]:
    log.add(
        Refusal(
            strategy=StrategyName("pair"), rule=rule, reason=reason, time_ns=round(second * 1e9)
        )
    )
    return [each.reason for each in log.take_news()]


def test_an_opportunity_is_told_once_for_each_rule() -> None:
    log = RefusalLog()
    told = [refuse(log, second, "cost", f"{second} < 5") for second in (1, 2, 3)]
    assert told == [["1 < 5"], [], []]
    log.settle()
    assert refuse(log, 4, "cost", "4 < 5") == ["4 < 5"]
    assert refuse(log, 5, "pause", "paused") == ["paused"]
    assert [(each.rule, each.count) for each in log.counts] == [("cost", 4), ("pause", 1)]


def test_a_sentence_is_not_repeated_word_for_word_within_ten_minutes() -> None:
    log = RefusalLog()
    assert refuse(log, 0, "pause", "paused") == ["paused"]
    for second in (30, 60, QUIET_SECONDS - 1):
        log.settle()
        assert refuse(log, second, "pause", "paused") == []
    log.settle()
    assert refuse(log, QUIET_SECONDS, "pause", "paused") == ["paused"]
