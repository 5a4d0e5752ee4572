"""Account ids in what is written for people: logs are shown to others when they ask for help."""

import re

_ACCOUNT = re.compile(r"(?<![A-Za-z0-9])(D?[UFI])[0-9]{3,7}([0-9]{2})(?![A-Za-z0-9])")
"""Live, paper, adviser and institution accounts."""


def hide_accounts(text: str) -> str:
    """Return `text` with all of every account id but its letters and last two digits hidden."""
    return _ACCOUNT.sub(r"\1***\2", text)
