"""TWS's own codes and wording, one row each.

Source of each row: IB's API reference, "Error Handling" and "Message Codes" (system, warning,
client and TWS messages), unless `SOURCES` names another.
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
    111: "The TIF (Tif type) and the order type are incompatible.",
    113: "The Tif option should be set to DAY for MOC and LOC orders.",
    114: "Relative orders are valid for stocks only.",
    135: "Can't find order with id ={order_id}",
    154: "Order cannot be transmitted for a halted security.",
    161: ("Cancel attempted when order is not in a cancellable state. Order permId ={order_id}"),
    162: "Historical Market Data Service error message:{detail}",
    200: "No security definition has been found for the request",
    201: "Order rejected - reason:{detail}",
    202: "Order Canceled - reason:",
    300: "Can't find EId with tickerId:{request_id}",
    309: "Max number ({limit}) of market depth requests has been reached",
    310: "Can't find the subscribed market depth with tickerId:{request_id}",
    312: "The combo details are invalid.",
    313: "The combo details for leg '{detail}' are invalid.",
    315: "Stock combo legs are restricted to SMART order routing.",
    320: "Error reading request. {detail}",
    321: "Error validating request.-'{tag}' : cause - {detail}",
    322: "Error processing request.-'{tag}' : cause - {detail}",
    326: "Unable to connect as the client id is already in use. Retry with a unique client id.",
    329: "Order modify failed. Cannot change to the new order type.",
    334: "Invalid Good Till Date order",
    337: (
        "The date, time, or time-zone entered is invalid. The correct format is "
        "yyyymmdd hh:mm:ss xxx where yyyymmdd and xxx are optional."
    ),
    342: "Pegged order is not supported on this exchange.",
    354: (
        "Requested market data is not subscribed. Check API status by selecting the Account menu "
        "then under Management choose Market Data Subscription Manager and/or availability of "
        "delayed data.Delayed market data is available.{detail}"
    ),
    366: "No historical data query found for ticker id:{request_id}",
    387: "Unsupported order type for this exchange and security type.",
    399: "Order Message:{detail}",
    420: "Invalid Real-time Query:{detail}",
    430: (
        "The fundamentals data for the security specified is not available."
        "Fundamentals data is not allowed"
    ),
    434: "The order size cannot be zero.",
    492: "Requested market scanner parameters are not available",
    505: "Fatal Error: Unknown message id.",
    1100: "Connectivity between IBKR and Trader Workstation has been lost.",
    1101: (
        "Connectivity between IBKR and Trader Workstation has been restored - data lost. "
        "All data farms are connected: usfarm; usfuture; ushmds; secdefnj."
    ),
    1102: (
        "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
        "All data farms are connected: usfarm; usfuture; ushmds; secdefnj."
    ),
    2103: "Market data farm connection is broken:{detail}",
    2104: "Market data farm connection is OK:{detail}",
    2105: "HMDS data farm connection is broken:{detail}",
    2106: "HMDS data farm connection is OK:{detail}",
    2110: (
        "Connectivity between Trader Workstation and server is broken. "
        "It will be restored automatically."
    ),
    2152: "Exchanges - Depth: {detail}; Top: {top}; ",
    2157: "Sec-def data farm connection is broken:{detail}",
    2158: "Sec-def data farm connection is OK:{detail}",
    10000: "Cross currency combo error.",
    10052: "Invalid time in force:{detail}",
    10058: (
        "Combo per-leg prices are only supported for non-guaranteed smart combos with two legs and "
        'the "IECOMBOPERLEGPRICE" feature enabled.'
    ),
    10089: (
        "Requested market data requires additional subscription for API. "
        "See link in 'Market Data Connections' dialog for more details."
        "Delayed market data is available.{detail}"
    ),
    10090: (
        "Part of requested market data is not subscribed. Subscription-independent ticks are "
        "still active.Delayed market data is available.{detail}"
    ),
    10092: "Deep market data is not supported for this combination of security type/exchange",
    10147: "OrderId {order_id} that needs to be cancelled is not found.",
    10148: "OrderId {order_id} that needs to be cancelled can not be cancelled, state: {state}.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
    10187: "Failed to request historical ticks:{detail}",
    10188: "Failed to request histogram data:{detail}",
    10189: "Failed to request tick-by-tick data.{detail}",
    10190: "Max number of tick-by-tick requests has been reached.",
    10197: "No market data during competing live session",
    10268: "The 'EtradeOnly' order attribute is not supported.",
    10269: "The 'FirmQuoteOnly' order attribute is not supported.",
    10270: "The 'NbboPriceCap' order attribute is not supported.",
    10276: "News feed is not allowed.",
    10314: (
        "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is "
        "yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional."
    ),
}

_LOGS = "logs of TWS that several users of its libraries quote"

SOURCES: dict[int, str] = {
    100: f"{_LOGS}; ib_insync, pull request 35",
    162: f"{_LOGS}; swigibpy, issue 11",
    321: "ibapi for Rust, pull request 245",
    322: _LOGS,
    10058: "Lean.Brokerages.InteractiveBrokers, issue 213",
    354: f"Message Codes; what stands behind its last period: {_LOGS}",
    **dict.fromkeys((430, 1100, 1102, 2103, 2104, 2105, 2106, 2110, 2152, 2157, 2158), _LOGS),
    1101: "Message Codes; the list of farms as of 1102",
    **dict.fromkeys(
        (10089, 10090, 10167, 10268, 10269, 10270, 10187, 10188, 10189, 10190, 10197, 10314), _LOGS
    ),
}
"""Where a wording is from that IB's own reference gives otherwise, shortened or not at all."""

_BLANKS = dict.fromkeys(
    ("detail", "tag", "rate", "limit", "order_id", "request_id", "state", "number", "top"), ""
)


def wording(code: int, **values: object) -> str:
    """Return what TWS says with `code`."""
    return WORDING[code].format(**{**_BLANKS, **values})
