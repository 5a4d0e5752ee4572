"""Folds as they are written: ``train=60d,test=20d,purge=1d,embargo=1d``."""

import re
from collections.abc import Callable, Mapping

from microfutures.analytics.splits import Fold, purged_k_fold, walk_forward
from microfutures.model.errors import ConfigurationError, InvalidValueError

WALK = ("train", "test", "purge", "embargo")
K_FOLD = ("folds", "purge", "embargo")
ANCHORED = "anchored"


def parse_walk_forward(text: str, days: int) -> list[Fold]:
    """Return the folds of ``--walk-forward``, in trading days.

    Raises
    ------
    ConfigurationError
        If the text can't be meant, or the tape is too short for it.
    """
    words = [word.strip() for word in text.split(",")]
    is_anchored = ANCHORED in words
    rest = [word for word in words if word != ANCHORED]
    given = _lengths("--walk-forward", text, rest, WALK, ("train", "test"))
    return _made("--walk-forward", text, lambda: walk_forward(days, anchored=is_anchored, **given))


def parse_k_fold(text: str, days: int) -> list[Fold]:
    """Return the folds of ``--k-fold``: ``folds=5,purge=1d,embargo=2d``.

    Raises
    ------
    ConfigurationError
        If the text can't be meant, or the tape is too short for it.
    """
    given = _lengths("--k-fold", text, text.split(","), K_FOLD, ("folds",))
    return _made("--k-fold", text, lambda: purged_k_fold(days, **given))


def _made(flag: str, text: str, make: Callable[[], list[Fold]]) -> list[Fold]:
    try:
        return make()
    except InvalidValueError as error:
        raise ConfigurationError(f"{flag} {text}: {error}") from None


def _lengths(
    flag: str, text: str, words: list[str], known: tuple[str, ...], needed: tuple[str, ...]
) -> Mapping[str, int]:
    given: dict[str, int] = {}
    for word in words:
        name, _, length = word.strip().partition("=")
        if name not in known or name in given:
            raise ConfigurationError(
                f"{flag} {text!a}: {word.strip()!a} is not one of {', '.join(known)}, each once; "
                f"write it like {_example(known)}"
            )
        if re.fullmatch(r"\d{1,5}d?", length) is None:
            raise ConfigurationError(
                f"{flag} {text!a}: {name} is a number of trading days, like {name}=5d, was "
                f"{length!a}"
            )
        given[name] = int(length.rstrip("d"))
    missing = [name for name in needed if name not in given]
    if missing:
        raise ConfigurationError(
            f"{flag} {text!a} lacks {' and '.join(missing)}; write it like {_example(known)}"
        )
    return given


def _example(known: tuple[str, ...]) -> str:
    lengths = {"train": "60d", "test": "20d", "purge": "1d", "embargo": "1d", "folds": "5"}
    return ",".join(f"{name}={lengths[name]}" for name in known)
