"""What can differ between our books and the broker's, one row each, and what is done about it."""

from enum import StrEnum

import msgspec


class Difference(StrEnum):
    """The classes that reconciliation tells apart."""

    MISSED_FILL = "missed fill"
    UNKNOWN_FATE = "unknown fate"
    STRAY_ORDER = "stray order"
    LOST_INTENT = "lost intent"
    FOREIGN_ORDER = "foreign order"
    MANUAL_TRADE = "manual trade"
    FOREIGN_POSITION = "foreign position"
    EXPIRY = "expiry"
    SPLIT = "split"
    UNEXPLAINED = "unexplained"
    NO_REPORT = "no report"


class Response(StrEnum):
    """What the desk does."""

    ADOPT = "adopt"
    IGNORE = "ignore"
    HALT_AND_ASK = "halt and ask"


class DifferenceFacts(msgspec.Struct, frozen=True):
    """One class: by what it is known, and what is done."""

    sign: str
    response: Response
    what_is_done: str


DIFFERENCES: dict[Difference, DifferenceFacts] = {
    Difference.MISSED_FILL: DifferenceFacts(
        "the broker calls an order filled further than its executions say",
        Response.HALT_AND_ASK,
        "entries blocked, executions asked for again every 10 s; booked when they come",
    ),
    Difference.UNKNOWN_FATE: DifferenceFacts(
        "an order of ours is not among the open ones, of this run or an earlier one",
        Response.ADOPT,
        "what completed orders and executions say of it; gone if they don't know it; until then "
        "no other order leaves",
    ),
    Difference.STRAY_ORDER: DifferenceFacts(
        "an order of ours is open that nothing waits for: of an earlier run, or one that was over",
        Response.ADOPT,
        "it is cancelled; what it filled is booked",
    ),
    Difference.LOST_INTENT: DifferenceFacts(
        "an order has one of our names, and the journal does not know it (a power cut)",
        Response.ADOPT,
        "its fills are booked to the strategy that trades the product; it is cancelled if it works",
    ),
    Difference.FOREIGN_ORDER: DifferenceFacts(
        "an open order has none of our names", Response.IGNORE, "told once, never touched"
    ),
    Difference.MANUAL_TRADE: DifferenceFacts(
        "a position of ours shrank, and executions that are not ours account for it",
        Response.ADOPT,
        "our position follows; it is never turned around, what is beyond is foreign",
    ),
    Difference.FOREIGN_POSITION: DifferenceFacts(
        "the account holds more than we do, or on the other side: the owner's own, or assigned",
        Response.IGNORE,
        "told, remembered over restarts, never touched",
    ),
    Difference.EXPIRY: DifferenceFacts(
        "a position of ours is gone after its contract's last trade date",
        Response.ADOPT,
        "closed at the latest price seen",
    ),
    Difference.SPLIT: DifferenceFacts(
        "quantity and average cost changed by the same small fraction",
        Response.ADOPT,
        "our position is restated at its cost, the fraction of a share paid out",
    ),
    Difference.UNEXPLAINED: DifferenceFacts(
        "a position of ours shrank, and nothing accounts for it",
        Response.HALT_AND_ASK,
        "our position follows, entries blocked until a person resumes",
    ),
    Difference.NO_REPORT: DifferenceFacts(
        "the broker did not report its state three times in a row while connected",
        Response.HALT_AND_ASK,
        "entries blocked until a person resumes; it is asked again every 10 s",
    ),
}
