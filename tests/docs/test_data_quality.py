"""The table of flaws is that of the program."""

import re
from pathlib import Path

from microfutures.model.flaws import FLAWS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "data-quality.md").read_text()


def test_document_names_every_flaw_and_what_is_done() -> None:
    rows = re.findall(r"^\| ([a-z -]+?) \| (.+) \| (x?) ?\| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert rows == [
        (flaw, facts.meaning, "x" if facts.is_price_wrong else "", facts.exits)
        for flaw, facts in FLAWS.items()
    ]
