"""The requests of a TWS client, one row each, and what TWS answers to them.

Rows are sent in this order over one connection, so a cancel follows what it cancels.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple, Protocol

from microfutures.model import catalog

DAY = date(2026, 9, 8)
"""When the simulated market begins."""

SILENT = "silence"
"""What TWS answers to most cancels and settings; the connection must go on answering."""


class Kit(Protocol):
    """A client library's own classes, made for a row."""

    name: str
    is_ibapi: bool
    """Whether it is IB's own client of today, which asks for more here and there."""

    def contract(self, **fields: Any) -> Any: ...

    def leg(self, **fields: Any) -> Any: ...

    def order(self, **fields: Any) -> Any: ...

    def execution_filter(self) -> Any: ...

    def scanner(self) -> Any: ...

    def wsh_events(self) -> Any: ...

    def order_cancel(self) -> tuple[Any, ...]: ...

    def next_order_id(self) -> int: ...


SCANNER: dict[str, Any] = {
    "instrument": "STK",
    "locationCode": "STK.US.MAJOR",
    "scanCode": "MOST_ACTIVE",
}


def filled(thing: Any, fields: dict[str, Any]) -> Any:
    """Return a client's own object with its attributes set."""
    for name, value in fields.items():
        setattr(thing, name, value)
    return thing


Arguments = Callable[[Kit], tuple[Any, ...]]


class Row(NamedTuple):
    """One request: the client's method, its arguments, and the answers that TWS may give."""

    method: str
    arguments: Arguments
    answers: tuple[str, ...]
    """Names of callbacks, ``error <code>``, or `SILENT`."""
    request_id: int = -1
    """-1 for a request without an id."""
    note: str = ""


def mcl(kit: Kit) -> Any:
    return kit.contract(
        symbol="MCL",
        secType="FUT",
        exchange="NYMEX",
        currency="USD",
        lastTradeDateOrContractMonth="202611",
    )


def uso(kit: Kit) -> Any:
    return kit.contract(symbol="USO", secType="STK", exchange="SMART", currency="USD")


def option(kit: Kit) -> Any:
    return kit.contract(
        symbol="USO",
        secType="OPT",
        exchange="SMART",
        currency="USD",
        lastTradeDateOrContractMonth="20261016",
        strike=70.0,
        right="C",
        multiplier="100",
    )


def spread(kit: Kit) -> Any:
    legs = [
        kit.leg(
            conId=catalog.future("MCL", 2026, month, DAY).con_id,
            ratio=1,
            action=action,
            exchange="NYMEX",
        )
        for month, action in ((10, "BUY"), (11, "SELL"))
    ]
    return kit.contract(
        symbol="MCL", secType="BAG", exchange="NYMEX", currency="USD", comboLegs=legs
    )


def _order(kit: Kit, offset: int, contract: Any, **fields: Any) -> tuple[Any, ...]:
    said: dict[str, Any] = {"action": "BUY", "totalQuantity": 1, "tif": "DAY"}
    return kit.next_order_id() + offset, contract, kit.order(**said, **fields)


def _cancel(method: str, request_id: int, *answers: str, note: str = "") -> Row:
    return Row(method, lambda kit: (request_id,), answers or (SILENT,), request_id, note)


def _plain(method: str, *arguments: Any, answers: tuple[str, ...], note: str = "") -> Row:
    return Row(method, lambda kit: arguments, answers, note=note)


_NO_NEWS = ("error 10276",)

ROWS: tuple[Row, ...] = (
    # -- the session ---------------------------------------------------------------------------
    _plain("reqCurrentTime", answers=("currentTime",)),
    _plain("reqManagedAccts", answers=("managedAccounts",)),
    _plain("reqIds", 1, answers=("nextValidId",)),
    _plain("setServerLogLevel", 2, answers=(SILENT,)),
    _plain("reqMarketDataType", 3, answers=(SILENT,)),
    Row("reqUserInfo", lambda kit: (1,), ("userInfo",), 1),
    _plain("reqFamilyCodes", answers=("familyCodes",)),
    Row("reqSoftDollarTiers", lambda kit: (2,), ("softDollarTiers",), 2),
    _plain("requestFA", 1, answers=("error 321",)),
    Row("replaceFA", lambda kit: (3, 1, "<xml/>"), ("error 321",), 3),
    # -- contracts -----------------------------------------------------------------------------
    Row("reqContractDetails", lambda kit: (10, mcl(kit)), ("contractDetailsEnd",), 10),
    Row("reqMatchingSymbols", lambda kit: (11, "MCL"), ("symbolSamples",), 11),
    _plain("reqMarketRule", 100_000, answers=("marketRule",)),
    Row("reqSmartComponents", lambda kit: (12, "9c0001"), ("smartComponents",), 12),
    Row(
        "reqSecDefOptParams",
        lambda kit: (13, "USO", "", "STK", 0),
        ("securityDefinitionOptionParameterEnd",),
        13,
    ),
    # -- market data ---------------------------------------------------------------------------
    Row(
        "reqMktData",
        lambda kit: (20, mcl(kit), "233", False, False, []),
        ("tickPrice", "priceSizeTick"),
        20,
    ),
    _cancel("cancelMktData", 20),
    Row(
        "reqMktData",
        lambda kit: (21, uso(kit), "", True, False, []),
        ("tickSnapshotEnd",),
        21,
        "snapshot",
    ),
    Row(
        "reqMktData",
        lambda kit: (19, option(kit), "", False, False, []),
        ("tickOptionComputation",),
        19,
        "option",
    ),
    _cancel("cancelMktData", 19, note="option"),
    Row(
        "reqMktData",
        lambda kit: (18, spread(kit), "", False, False, []),
        ("tickPrice", "priceSizeTick"),
        18,
        "combo",
    ),
    _cancel("cancelMktData", 18, note="combo"),
    Row(
        "reqRealTimeBars",
        lambda kit: (22, mcl(kit), 5, "TRADES", False, []),
        ("realtimeBar",),
        22,
    ),
    _cancel("cancelRealTimeBars", 22),
    Row(
        "reqMktDepth",
        lambda kit: (23, mcl(kit), 5, False, []),
        ("updateMktDepth",),
        23,
    ),
    Row("cancelMktDepth", lambda kit: (23, False), (SILENT,), 23),
    Row(
        "reqMktDepth",
        lambda kit: (24, uso(kit), 5, True, []),
        ("updateMktDepthL2",),
        24,
        "SMART depth",
    ),
    Row("cancelMktDepth", lambda kit: (24, True), (SILENT,), 24, "SMART depth"),
    _plain("reqMktDepthExchanges", answers=("mktDepthExchanges",)),
    *(
        row
        for request_id, kind, answer in (
            (25, "Last", "tickByTickAllLast"),
            (26, "AllLast", "tickByTickAllLast"),
            (27, "BidAsk", "tickByTickBidAsk"),
            (28, "MidPoint", "tickByTickMidPoint"),
        )
        for row in (
            Row(
                "reqTickByTickData",
                lambda kit, request_id=request_id, kind=kind: (  # type: ignore[misc]
                    request_id,
                    mcl(kit),
                    kind,
                    0,
                    False,
                ),
                (answer,),
                request_id,
                kind,
            ),
            _cancel("cancelTickByTickData", request_id, note=kind),
        )
    ),
    # -- the past ------------------------------------------------------------------------------
    Row(
        "reqHistoricalData",
        lambda kit: (30, mcl(kit), "", "3600 S", "5 mins", "TRADES", 0, 1, False, []),
        ("historicalData",),
        30,
    ),
    _cancel("cancelHistoricalData", 30),
    Row(
        "reqHistoricalData",
        lambda kit: (31, mcl(kit), "", "3600 S", "5 mins", "TRADES", 0, 1, True, []),
        ("historicalDataUpdate",),
        31,
        "kept up to date",
    ),
    _cancel("cancelHistoricalData", 31, note="kept up to date"),
    Row(
        "reqHistoricalData",
        lambda kit: (32, uso(kit), "", "5 D", "1 day", "SCHEDULE", 1, 1, False, []),
        ("historicalSchedule", "error 321"),
        32,
        "schedule, which servers before 165 don't know",
    ),
    *(
        Row(
            "reqHistoricalTicks",
            lambda kit, request_id=request_id, what=what: (  # type: ignore[misc]
                request_id,
                mcl(kit),
                "",
                "20260908 10:00:00 US/Eastern",
                100,
                what,
                0,
                False,
                [],
            ),
            (answer,),
            request_id,
            what,
        )
        for request_id, what, answer in (
            (33, "TRADES", "historicalTicksLast"),
            (34, "BID_ASK", "historicalTicksBidAsk"),
            (35, "MIDPOINT", "historicalTicks"),
        )
    ),
    Row("reqHeadTimeStamp", lambda kit: (36, mcl(kit), "TRADES", 0, 1), ("headTimestamp",), 36),
    _cancel("cancelHeadTimeStamp", 36),
    Row("reqHistogramData", lambda kit: (37, mcl(kit), False, "2 days"), ("histogramData",), 37),
    _cancel("cancelHistogramData", 37),
    # -- options -------------------------------------------------------------------------------
    Row(
        "calculateImpliedVolatility",
        lambda kit: (40, option(kit), 2.5, 70.0, []),
        ("tickOptionComputation",),
        40,
    ),
    _cancel("cancelCalculateImpliedVolatility", 40),
    Row(
        "calculateOptionPrice",
        lambda kit: (41, option(kit), 0.3, 70.0, []),
        ("tickOptionComputation",),
        41,
    ),
    _cancel("cancelCalculateOptionPrice", 41),
    Row(
        "exerciseOptions",
        lambda kit: (
            42,
            option(kit),
            1,
            1,
            "DU1000001",
            0,
            *(("", "", False) if kit.is_ibapi else ()),
        ),
        ("error 322",),
        42,
    ),
    # -- the account ---------------------------------------------------------------------------
    _plain("reqAccountUpdates", True, "DU1000001", answers=("accountDownloadEnd",)),
    _plain(
        "reqAccountUpdates", False, "DU1000001", answers=(SILENT,), note="end of the subscription"
    ),
    Row(
        "reqAccountSummary",
        lambda kit: (50, "All", "NetLiquidation,BuyingPower"),
        ("accountSummaryEnd",),
        50,
    ),
    _cancel("cancelAccountSummary", 50),
    _plain("reqPositions", answers=("positionEnd",)),
    _plain("cancelPositions", answers=(SILENT,)),
    Row("reqPositionsMulti", lambda kit: (51, "DU1000001", ""), ("positionMultiEnd",), 51),
    _cancel("cancelPositionsMulti", 51),
    Row(
        "reqAccountUpdatesMulti",
        lambda kit: (52, "DU1000001", "", True),
        ("accountUpdateMultiEnd",),
        52,
    ),
    _cancel("cancelAccountUpdatesMulti", 52),
    Row("reqPnL", lambda kit: (53, "DU1000001", ""), ("pnl",), 53),
    _cancel("cancelPnL", 53),
    Row("reqPnLSingle", lambda kit: (54, "DU1000001", "", 1), ("pnlSingle",), 54),
    _cancel("cancelPnLSingle", 54),
    # -- orders --------------------------------------------------------------------------------
    Row(
        "placeOrder",
        lambda kit: _order(kit, 0, mcl(kit), orderType="LMT", lmtPrice=1.0),
        ("openOrder",),
    ),
    Row(
        "placeOrder",
        lambda kit: _order(kit, 1, spread(kit), orderType="LMT", lmtPrice=-9.0),
        ("openOrder",),
        note="combo",
    ),
    Row(
        "placeOrder",
        lambda kit: _order(kit, 2, spread(kit), orderType="MKT", whatIf=True),
        ("openOrder",),
        note="what-if of a combo",
    ),
    Row(
        "placeOrder",
        lambda kit: _order(kit, 3, spread(kit), orderType="MKT"),
        ("execDetails",),
        note="combo that is filled",
    ),
    Row("cancelOrder", lambda kit: (987_654, *kit.order_cancel()), ("error 10147",), 987_654),
    _plain("reqOpenOrders", answers=("openOrderEnd",)),
    _plain("reqAllOpenOrders", answers=("openOrderEnd",)),
    _plain("reqAutoOpenOrders", True, answers=("error 321",)),
    _plain("reqCompletedOrders", False, answers=("completedOrdersEnd",)),
    Row("reqExecutions", lambda kit: (61, kit.execution_filter()), ("execDetailsEnd",), 61),
    Row(
        "reqGlobalCancel",
        lambda kit: kit.order_cancel() if kit.is_ibapi else (),
        ("orderStatus",),
    ),
    # -- scanner, news, events, fundamentals ---------------------------------------------------
    _plain("reqScannerParameters", answers=("scannerParameters",)),
    Row(
        "reqScannerSubscription",
        lambda kit: (70, kit.scanner(), [], []),
        ("scannerDataEnd", "scannerData"),
        70,
    ),
    _cancel("cancelScannerSubscription", 70, "error 162"),
    _plain("reqNewsProviders", answers=("newsProviders",)),
    _plain("reqNewsBulletins", True, answers=(SILENT,)),
    _plain("cancelNewsBulletins", answers=(SILENT,)),
    Row("reqNewsArticle", lambda kit: (71, "BRFG", "BRFG$1", []), _NO_NEWS, 71),
    Row(
        "reqHistoricalNews",
        lambda kit: (72, 8314, "BRFG", "", "", 10, []),
        _NO_NEWS,
        72,
    ),
    Row("reqWshMetaData", lambda kit: (73,), _NO_NEWS, 73),
    _cancel("cancelWshMetaData", 73),
    Row("reqWshEventData", lambda kit: (74, kit.wsh_events()), _NO_NEWS, 74),
    _cancel("cancelWshEventData", 74),
    Row(
        "reqFundamentalData",
        lambda kit: (75, uso(kit), "ReportSnapshot", []),
        ("error 430",),
        75,
    ),
    _cancel("cancelFundamentalData", 75),
    # -- the window of TWS, and its verification of other programs -----------------------------
    Row("queryDisplayGroups", lambda kit: (80,), ("displayGroupList",), 80),
    Row("subscribeToGroupEvents", lambda kit: (81, 1), ("displayGroupUpdated",), 81),
    Row(
        "updateDisplayGroup",
        lambda kit: (81, "8314@SMART"),
        ("displayGroupUpdated",),
        81,
    ),
    _cancel("unsubscribeFromGroupEvents", 81),
    _plain("verifyRequest", "program", "1", answers=("error 321", "error 508", "error 545")),
    _plain("verifyMessage", "text", answers=("error 321",)),
    _plain(
        "verifyAndAuthRequest",
        "program",
        "1",
        "key",
        answers=("error 321", "error 508", "error 551"),
    ),
    _plain("verifyAndAuthMessage", "text", "answer", answers=("error 321",)),
    # -- requests of later servers: the client refuses them by itself ---------------------------
    _plain("reqCurrentTimeInMillis", answers=("error 503",)),
    Row("cancelContractData", lambda kit: (90,), ("error 503",), 90),
    Row("cancelHistoricalTicks", lambda kit: (91,), ("error 503",), 91),
)
