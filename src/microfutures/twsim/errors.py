"""TWS's own codes and wording, one row each.

Source: IB's API reference, "Error Handling" (system, warning, client and TWS messages).
"""

SYSTEM_NOTICES: tuple[tuple[int, str], ...] = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2104, "Market data farm connection is OK:usfuture"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)

WORDING: dict[int, str] = {
    100: "Max rate of messages per second has been exceeded:max=50 rec={rate}",
    103: "Duplicate order id",
    104: "Can't modify a filled order.",
    105: "Order being modified does not match original order",
    110: "The price does not conform to the minimum price variation for this contract.",
    135: "Can't find order with id ={order_id}",
    161: "Cancel attempted when order is not in a cancellable state. Order permId ={order_id}",
    162: "Historical Market Data Service error message:{detail}",
    200: "No security definition has been found for the request",
    201: "Order rejected - reason:{detail}",
    202: "Order Canceled - reason:",
    300: "Can't find EId with tickerId:{request_id}",
    310: "Can't find the subscribed market depth with tickerId:{request_id}",
    321: "Error validating request.-'{tag}' : cause - {detail}",
    322: "Error processing request.-'{tag}' : cause - {detail}",
    326: "Unable to connect as the client id is already in use. Retry with a unique client id.",
    354: "Requested market data is not subscribed.{detail}",
    366: "No historical data query found for ticker id:{request_id}",
    387: "Unsupported order type for this exchange and security type.",
    420: "Invalid Real-time Query:{detail}",
    434: "The order size cannot be zero.",
    430: (
        "The fundamentals data for the security specified is not available."
        "Fundamentals data is not allowed"
    ),
    492: "Requested market scanner parameters are not available",
    503: "The TWS is out of date and must be upgraded.",
    505: "Fatal Error: Unknown message id.",
    2137: "The closing order quantity is greater than your current position.",
    10089: (
        "Requested market data requires additional subscription for API."
        "See link in 'Market Data Connections' dialog for more details.{detail}"
    ),
    10052: "Invalid time in force:{detail}",
    10147: "OrderId {order_id} that needs to be cancelled is not found.",
    10148: "OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {state}.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10197: "No market data during competing live session",
    10276: "News feed is not allowed.",
}


def wording(code: int, **values: object) -> str:
    """Return what TWS says with `code`."""
    blanks = dict.fromkeys(("detail", "tag", "rate", "order_id", "request_id", "state"), "")
    return WORDING[code].format(**{**blanks, **values})
