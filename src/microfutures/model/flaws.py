"""What can be wrong with a quote, one row each; how it is found out is in `model.quality`."""

from enum import StrEnum

import msgspec


class Flaw(StrEnum):
    """Why a quote is not traded on."""

    NONE = ""
    MISSING = "missing"
    HALTED = "halted"
    FARM_LOST = "farm lost"
    FROZEN = "frozen"
    DELAYED = "delayed"
    ONE_SIDED = "one-sided"
    NOT_A_NUMBER = "not a number"
    ZERO = "zero"
    NEGATIVE = "negative"
    CROSSED = "crossed"
    JUMP = "jump"
    STALE = "stale"


class FlawFacts(msgspec.Struct, frozen=True):
    """One flaw: what it is, and what exits and hedges do; no entry is made on any of them."""

    meaning: str
    is_price_wrong: bool = False
    """Whether the prices themselves can't be right: nothing is valued at them."""
    exits: str = "wait for a price; a market order after 15 s in liquid hours"


FLAWS: dict[Flaw, FlawFacts] = {
    Flaw.MISSING: FlawFacts("no quote has come since the line stands"),
    Flaw.HALTED: FlawFacts(
        "the exchange has halted trading (tick 49 above 0)", exits="wait for the end of the halt"
    ),
    Flaw.FARM_LOST: FlawFacts(
        "TWS lost the data farm that feeds it (2103), until 2104 or the next tick"
    ),
    Flaw.FROZEN: FlawFacts("the last quote of a closed market (data type 2 or 4)"),
    Flaw.DELAYED: FlawFacts("a quarter of an hour old (data type 3, ticks 66 to 76)"),
    Flaw.ONE_SIDED: FlawFacts(
        "nobody bids, or nobody offers (-1, or 0 without a size)",
        exits="trade at the side they need, if it is there",
    ),
    Flaw.NOT_A_NUMBER: FlawFacts("bid or ask is NaN or infinite", is_price_wrong=True),
    Flaw.ZERO: FlawFacts(
        "a price of 0 of what is never worth nothing (`model/families.py`)", is_price_wrong=True
    ),
    Flaw.NEGATIVE: FlawFacts(
        "a price below 0 of what is never worth less than nothing", is_price_wrong=True
    ),
    Flaw.CROSSED: FlawFacts("the bid is above the ask", is_price_wrong=True),
    Flaw.JUMP: FlawFacts(
        "further from the latest sound quote than `risk.max_quote_jump_percent` and "
        "`risk.max_quote_jump_ticks`, until it has stayed there for 60 s",
        is_price_wrong=True,
    ),
    Flaw.STALE: FlawFacts(
        "older than `risk.max_quote_age_seconds` in liquid hours: the leg is quiet, or its stream",
        exits="trade at it: a limit can do no worse than it says",
    ),
}
