"""Well-formed requests of every kind, written by a client that nobody here wrote: ib_async."""

import inspect
from datetime import date
from typing import Any

import ib_async
from ib_async.client import Client

from microfutures.model import catalog

ACCOUNT = "DU1000001"
FUTURE = ib_async.Future("MCL", "202611", "NYMEX", currency="USD")
FUND = ib_async.Stock("USO", "SMART", "USD")
OPTION = ib_async.Option("USO", "20261016", 70.0, "C", "SMART", "100", "USD")
SCAN = ib_async.ScannerSubscription(
    instrument="STK", locationCode="STK.US.MAJOR", scanCode="MOST_ACTIVE"
)
SCHEDULES_SINCE = 165
SPREAD = ib_async.Bag(
    symbol="MCL",
    exchange="NYMEX",
    currency="USD",
    comboLegs=[
        ib_async.ComboLeg(
            conId=catalog.future("MCL", 2026, number, date(2026, 9, 8)).con_id,
            ratio=1,
            action=action,
            exchange="NYMEX",
        )
        for number, action in ((10, "BUY"), (11, "SELL"))
    ],
)
COMBO_ORDERS = (
    ib_async.MarketOrder("BUY", 1, tif="DAY"),
    ib_async.LimitOrder("SELL", 2, 50.0, tif="GTC", orderRef="fuzz"),
    ib_async.MarketOrder("SELL", 1, tif="DAY", whatIf=True),
    ib_async.MarketOrder(
        "BUY", 1, tif="DAY", smartComboRoutingParams=[ib_async.TagValue("NonGuaranteed", "1")]
    ),
)
ORDERS = (
    ib_async.MarketOrder("BUY", 1, tif="DAY"),
    ib_async.LimitOrder("SELL", 3, 71.5, tif="GTC", orderRef="fuzz"),
    ib_async.StopOrder("SELL", 1, 60.0, tif="DAY"),
    ib_async.StopLimitOrder("BUY", 1, 72.0, 73.0, tif="DAY"),
    ib_async.LimitOrder("BUY", 5, 70.5, tif="IOC", outsideRth=True),
    ib_async.Order(action="SELL", totalQuantity=1, orderType="TRAIL", auxPrice=0.5, tif="DAY"),
    ib_async.LimitOrder(
        "BUY",
        1,
        60.0,
        tif="GTD",
        goodTillDate="20260909 12:00:00 US/Eastern",
        ocaGroup="a",
        conditions=[ib_async.PriceCondition(conId=1, exch="NYMEX", price=70.0)],
    ),
    ib_async.MarketOrder("BUY", 2, whatIf=True, tif="DAY"),
)

_VALUES: dict[str, Any] = {
    "reqId": 11,
    "tickerId": 11,
    "orderId": 2_000_000,
    "numIds": 1,
    "contract": FUTURE,
    "order": ORDERS[1],
    "account": ACCOUNT,
    "acctCode": ACCOUNT,
    "modelCode": "",
    "execFilter": ib_async.ExecutionFilter(),
    "subscription": ib_async.ScannerSubscription(),
    "data": ib_async.WshEventData(),
    "whatToShow": "TRADES",
    "endDateTime": "20260908 10:00:00 US/Eastern",
    "startDateTime": "20260908 09:45:00 US/Eastern",
    "durationStr": "600 S",
    "barSizeSetting": "1 min",
    "barSize": 5,
    "formatDate": 1,
    "keepUpToDate": False,
    "useRTH": 0,
    "useRth": 0,
    "numRows": 5,
    "numberOfTicks": 10,
    "marketDataType": 3,
    "marketRuleId": 26,
    "subscribe": True,
    "tags": "NetLiquidation,TotalCashValue",
    "groupName": "All",
    "pattern": "MC",
    "conid": 583288378,
    "tickType": "Last",
    "timePeriod": "3 days",
    "genericTickList": "233",
    "volatility": 0.3,
    "optionPrice": 1.5,
    "underPrice": 70.0,
    "underlyingSymbol": "MCL",
    "underlyingSecType": "FUT",
    "underlyingConId": 583288378,
    "futFopExchange": "NYMEX",
}
_FIRST_WORDS = ("req", "cancel", "calculate", "place", "exercise", "query", "subscribe", "update")
_NOT_MESSAGES = ("requestStats", "updateReqId")


class _Pen(Client):
    """Keeps what it would send."""

    def __init__(self) -> None:
        self._serverVersion = 0
        self.written: list[str] = []

    def isConnected(self) -> bool:
        return True

    def sendMsg(self, msg: str) -> None:
        self.written.append(msg)


def requests_of(version: int) -> list[list[str]]:
    """Return the fields of a request of each kind as a client of `version` sends them."""
    pen: Any = _Pen()
    pen._serverVersion = version
    for name, method in inspect.getmembers(pen, inspect.ismethod):
        if name.startswith(_FIRST_WORDS) and name not in _NOT_MESSAGES:
            names = inspect.signature(method).parameters
            method(*[_VALUES.get(each, "") for each in names])
    for number, order in enumerate(ORDERS):
        pen.placeOrder(2_000_001 + number, FUTURE if number % 2 else FUND, order)
    for number, order in enumerate(COMBO_ORDERS):
        pen.placeOrder(2_001_001 + number, SPREAD, order)
    pen.reqContractDetails(12, FUND)
    pen.reqMktData(15, SPREAD, "", False, False, [])
    pen.reqMktData(13, FUND, "", True, False, [])
    pen.reqHistoricalData(14, FUND, "", "1 D", "5 mins", "MIDPOINT", 1, 1, True, [])
    _ask_for_rarer_answers(pen, version)
    return [message.split("\0")[:-1] for message in pen.written]


def _ask_for_rarer_answers(pen: Any, version: int) -> None:
    """Write requests whose answers are of kinds that no plainer request brings."""
    pen.reqMktDepth(31, FUND, 5, True, [])
    pen.reqMktData(32, OPTION, "", False, False, [])
    pen.reqScannerSubscription(33, SCAN, [], [])
    pen.subscribeToGroupEvents(34, 1)
    for number, what in enumerate(("MIDPOINT", "BID_ASK")):
        end = _VALUES["endDateTime"]
        pen.reqHistoricalTicks(35 + number, FUTURE, "", end, 10, what, 0, False, [])
    if version >= SCHEDULES_SINCE:
        pen.reqHistoricalData(37, FUND, "", "5 D", "1 day", "SCHEDULE", 1, 1, False, [])


def order_fields(version: int, order_id: int) -> list[str]:
    """Return a limit order far from the market, as a client of `version` sends it."""
    pen: Any = _Pen()
    pen._serverVersion = version
    pen.placeOrder(order_id, FUTURE, ib_async.LimitOrder("BUY", 1, 60.0, tif="GTC"))
    return str(pen.written[0]).split("\0")[:-1]
