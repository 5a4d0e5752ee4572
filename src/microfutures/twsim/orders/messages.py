"""What TWS tells of orders and executions: messages 3, 5, 11, 59, 101.

Field order and the spelling of empty and unset values follow recorded messages of server 173.
"""

from collections.abc import Mapping
from decimal import Decimal

from microfutures.model.instrument import Instrument
from microfutures.model.orders import Side
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.contracts.lookup import contract_fields, primary_exchange
from microfutures.twsim.orders.facts import ExecutionFacts, MarginFields, OrderFacts
from microfutures.twsim.wire import UNSET_DOUBLE, UNSET_INTEGER, UNSET_LONG, Field

_NOTHING = ("", "0", "0.0", UNSET_INTEGER)
Said = Mapping[str, Field]
_BOX = ("startingPrice", "stockRefPrice", "delta", "stockRangeLower", "stockRangeUpper")
NO_SHAREHOLDER = "Not an insider or substantial shareholder"
_OPEN_DELTA_NEUTRAL: tuple[Field, ...] = ("None", "", 0, "", "", "", "?", 0, 0, "")
_COMPLETED_DELTA_NEUTRAL: tuple[Field, ...] = ("None", "", 0, 0, 0, "")


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
    terms = _said(order)
    said, trail_stop = terms.get, _trail_stop(order, terms)
    return [
        5,
        order.order_id,
        *_contract_and_terms(order, terms),
        order.client_id,
        order.perm_id,
        order.outside_rth,
        said("hidden", 0),
        said("discretionaryAmt", 0),
        said("goodAfterTime"),
        f"{order.perm_id}.0/{order.account}/100",
        "",  # faGroup
        "",  # faMethod
        "",  # faPercentage
        *([""] if version < 177 else []),  # faProfile
        said("modelCode"),
        said("goodTillDate"),
        said("rule80A"),
        said("percentOffset"),
        said("settlingFirm"),
        said("shortSaleSlot", 0),
        said("designatedLocation"),
        said("exemptCode", -1),
        said("auctionStrategy", 0),
        *(said(name) for name in _BOX),
        said("displaySize", UNSET_INTEGER),
        said("blockOrder", 0),
        said("sweepToFill", 0),
        said("allOrNone", 0),
        said("minQty"),
        order.oca_type,
        0,  # eTradeOnly
        0,  # firmQuoteOnly
        "",  # nbboPriceCap
        order.parent_id,
        said("triggerMethod", 0),
        said("volatility"),
        said("volatilityType", 0),
        *_OPEN_DELTA_NEUTRAL,
        said("continuousUpdate", 0),
        said("referencePriceType", 0),
        trail_stop,
        said("trailingPercent"),
        "",  # basisPoints
        "",  # basisPointsType
        *_combo(order),
        said("scaleInitLevelSize", UNSET_INTEGER),
        said("scaleSubsLevelSize", UNSET_INTEGER),
        "",  # scalePriceIncrement
        "",  # hedgeType
        said("optOutSmartRouting", 0),
        said("clearingAccount"),
        said("clearingIntent", "IB"),
        said("notHeld", 0),
        0,  # deltaNeutralContract
        *_algorithm(order),
        said("solicited", 0),
        what_if is not None,
        order.status,
        *figures,
        "" if commission is None else format(commission.normalize(), "f"),
        "",  # minCommission
        "",  # maxCommission
        "" if commission is None else order.instrument.currency,
        "",  # warningText
        said("randomizeSize", 0),
        said("randomizePrice", 0),
        *order.conditions.fields(),
        "None",  # adjustedOrderType
        said("triggerPrice", UNSET_DOUBLE),
        trail_stop or UNSET_DOUBLE,
        said("lmtPriceOffset", UNSET_DOUBLE),
        *[UNSET_DOUBLE] * 3,  # adjustedStopPrice … adjustedTrailingAmount
        0,  # adjustableTrailingUnit
        said("softDollarTierName"),
        said("softDollarTierValue"),
        "",  # displayName of the tier
        said("cashQty", 0),
        1,  # dontUseAutoPriceForHedge
        said("isOmsContainer", 0),
        said("discretionaryUpToLimitPrice", 0),
        said("usePriceMgmtAlgo", 0),
        *([said("duration")] if version >= 158 else []),
        *([said("postToAts")] if version >= 160 else []),
        *([said("autoCancelParent", 0)] if version >= 162 else []),
        *(_empty(5) if version >= 170 else []),  # minTradeQty … midOffsetAtHalf
    ]


def completed_order(version: int, order: OrderFacts) -> list[Field]:
    """Return the completed order message (101)."""
    moment, terms = order.completed_ns or 0, _said(order)
    said = terms.get
    return [
        101,
        *_contract_and_terms(order, terms),
        order.perm_id,
        order.outside_rth,
        said("hidden", 0),
        said("discretionaryAmt", 0),
        said("goodAfterTime"),
        *_empty(3),  # faGroup … faPercentage
        *([""] if version < 177 else []),  # faProfile
        said("modelCode"),
        said("goodTillDate"),
        said("rule80A"),
        said("percentOffset"),
        said("settlingFirm"),
        said("shortSaleSlot", 0),
        said("designatedLocation"),
        said("exemptCode", -1),
        *(said(name) for name in _BOX),
        said("displaySize", UNSET_INTEGER),
        said("sweepToFill", 0),
        said("allOrNone", 0),
        said("minQty"),
        order.oca_type,
        said("triggerMethod", 0),
        said("volatility"),
        said("volatilityType", 0),
        *_COMPLETED_DELTA_NEUTRAL,
        said("continuousUpdate", 0),
        said("referencePriceType", 0),
        _trail_stop(order, terms),
        said("trailingPercent"),
        *_combo(order),
        said("scaleInitLevelSize", UNSET_INTEGER),
        said("scaleSubsLevelSize", UNSET_INTEGER),
        "",  # scalePriceIncrement
        "",  # hedgeType
        said("clearingAccount"),
        said("clearingIntent", "IB"),
        said("notHeld", 0),
        0,  # deltaNeutralContract
        *_algorithm(order),
        said("solicited", 0),
        order.status,
        said("randomizeSize", 0),
        said("randomizePrice", 0),
        *order.conditions.fields(),
        _trail_stop(order, terms, UNSET_DOUBLE),
        said("lmtPriceOffset", UNSET_DOUBLE),
        said("cashQty", 0),
        1,  # dontUseAutoPriceForHedge
        said("isOmsContainer", 0),
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
        *contract_fields(facts.instrument, strike="0.0", right=""),
        facts.execution_id,
        f"{exchange_time(facts.time_ns, pattern='%Y%m%d %H:%M:%S')} America/New_York",
        order.account,
        traded_at(facts.instrument),
        "BOT" if facts.action == Side.BUY else "SLD",
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
        facts.instrument.currency,
        UNSET_DOUBLE if facts.realized is None else format(facts.realized.normalize(), "f"),
        UNSET_DOUBLE,
        "",
    ]


def _contract_and_terms(order: OrderFacts, said: Said) -> list[Field]:
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
        said.get("openClose"),
        said.get("origin", 0),
        order.order_ref,
    ]


def _said(order: OrderFacts) -> Said:
    """Return what its owner said of an order, without what is nothing: TWS has its own defaults."""
    return {name: said for name, said in order.terms.items() if said not in _NOTHING}


def _trail_stop(order: OrderFacts, said: Said, default: Field = "") -> Field:
    if order.trail_stop is not None:
        return price_text(order.trail_stop)
    return said.get("trailStopPrice", default)


def _combo(order: OrderFacts) -> list[Field]:
    """Return comboLegsDescrip, comboLegs, orderComboLegs and smartComboRoutingParams."""
    combo = order.combo
    if combo is None:
        return ["", 0, 0, 0]
    signed = (f"{leg.con_id}|{leg.ratio if leg.is_bought else -leg.ratio}" for leg in combo.legs)
    legs: list[Field] = [",".join(signed), len(combo.legs)]
    for leg in combo.legs:
        legs += [leg.con_id, leg.ratio, leg.action, leg.exchange, *leg.rest]
    return [*legs, 0, len(combo.routing) // 2, *combo.routing]


def _algorithm(order: OrderFacts) -> list[Field]:
    strategy = order.terms.get("algoStrategy", "")
    if not strategy:
        return [""]
    return [strategy, len(order.algo_parameters) // 2, *order.algo_parameters]


def _empty(count: int) -> list[Field]:
    return [""] * count
