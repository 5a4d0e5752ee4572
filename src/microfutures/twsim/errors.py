"""TWS's own codes and wording, one row each.

Sources: IB's API reference, "Error Handling" and "Message Codes" (system, warning, client and TWS
messages); the tails that TWS adds to 162, 201, 321, 354 and 10089 as users quote them.
"""

SYSTEM_NOTICES: tuple[tuple[int, str], ...] = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2104, "Market data farm connection is OK:usfuture"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)

WORDING: dict[int, str] = {
    100: "Max rate of messages per second has been exceeded:max={limit} rec={rate} ({number})",
    101: "Max number of tickers has been reached",
    103: "Duplicate order id",
    104: "Cannot modify a filled order.",
    105: "Order being modified does not match original order",
    110: "The price does not conform to the minimum price variation for this contract.",
    135: "Can't find order with id ={order_id}",
    162: "Historical Market Data Service error message:{detail}",
    200: "No security definition has been found for the request",
    201: "Order rejected - reason:{detail}",
    202: "Order Canceled - reason:",
    300: "Can't find EId with tickerId:{request_id}",
    309: "Max number ({limit}) of market depth requests has been reached",
    310: "Can't find the subscribed market depth with tickerId:{request_id}",
    320: "Error reading request. {detail}",
    321: "Error validating request.-'{tag}' : cause - {detail}",
    322: "Error processing request.-'{tag}' : cause - {detail}",
    326: "Unable to connect as the client id is already in use. Retry with a unique client id.",
    329: "Order modify failed. Cannot change to the new order type.",
    354: (
        "Requested market data is not subscribed.Delayed market data is available."
        "Error&BEST/STK/Top&BEST/STK/Top"
    ),
    366: "No historical data query found for ticker id:{request_id}",
    387: "Unsupported order type for this exchange and security type.",
    420: "Invalid Real-time Query:{detail}",
    430: (
        "The fundamentals data for the security specified is not available."
        "Fundamentals data is not allowed"
    ),
    434: "The order size cannot be zero.",
    492: "Requested market scanner parameters are not available",
    505: "Fatal Error: Unknown message id.",
    2152: "Exchanges - Depth: {detail}",
    10052: "Invalid time in force:{detail}",
    10089: (
        "Requested market data requires additional subscription for API."
        "See link in 'Market Data Connections' dialog for more details.{detail}"
    ),
    10092: "Deep market data is not supported for this combination of security type/exchange",
    10147: "OrderId {order_id} that needs to be cancelled is not found.",
    10148: "OrderId {order_id} that needs to be cancelled can not be cancelled, state: {state}.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10187: "Failed to request historical ticks:{detail}",
    10188: "Failed to request histogram data:{detail}",
    10189: "Failed to request tick-by-tick data:{detail}",
    10190: "Max number of tick-by-tick requests has been reached",
    10276: "News feed is not allowed.",
    10314: (
        "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is "
        "yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional."
    ),
}

_BLANKS = dict.fromkeys(
    ("detail", "tag", "rate", "limit", "order_id", "request_id", "state", "number"), ""
)


def wording(code: int, **values: object) -> str:
    """Return what TWS says with `code`."""
    return WORDING[code].format(**{**_BLANKS, **values})
