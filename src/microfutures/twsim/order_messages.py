"""What TWS tells of orders and executions: messages 3, 5, 11, 59, 101.

Field order and the spelling of empty and unset values follow recorded messages of server 173.
"""

from decimal import Decimal

import msgspec

from microfutures.model.instrument import Instrument
from microfutures.model.orders import Side
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.contracts import contract_fields, primary_exchange
from microfutures.twsim.wire import UNSET_DOUBLE, UNSET_INTEGER, UNSET_LONG, Field

NO_SHAREHOLDER = "Not an insider or substantial shareholder"
_OPEN_DELTA_NEUTRAL: tuple[Field, ...] = ("None", "", 0, "", "", "", "?", 0, 0, "")
_COMPLETED_DELTA_NEUTRAL: tuple[Field, ...] = ("None", "", 0, 0, 0, "")

PENDING_SUBMIT, PRE_SUBMITTED, SUBMITTED = "PendingSubmit", "PreSubmitted", "Submitted"
FILLED, CANCELLED, INACTIVE = "Filled", "Cancelled", "Inactive"
OPEN_STATUSES = (PENDING_SUBMIT, PRE_SUBMITTED, SUBMITTED)

CANCEL_ALL, REDUCE_WITH_BLOCK, REDUCE_WITHOUT_BLOCK = 1, 2, 3
"""What a fill does to the other orders of a one-cancels-all group, in IB's numbers."""


class OrderFacts(msgspec.Struct, kw_only=True):
    """One order as TWS remembers it."""

    instrument: Instrument
    client_id: int
    order_id: int
    perm_id: int
    account: str
    action: str
    quantity: int
    order_type: str
    limit_price: Decimal
    aux_price: Decimal
    time_in_force: str
    order_ref: str
    parent_id: int
    outside_rth: bool
    oca_group: str = ""
    oca_type: int = REDUCE_WITHOUT_BLOCK
    status: str = PENDING_SUBMIT
    is_transmitted: bool = False
    is_at_venue: bool = False
    """False while it waits for its parent to be filled, or to be transmitted."""
    filled: int = 0
    average_price: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)
    commission: Decimal | None = None
    completed_ns: int | None = None
    completed_status: str = ""
    why_held: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether it may still trade."""
        return self.status in OPEN_STATUSES


class MarginFields(msgspec.Struct, frozen=True):
    """The nine margin figures of a what-if, and the commission."""

    figures: tuple[Decimal, ...]
    commission: Decimal


class ExecutionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as TWS remembers it."""

    order: OrderFacts
    execution_id: str
    time_ns: int
    quantity: int
    price: Decimal
    cumulative: int
    average_price: Decimal
    commission: Decimal
    realized: Decimal | None


def price_text(price: Decimal) -> str:
    """Return a price as TWS writes it: at least one decimal."""
    text = format(price.normalize(), "f")
    return text if "." in text else f"{text}.0"


def order_status(order: OrderFacts) -> list[Field]:
    """Return the order status message (3)."""
    return [
        3,
        order.order_id,
        order.status,
        order.filled,
        order.quantity - order.filled,
        format(order.average_price.normalize(), "f"),
        order.perm_id,
        order.parent_id,
        format(order.last_price.normalize(), "f"),
        order.client_id,
        order.why_held,
        0,
    ]


def open_order(version: int, order: OrderFacts, what_if: MarginFields | None = None) -> list[Field]:
    """Return the open order message (5)."""
    figures: list[Field] = [UNSET_DOUBLE] * 9
    if what_if is not None:
        figures = [price_text(figure) for figure in what_if.figures]
    commission = what_if.commission if what_if is not None else order.commission
    return [
        5,
        order.order_id,
        *_contract_and_terms(order),
        order.client_id,
        order.perm_id,
        order.outside_rth,
        0,  # hidden
        0,  # discretionaryAmt
        "",  # goodAfterTime
        f"{order.perm_id}.0/{order.account}/100",
        "",  # faGroup
        "",  # faMethod
        "",  # faPercentage
        *([""] if version < 177 else []),  # faProfile
        *_empty(5),  # modelCode … settlingFirm
        0,  # shortSaleSlot
        "",  # designatedLocation
        -1,  # exemptCode
        0,  # auctionStrategy
        *_empty(5),  # startingPrice … stockRangeUpper
        UNSET_INTEGER,  # displaySize
        0,  # blockOrder
        0,  # sweepToFill
        0,  # allOrNone
        "",  # minQty
        order.oca_type,
        0,  # eTradeOnly
        0,  # firmQuoteOnly
        "",  # nbboPriceCap
        order.parent_id,
        0,  # triggerMethod
        "",  # volatility
        0,  # volatilityType
        *_OPEN_DELTA_NEUTRAL,
        0,  # continuousUpdate
        0,  # referencePriceType
        *_empty(5),  # trailStopPrice … comboLegsDescrip
        0,  # comboLegs
        0,  # orderComboLegs
        0,  # smartComboRoutingParams
        UNSET_INTEGER,  # scaleInitLevelSize
        UNSET_INTEGER,  # scaleSubsLevelSize
        "",  # scalePriceIncrement
        "",  # hedgeType
        0,  # optOutSmartRouting
        "",  # clearingAccount
        "IB",  # clearingIntent
        0,  # notHeld
        0,  # deltaNeutralContract
        "",  # algoStrategy
        0,  # solicited
        what_if is not None,
        order.status,
        *figures,
        "" if commission is None else format(commission.normalize(), "f"),
        "",  # minCommission
        "",  # maxCommission
        "" if commission is None else order.instrument.currency,
        "",  # warningText
        0,  # randomizeSize
        0,  # randomizePrice
        0,  # conditions
        "None",  # adjustedOrderType
        *[UNSET_DOUBLE] * 6,  # triggerPrice … adjustedTrailingAmount
        0,  # adjustableTrailingUnit
        *_empty(3),  # softDollarTier
        0,  # cashQty
        1,  # dontUseAutoPriceForHedge
        0,  # isOmsContainer
        0,  # discretionaryUpToLimitPrice
        0,  # usePriceMgmtAlgo
        *([""] if version >= 158 else []),  # duration
        *([""] if version >= 160 else []),  # postToAts
        *([0] if version >= 162 else []),  # autoCancelParent
        *(_empty(5) if version >= 170 else []),  # minTradeQty … midOffsetAtHalf
    ]


def completed_order(version: int, order: OrderFacts) -> list[Field]:
    """Return the completed order message (101)."""
    moment = order.completed_ns or 0
    return [
        101,
        *_contract_and_terms(order),
        order.perm_id,
        order.outside_rth,
        0,  # hidden
        0,  # discretionaryAmt
        *_empty(4),  # goodAfterTime … faPercentage
        *([""] if version < 177 else []),  # faProfile
        *_empty(5),  # modelCode … settlingFirm
        0,  # shortSaleSlot
        "",  # designatedLocation
        -1,  # exemptCode
        *_empty(5),  # startingPrice … stockRangeUpper
        UNSET_INTEGER,  # displaySize
        0,  # sweepToFill
        0,  # allOrNone
        "",  # minQty
        order.oca_type,
        0,  # triggerMethod
        "",  # volatility
        0,  # volatilityType
        *_COMPLETED_DELTA_NEUTRAL,
        0,  # continuousUpdate
        0,  # referencePriceType
        *_empty(3),  # trailStopPrice … comboLegsDescrip
        0,  # comboLegs
        0,  # orderComboLegs
        0,  # smartComboRoutingParams
        UNSET_INTEGER,  # scaleInitLevelSize
        UNSET_INTEGER,  # scaleSubsLevelSize
        "",  # scalePriceIncrement
        "",  # hedgeType
        "",  # clearingAccount
        "IB",  # clearingIntent
        0,  # notHeld
        0,  # deltaNeutralContract
        "",  # algoStrategy
        0,  # solicited
        order.status,
        0,  # randomizeSize
        0,  # randomizePrice
        0,  # conditions
        UNSET_DOUBLE,  # trailStopPrice
        UNSET_DOUBLE,  # lmtPriceOffset
        0,  # cashQty
        1,  # dontUseAutoPriceForHedge
        0,  # isOmsContainer
        "",  # autoCancelDate
        order.filled,
        UNSET_INTEGER,  # refFuturesConId
        0,  # autoCancelParent
        NO_SHAREHOLDER,
        0,  # imbalanceOnly
        0,  # routeMarketableToBbo
        UNSET_LONG,  # parentPermId
        f"{exchange_time(moment, pattern='%Y%m%d %H:%M:%S')} America/New_York",
        order.completed_status,
        *(_empty(5) if version >= 170 else []),
    ]


def execution(version: int, request_id: int, facts: ExecutionFacts) -> list[Field]:
    """Return the execution message (11)."""
    order = facts.order
    return [
        11,
        request_id,
        order.order_id,
        *contract_fields(order.instrument, strike="0.0", right=""),
        facts.execution_id,
        f"{exchange_time(facts.time_ns, pattern='%Y%m%d %H:%M:%S')} America/New_York",
        order.account,
        traded_at(order.instrument),
        "BOT" if order.action == Side.BUY else "SLD",
        price_text(Decimal(facts.quantity)),
        price_text(facts.price),
        order.perm_id,
        order.client_id,
        0,  # liquidation
        price_text(Decimal(facts.cumulative)),
        price_text(facts.average_price),
        order.order_ref,
        "",  # evRule
        "0.0",  # evMultiplier
        "",  # modelCode
        2,  # lastLiquidity: removed
        *([0] if version >= 178 else []),  # pendingPriceRevision
    ]


def traded_at(instrument: Instrument) -> str:
    """Return the exchange at which an order was filled."""
    return primary_exchange(instrument) or instrument.exchange


def commission_report(facts: ExecutionFacts) -> list[Field]:
    """Return the commission report (59)."""
    return [
        59,
        1,
        facts.execution_id,
        format(facts.commission.normalize(), "f"),
        facts.order.instrument.currency,
        UNSET_DOUBLE if facts.realized is None else format(facts.realized.normalize(), "f"),
        UNSET_DOUBLE,
        "",
    ]


def _contract_and_terms(order: OrderFacts) -> list[Field]:
    return [
        *contract_fields(order.instrument, strike="0", right="?"),
        order.action,
        order.quantity,
        order.order_type,
        price_text(order.limit_price),
        price_text(order.aux_price),
        order.time_in_force,
        order.oca_group,
        order.account,
        "",  # openClose
        0,  # origin
        order.order_ref,
    ]


def _empty(count: int) -> list[Field]:
    return [""] * count
