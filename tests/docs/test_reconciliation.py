"""The table of differences is that of the program."""

import re
from pathlib import Path

from microfutures.engine.differences import DIFFERENCES, Difference

DOCUMENT = (Path(__file__).parents[2] / "docs" / "reconciliation.md").read_text()


def test_document_names_every_difference_and_the_response() -> None:
    assert set(DIFFERENCES) == set(Difference)
    rows = re.findall(r"^\| ([a-z ]+) \| (.+) \| (.+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert rows[1:] == [
        (difference, facts.sign, facts.response, facts.what_is_done)
        for difference, facts in DIFFERENCES.items()
    ]
