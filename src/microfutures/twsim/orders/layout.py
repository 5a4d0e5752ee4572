"""The layout of the place-order request (3), field by field, in the API's own names.

Source: IB's published client, which writes the message, for server versions 157 to 178.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from microfutures.twsim.wire import TRUE, FieldReader, read_number

Terms = dict[str, str]
"""What a client said of an order, spelled as TWS spells it back; empty is unset."""

Rows = tuple[tuple[str, str], ...]

AFTER_QUANTITY: Rows = (
    ("orderType", "text"),
    ("lmtPrice", "decimal"),
    ("auxPrice", "decimal"),
    ("tif", "text"),
    ("ocaGroup", "text"),
    ("account", "text"),
    ("openClose", "text"),
    ("origin", "integer"),
    ("orderRef", "text"),
    ("transmit", "flag"),
    ("parentId", "integer"),
    ("blockOrder", "flag"),
    ("sweepToFill", "flag"),
    ("displaySize", "integer"),
    ("triggerMethod", "integer"),
    ("outsideRth", "flag"),
    ("hidden", "flag"),
)
AFTER_LEGS: Rows = (
    ("sharesAllocation", "text"),
    ("discretionaryAmt", "decimal"),
    ("goodAfterTime", "text"),
    ("goodTillDate", "text"),
    ("faGroup", "text"),
    ("faMethod", "text"),
    ("faPercentage", "text"),
)
AFTER_PROFILE: Rows = (
    ("modelCode", "text"),
    ("shortSaleSlot", "integer"),
    ("designatedLocation", "text"),
    ("exemptCode", "integer"),
    ("ocaType", "integer"),
    ("rule80A", "text"),
    ("settlingFirm", "text"),
    ("allOrNone", "flag"),
    ("minQty", "integer"),
    ("percentOffset", "decimal"),
    ("eTradeOnly", "flag"),
    ("firmQuoteOnly", "flag"),
    ("nbboPriceCap", "decimal"),
    ("auctionStrategy", "integer"),
    ("startingPrice", "decimal"),
    ("stockRefPrice", "decimal"),
    ("delta", "decimal"),
    ("stockRangeLower", "decimal"),
    ("stockRangeUpper", "decimal"),
    ("overridePercentageConstraints", "flag"),
    ("volatility", "decimal"),
    ("volatilityType", "integer"),
    ("deltaNeutralOrderType", "text"),
    ("deltaNeutralAuxPrice", "decimal"),
)
DELTA_NEUTRAL: Rows = (
    ("deltaNeutralConId", "integer"),
    ("deltaNeutralSettlingFirm", "text"),
    ("deltaNeutralClearingAccount", "text"),
    ("deltaNeutralClearingIntent", "text"),
    ("deltaNeutralOpenClose", "text"),
    ("deltaNeutralShortSale", "flag"),
    ("deltaNeutralShortSaleSlot", "integer"),
    ("deltaNeutralDesignatedLocation", "text"),
)
AFTER_DELTA_NEUTRAL: Rows = (
    ("continuousUpdate", "flag"),
    ("referencePriceType", "integer"),
    ("trailStopPrice", "decimal"),
    ("trailingPercent", "decimal"),
    ("scaleInitLevelSize", "integer"),
    ("scaleSubsLevelSize", "integer"),
    ("scalePriceIncrement", "decimal"),
)
SCALE: Rows = (
    ("scalePriceAdjustValue", "decimal"),
    ("scalePriceAdjustInterval", "integer"),
    ("scaleProfitOffset", "decimal"),
    ("scaleAutoReset", "flag"),
    ("scaleInitPosition", "integer"),
    ("scaleInitFillQty", "integer"),
    ("scaleRandomPercent", "flag"),
)
AFTER_SCALE: Rows = (
    ("scaleTable", "text"),
    ("activeStartTime", "text"),
    ("activeStopTime", "text"),
    ("hedgeType", "text"),
)
AFTER_HEDGE: Rows = (
    ("optOutSmartRouting", "flag"),
    ("clearingAccount", "text"),
    ("clearingIntent", "text"),
    ("notHeld", "flag"),
    ("deltaNeutralContract", "flag"),
)
AFTER_ALGORITHM: Rows = (
    ("algoId", "text"),
    ("whatIf", "flag"),
    ("orderMiscOptions", "text"),
    ("solicited", "flag"),
    ("randomizeSize", "flag"),
    ("randomizePrice", "flag"),
)
PEG_BENCH: Rows = (
    ("referenceContractId", "integer"),
    ("isPeggedChangeAmountDecrease", "flag"),
    ("peggedChangeAmount", "decimal"),
    ("referenceChangeAmount", "decimal"),
    ("referenceExchangeId", "text"),
)
AFTER_CONDITIONS: Rows = (
    ("adjustedOrderType", "text"),
    ("triggerPrice", "decimal"),
    ("lmtPriceOffset", "decimal"),
    ("adjustedStopPrice", "decimal"),
    ("adjustedStopLimitPrice", "decimal"),
    ("adjustedTrailingAmount", "decimal"),
    ("adjustableTrailingUnit", "integer"),
    ("extOperator", "text"),
    ("softDollarTierName", "text"),
    ("softDollarTierValue", "text"),
    ("cashQty", "decimal"),
    ("mifid2DecisionMaker", "text"),
    ("mifid2DecisionAlgo", "text"),
    ("mifid2ExecutionTrader", "text"),
    ("mifid2ExecutionAlgo", "text"),
    ("dontUseAutoPriceForHedge", "flag"),
    ("isOmsContainer", "flag"),
    ("discretionaryUpToLimitPrice", "flag"),
    ("usePriceMgmtAlgo", "flag"),
)
BY_VERSION: tuple[tuple[int, str, str], ...] = (
    (158, "duration", "integer"),
    (160, "postToAts", "integer"),
    (162, "autoCancelParent", "flag"),
    (166, "advancedErrorOverride", "text"),
    (169, "manualOrderTime", "text"),
)


@lru_cache
def rows_of_version(version: int) -> Rows:
    """Return the fields that a server of `version` knows at the end."""
    return tuple((name, kind) for since, name, kind in BY_VERSION if version >= since)


def read_rows(reader: FieldReader, rows: Rows, terms: Terms) -> None:
    """Read one field a row into `terms`; raise `WireError` for what is no number."""
    first = reader.place
    for offset, ((name, kind), text) in enumerate(zip(rows, reader.texts(len(rows)), strict=True)):
        # An order has eighty fields, nearly all of them nothing or 0.
        if kind == "text":
            terms[name] = text
        elif kind == "flag":
            terms[name] = "1" if text in TRUE else "0"
        elif not text:
            terms[name] = ""
        elif text == "0":
            terms[name] = "0" if kind == "integer" else "0.0"
        else:
            number = read_number(text, first + offset)
            terms[name] = "" if number is None else _SPELLED[kind](number)


def _decimal(number: Decimal) -> str:
    text = format(number.normalize(), "f")
    return text if "." in text else f"{text}.0"


_SPELLED: dict[str, Callable[[Decimal], str]] = {
    "integer": lambda number: str(int(number)),
    "decimal": _decimal,
}
