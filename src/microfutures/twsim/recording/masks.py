"""Account ids, hidden: every account of a recording gets another number, always the same one."""

import re

_LOOKS_LIKE_AN_ACCOUNT = r"D?[UFI][0-9]{5,9}"
"""Live, paper, adviser and institution accounts; a text in which IB's ids stand may be any."""


class AccountMasks:
    """Replaces account ids by ``DU0000001``, ``DU0000002``, with their own letters in front."""

    def __init__(self) -> None:
        self._masks: dict[str, str] = {}
        self._known: dict[str, None] = {}
        self._pattern = _pattern_of(())

    def learn(self, accounts: str) -> None:
        """Know the accounts of a managed accounts message, whatever they look like."""
        for account in accounts.split(","):
            if account.strip():
                self._known[account.strip()] = None
        self._pattern = _pattern_of(tuple(self._known))

    def hide(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Return fields with every account id replaced, also inside of texts."""
        text = "\0".join(fields)
        return tuple(self._pattern.sub(self._mask, text).split("\0"))

    def _mask(self, found: re.Match[str]) -> str:
        account = found[0]
        if account not in self._masks:
            letters = re.match(r"[A-Z]{0,2}", account)
            prefix = letters[0] if letters else ""
            self._masks[account] = f"{prefix}{len(self._masks) + 1:07}"
        return self._masks[account]


def _pattern_of(known: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(known, key=len, reverse=True)
    choices = "|".join([*(re.escape(each) for each in longest_first), _LOOKS_LIKE_AN_ACCOUNT])
    return re.compile(f"(?<![A-Za-z0-9])(?:{choices})(?![0-9])")
