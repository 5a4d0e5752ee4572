"""Every flaw of a quote is told from every other."""

from math import nan

import pytest
from msgspec.structs import replace

from helpers.desk import OPEN_NS, SECOND, a_quote, an_instrument
from microfutures.model.flaws import FLAWS, Flaw
from microfutures.model.identifiers import Symbol
from microfutures.model.market import MarketDataType, Quote
from microfutures.model.quality import flaw_of, flaw_words, may_be_negative, quote_problem

OIL, SHARES = an_instrument("MCLX6"), an_instrument("USO")
SOUND = a_quote("USO", 75.10, 75.12)

CASES = [
    (None, Flaw.MISSING),
    (SOUND, Flaw.NONE),
    (replace(SOUND, trouble=Flaw.HALTED), Flaw.HALTED),
    (replace(SOUND, trouble=Flaw.FARM_LOST), Flaw.FARM_LOST),
    (replace(SOUND, trouble=Flaw.JUMP), Flaw.JUMP),
    (replace(SOUND, data_type=MarketDataType.FROZEN), Flaw.FROZEN),
    (replace(SOUND, data_type=MarketDataType.DELAYED_FROZEN), Flaw.FROZEN),
    (replace(SOUND, data_type=MarketDataType.DELAYED), Flaw.DELAYED),
    (replace(SOUND, bid=None), Flaw.ONE_SIDED),
    (replace(SOUND, ask=None), Flaw.ONE_SIDED),
    (replace(SOUND, bid=nan), Flaw.NOT_A_NUMBER),
    (replace(SOUND, ask=float("inf")), Flaw.NOT_A_NUMBER),
    (replace(SOUND, bid=0.0), Flaw.ZERO),
    (replace(SOUND, bid=-0.01), Flaw.NEGATIVE),
    (replace(SOUND, bid=75.13), Flaw.CROSSED),
    (replace(SOUND, bid=75.12), Flaw.NONE),
    (replace(SOUND, time_ns=OPEN_NS - 60 * SECOND), Flaw.NONE),
    (replace(SOUND, time_ns=OPEN_NS - 60 * SECOND - 1), Flaw.STALE),
]


@pytest.mark.parametrize(("quote", "flaw"), CASES)
def test_each_flaw_is_named(quote: Quote | None, flaw: Flaw) -> None:
    assert flaw_of(SHARES, quote, OPEN_NS, 60.0) is flaw
    assert (quote_problem(SHARES, quote, OPEN_NS, 60.0) is None) is (flaw is Flaw.NONE)


def test_every_flaw_has_its_case_its_facts_and_words_of_its_own() -> None:
    flaws = {flaw for _, flaw in CASES} - {Flaw.NONE}
    assert flaws == set(FLAWS) == set(Flaw) - {Flaw.NONE}
    words = {
        flaw_words(flaw, SHARES, quote, OPEN_NS) for quote, flaw in CASES if flaw is not Flaw.NONE
    }
    assert len(words) >= len(flaws)


def test_oil_can_be_worth_less_than_nothing() -> None:
    quote = a_quote("MCLX6", -37.63, -37.60)
    assert flaw_of(OIL, quote, OPEN_NS, 60.0) is Flaw.NONE


@pytest.mark.parametrize(
    ("symbol", "may"), [("MCL", True), ("10Y", True), ("XYZ", True), ("MES", False), ("MGC", False)]
)
def test_futures_that_may_be_negative(symbol: str, may: bool) -> None:
    assert may_be_negative(replace(OIL, symbol=Symbol(symbol))) is may
