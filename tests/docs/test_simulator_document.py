"""What the document for users of other libraries says is so."""

import re
from pathlib import Path

from conformance.notebooks import SYMBOLS
from microfutures.twsim.faults.kinds import KINDS
from microfutures.twsim.gateway import DEFAULT_ACCOUNT
from microfutures.twsim.handlers.depth import MAX_BOOKS
from microfutures.twsim.handlers.ticks import MAX_STREAMS, MAX_TICKS
from microfutures.twsim.quotes.lines import MAX_LINES
from microfutures.twsim.rate import MAX_VIOLATIONS, MESSAGES_PER_SECOND
from microfutures.twsim.session import MAX_VERSION, MIN_VERSION, PACE_OPTION

TEXT = (Path(__file__).parents[2] / "docs" / "simulator-for-other-clients.md").read_text()


def test_symbols_of_the_examples_are_those_that_make_notebooks_lists() -> None:
    assert f"--symbols {','.join(SYMBOLS)}\n" in TEXT


def test_limits_are_those_of_the_simulator() -> None:
    assert f"server versions {MIN_VERSION} to {MAX_VERSION}" in TEXT
    assert f"Account `{DEFAULT_ACCOUNT}`" in TEXT
    assert f"{MESSAGES_PER_SECOND} messages a second" in TEXT
    assert (MAX_VIOLATIONS, PACE_OPTION) == (3, "+PACEAPI")
    limits = f"{MAX_LINES} market data lines (101), {MAX_BOOKS} books (309)"
    assert f"{limits}, {MAX_STREAMS} tick-by-tick streams (10190), {MAX_TICKS} past ticks" in TEXT


def test_faults_that_are_named_exist() -> None:
    named = re.findall(r"`fault (\w+) (\w+)=", TEXT)
    assert named
    assert all(parameter in KINDS[kind].__struct_fields__ for kind, parameter in named)
