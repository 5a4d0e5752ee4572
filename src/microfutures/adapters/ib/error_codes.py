"""Every TWS code that matters here: what class it is and what to do about it; one row each.

Source: IB's TWS API reference, "Error Handling": system, warning, client-side and TWS errors.
"""

from enum import StrEnum

import msgspec

from microfutures.model.events import Severity


class CodeClass(StrEnum):
    """What a code means to the program."""

    NOTICE = "notice"
    """Good news or no news."""
    WARNING = "warning"
    REJECTION = "rejection"
    """The order it names did not happen."""
    CANCEL = "cancel"
    """The order it names is cancelled, or its cancel came too late: ask how it stands."""
    REQUEST = "request"
    """A request other than an order failed."""
    DATA = "data"
    """Market data of one line: missing, delayed, not subscribed."""
    FARM = "farm"
    """A data farm went; others work on."""
    CONNECTION = "connection"
    PACING = "pacing"


class CodeFacts(msgspec.Struct, frozen=True):
    """One row."""

    code_class: CodeClass
    advice: str = ""

    @property
    def severity(self) -> Severity:
        """Return how loudly to say it."""
        return _SEVERITIES[self.code_class]


_SEVERITIES = {
    CodeClass.NOTICE: Severity.DEBUG,
    CodeClass.WARNING: Severity.WARNING,
    CodeClass.REJECTION: Severity.ERROR,
    CodeClass.CANCEL: Severity.INFO,
    CodeClass.REQUEST: Severity.WARNING,
    CodeClass.DATA: Severity.WARNING,
    CodeClass.FARM: Severity.WARNING,
    CodeClass.CONNECTION: Severity.ERROR,
    CodeClass.PACING: Severity.WARNING,
}

_N, _W, _R, _C = CodeClass.NOTICE, CodeClass.WARNING, CodeClass.REJECTION, CodeClass.CANCEL
_Q, _D, _F = CodeClass.REQUEST, CodeClass.DATA, CodeClass.FARM
_X, _P = CodeClass.CONNECTION, CodeClass.PACING

_SUBSCRIBE = (
    "subscribe to the exchange's data in IB's Client Portal, or trade what you have data for"
)

CODES: dict[int, CodeFacts] = {
    code: CodeFacts(code_class, advice)
    for code, code_class, advice in (
        (100, _P, "fewer than 50 messages a second are allowed; the client id may be shared"),
        (101, _D, "too many market data lines; close some in TWS"),
        (102, _Q, "the request id is in use"),
        (103, _R, "the order id was used before; nothing was sent twice"),
        (104, _C, "a filled order can't be changed"),
        (105, _W, "the change does not fit the order; the order stands as it was"),
        (106, _R, "the order could not be transmitted; check the account in TWS"),
        (107, _R, "the order is incomplete"),
        (109, _R, "the price is too far from the market; see the precautions in TWS"),
        (110, _R, "the price is off the contract's tick"),
        (111, _R, "this time in force and order type don't go together"),
        (113, _R, "the time in force must be DAY for this order type"),
        (116, _R, "the order can't be transmitted to a dead exchange"),
        (117, _R, "the block order must be at least 50 contracts"),
        (118, _R, "volatility orders need a volatility"),
        (119, _R, "volatility orders must be routed directly"),
        (125, _R, "the account does not exist or is not yours"),
        (131, _R, "the sweep size is missing"),
        (133, _R, "the new order could not be submitted: what it replaces is gone"),
        (135, _C, "TWS does not know the order any more"),
        (136, _C, "the order can't be cancelled now"),
        (139, _R, "an order field has the wrong form"),
        (140, _R, "an order field must be a whole number"),
        (141, _R, "an order field must be a number"),
        (144, _R, "the order size must be whole"),
        (145, _R, "the order failed validation"),
        (161, _C, "the order was not cancellable: filled or cancelled already"),
        (162, _Q, "no historical data: check the subscription, or the pacing (60 in 10 minutes)"),
        (163, _R, "the price would violate the percentage constraint set in TWS"),
        (164, _Q, "there is no market data to check the price against"),
        (165, _N, ""),
        (166, _Q, "the contract has expired"),
        (200, _Q, "no such contract: check symbol, exchange and month"),
        (201, _R, "the broker rejected the order; the reason follows the colon"),
        (202, _C, ""),
        (203, _R, "the account may not trade this; check trading permissions"),
        (300, _N, ""),
        (309, _D, "too many market depth requests"),
        (310, _N, ""),
        (312, _R, "a combo order is incomplete"),
        (316, _D, "market depth was halted; it is asked for again"),
        (317, _D, "market depth was reset"),
        (320, _Q, "TWS could not read the request: client and TWS versions may not fit"),
        (321, _Q, "TWS refused the request; is the API read-only (Configure, API, Settings)?"),
        (322, _Q, "TWS could not process the request"),
        (323, _Q, "TWS failed inside"),
        (325, _R, "discretionary orders are not supported here"),
        (326, _X, "the client id is taken: choose another with --client-id, or end the other one"),
        (327, _W, "only client 0 can bind manual orders"),
        (328, _R, "trailing stops need a limit or stop"),
        (329, _W, "an order can't change its type; the order stands as it was"),
        (334, _R, "a good-till-date order needs a date"),
        (337, _R, "delta-neutral orders are invalid here"),
        (354, _D, _SUBSCRIBE),
        (357, _R, "the sale would be short"),
        (358, _R, "the order's regulatory field is wrong"),
        (361, _R, "an order with such a stop is invalid"),
        (366, _N, ""),
        (382, _R, "the price violates the ticks constraint set in TWS"),
        (383, _R, "the size violates the size limit set in TWS: Presets, or Precautions"),
        (385, _R, "the order's size exceeds the precaution set in TWS"),
        (387, _R, "this exchange does not take the order type"),
        (388, _R, "the order is smaller than the exchange's minimum"),
        (391, _R, "the good-after time has the wrong form"),
        (399, _W, "read what TWS says of the order; it stands"),
        (404, _W, "the shares are being located for the short sale; the order is held"),
        (405, _W, ""),
        (406, _R, "the order would be closed to you"),
        (411, _R, "the stop can't be placed for a cash trade"),
        (420, _Q, "real-time bars: check the subscription and the pacing"),
        (421, _R, "the order can't be routed"),
        (422, _R, "smart combos need guaranteed routes"),
        (430, _Q, "fundamental data are not subscribed"),
        (434, _R, "the order size can't be zero"),
        (435, _R, "name the account: several are managed"),
        (436, _R, "name an account, group or profile"),
        (441, _R, "the account type can't hold such an order"),
        (443, _R, "the account must be your own"),
        (445, _R, "a group order can't be changed"),
        (451, _R, "the order's value exceeds the limit in TWS's Presets"),
        (460, _R, "the account has no permission for this"),
        (463, _R, "enter a valid trail amount"),
        (492, _Q, "scanner parameters are not available"),
        (501, _N, ""),
        (502, _X, "is TWS or IB Gateway running, its API enabled, and the port right?"),
        (503, _X, "TWS is too old; update it"),
        (504, _X, "not connected"),
        (505, _X, "TWS does not know this message; update it"),
        (506, _X, "TWS does not speak this version"),
        (507, _X, "the line broke while a message was read"),
        (509, _X, "the socket failed"),
        (1100, _X, "TWS lost IB's servers; orders wait until it is back"),
        (1101, _X, "TWS is back; market data are subscribed anew"),
        (1102, _X, "TWS is back; market data went on"),
        (1300, _X, "TWS changed its port; restart with the new --port"),
        (2100, _N, ""),
        (2101, _W, ""),
        (2102, _W, "the order could not be changed yet: it is being processed"),
        (2103, _F, "market data of this farm are stale until 2104"),
        (2104, _N, ""),
        (2105, _F, "historical data of this farm are missing until 2106"),
        (2106, _N, ""),
        (2107, _N, ""),
        (2108, _N, ""),
        (2109, _W, "outside-regular-hours was ignored for this order type"),
        (2110, _X, "TWS lost IB's servers; it tries again by itself"),
        (2119, _N, ""),
        (2129, _N, ""),
        (2137, _W, "the order is larger than the position it closes"),
        (2148, _N, ""),
        (2150, _N, ""),
        (2152, _D, _SUBSCRIBE),
        (2157, _F, "contract definitions are missing until 2158"),
        (2158, _N, ""),
        (2168, _N, ""),
        (2169, _N, ""),
        (2174, _N, ""),
        (10006, _R, "the parent order is missing"),
        (10052, _R, "the order type does not take this time in force"),
        (10089, _D, _SUBSCRIBE),
        (10090, _D, "part of the market data is not subscribed; the rest is shown"),
        (10091, _D, "part of the market data needs a subscription for the API"),
        (10147, _C, "TWS does not know the order any more"),
        (10148, _C, "the order was filled or cancelled already"),
        (10167, _D, "quotes are delayed and are never traded on; subscribe to live data"),
        (10168, _D, f"no data and no delayed data; {_SUBSCRIBE}"),
        (10182, _D, "live updates failed; they are asked for again"),
        (10185, _Q, "the cancel named nothing that runs"),
        (10186, _D, "delayed data are not enabled"),
        (10187, _Q, "no historical ticks"),
        (10189, _D, "tick-by-tick data failed"),
        (10197, _D, "somebody is logged in elsewhere with this user: end the other session"),
        (10225, _D, "the stream was reset; it is asked for again"),
        (10243, _R, "only whole contracts and shares can be ordered through the API"),
        (10268, _R, "an obsolete order field (eTradeOnly) is set"),
        (10276, _Q, "news are not subscribed"),
        (10311, _W, "direct routing may cost more"),
        (10318, _R, "the order needs a different route"),
        (10329, _Q, "the exchange's schedule is missing"),
        (10349, _N, "TWS set the time in force by its preset; the order stands"),
    )
}

_UNKNOWN = CodeFacts(CodeClass.WARNING, "an unknown code: look it up in IB's API reference")


def classify(code: int) -> CodeFacts:
    """Return what `code` means; an unknown one is a warning and never a cancel."""
    return CODES.get(code, _UNKNOWN)
