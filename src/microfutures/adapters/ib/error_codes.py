"""Every documented TWS code: its class and one sentence of advice; codes alike share a row.

Source: IB's TWS API documentation, "Error handling": system, warning, client and TWS messages;
from 10285 on also what users of the API report.
"""

from microfutures.adapters.ib.code_class import CodeClass, CodeFacts

_N, _W, _R, _C = CodeClass.NOTICE, CodeClass.WARNING, CodeClass.REJECTION, CodeClass.CANCEL
_Q, _D, _F = CodeClass.REQUEST, CodeClass.DATA, CodeClass.FARM
_X, _P, _Z = CodeClass.CONNECTION, CodeClass.PACING, CodeClass.FATAL

_SUBSCRIBE = "subscribe to the exchange's live data in IB's Client Portal and share them with paper"
_PRESET = "see Presets and Precautions in TWS: Global Configuration > API and > Presets"
_OLD_TWS = "this TWS or IB Gateway and our client don't fit: update TWS"
_TYPE = "the exchange does not take this kind of order; send LMT or MKT"
_COMBO = "combination orders are not sent by this system: something else uses the connection"
_ADVISOR = "advisor and allocation orders are not sent by this system; name one account"
_SCALE = "scale, volatility and delta-neutral orders are not sent by this system"
_NEWS = "this system asks for no news or events; something else uses the connection"
_DDE = "this belongs to the DDE interface and should never reach us"

NO_DATA = "query returned no data"
"""Code 162 stands for two things: this one is an answer, and whoever asked tells what follows."""

_Row = tuple[tuple[int, ...], CodeClass, str]

_TWS_MESSAGES: tuple[_Row, ...] = (
    ((100,), _P, "at most 50 messages a second are allowed; is the client id shared?"),
    ((101,), _D, "all market data lines are in use; close watch lists in TWS or buy a booster"),
    ((102, 385, 386), _Q, "the request id is in use"),
    ((103, 389), _R, "the order id was used before; this order was not sent"),
    ((104,), _C, "a filled order can't be changed"),
    ((105, 134, 329, 440), _W, "the change was refused; the order stands as it was"),
    ((106,), _R, "TWS could not transmit the order; look at it in TWS"),
    ((107,), _R, "the order lacks a field"),
    ((109,), _R, f"the price is too far from the market; {_PRESET}"),
    ((110,), _R, "the price is not on the contract's tick"),
    ((111, 113, 10052), _R, "time in force and order type don't go together; use DAY"),
    ((114, 115, 118, 119, 120, 121, 125, 126, 129, 167), _R, _TYPE),
    ((116,), _R, "the exchange is down; wait, or route elsewhere"),
    ((117,), _R, "a block order has at least 50 contracts"),
    ((122, 123, 124), _Q, "TWS has no record of it; restart TWS if it stays"),
    ((131,), _W, "sweep-to-fill and display size were ignored"),
    ((132, 142), _R, "the account has no clearing information; ask IB"),
    ((133,), _R, "TWS could not submit the order; look at it in TWS"),
    ((135, 10147), _C, "TWS does not know the order any more"),
    ((136, 137, 161, 10148), _C, "it can't be cancelled: filled or cancelled already"),
    ((138, 139, 140, 141, 143, 145, 146), _R, "an order field has the wrong form"),
    ((144, 332, 333, 424, 425, 426, 436, 10012, 10239), _R, _ADVISOR),
    ((147, 148, 398, 402), _R, "conditional orders are not sent by this system"),
    ((151, 155, 156), _R, _DDE),
    ((152, 157, 168, 325, 10020), _R, "hidden, iceberg and discretionary size are not possible"),
    ((153,), _R, _COMBO),
    ((154,), _R, "trading in it is halted; wait for the exchange"),
    ((158, 159, 328, 361, 362, 363, 364, 403, 463), _R, "the stop or trailing price is wrong"),
    ((160, 434), _R, "the size must not be zero"),
    ((162,), _Q, "no past bars: check the subscription and the pacing (60 requests in 10 minutes)"),
    ((163, 382), _R, f"the price breaks a limit set in TWS; {_PRESET}"),
    ((164,), _W, "there was no market to check the price against"),
    ((165,), _N, ""),
    ((166, 392), _R, "the contract has expired"),
    ((200,), _Q, "no such contract: check symbol, exchange and month"),
    ((201,), _R, "IB rejected the order; its reason follows the colon (margin, permission, hours)"),
    ((202,), _C, ""),
    ((203, 460), _R, "the account may not trade it: request the permission in the Client Portal"),
    ((300,), _N, ""),
    ((301, 302, 304, 305, 306, 307, 324, 381, 384), _Q, _DDE),
    ((303,), _R, "the side must be BUY or SELL"),
    ((308, 319), _W, ""),
    ((309, 316, 317), _D, "market depth is not used by this system"),
    ((310, 365, 366), _N, ""),
    ((311,), _R, "the order's origin is wrong"),
    ((312, 313, 314, 315, 339, 345, 349, 350, 356, 358, 359, 360), _R, _COMBO),
    ((320, 323), _Q, "TWS could not read the request; restart TWS if it stays"),
    ((321,), _Q, "TWS refused the request; is the API read-only (Configuration > API > Settings)?"),
    ((322,), _Q, "TWS could not process the request"),
    ((326,), _X, "the client id is taken: choose another with --client-id, or end the other one"),
    ((327,), _W, "only client id 0 can bind orders made by hand"),
    ((330, 331, 344, 346), _Q, "the account is not an advisor's; nothing to do"),
    ((334, 336, 337, 338, 343, 391, 394), _R, "a date or time in the order is wrong"),
    ((335, 340, 341, 342), _R, _TYPE),
    ((347, 348, 352, 353), _R, "the short sale fields are wrong"),
    ((351, 411), _R, "outside-regular-hours does not fit this order"),
    ((354,), _D, _SUBSCRIBE),
    ((355, 388, 10250), _R, "the size does not fit the exchange's lot or minimum"),
    ((357,), _Z, _OLD_TWS),
    ((*range(367, 381), 393, 429, 444, 10008, 10010), _R, _SCALE),
    ((383, 451), _R, f"the size or value breaks a limit set in TWS; {_PRESET}"),
    ((387,), _R, _TYPE),
    ((390,), _R, "the order id is not valid"),
    ((395, 396, 397), _R, "the exchange takes only plain orders now; wait"),
    ((399,), _W, "read what TWS says; the order stands"),
    ((400, 439, 441, 442, 443), _R, "algorithmic orders are not sent by this system"),
    ((401,), _R, "a text in the order is too long"),
    ((404,), _W, "IB looks for shares to borrow; the order is held meanwhile"),
    ((405,), _W, ""),
    ((406,), _R, "the currency is not allowed for this account"),
    ((407, 579), _Q, "the symbol has characters that TWS can't read"),
    ((408, 409, 410, 417, 418, 419, 433, *range(446, 450)), _R, _SCALE),
    ((412,), _R, "the contract can't be traded; check the month and the permission"),
    ((413,), _R, "a margin preview must be marked for transmission"),
    ((414,), _D, "snapshots have no generic ticks"),
    ((415, 416, 423, 445), _Q, "requests for quotes are not used by this system"),
    ((420,), _D, "no five-second bars: check the subscription and the pacing"),
    ((421,), _R, "the order can't be routed"),
    ((422,), _W, "account and clearing of an order can't change; the order stands"),
    ((427, 428), _R, "mutual funds are not traded by this system"),
    ((430, 10358), _Q, "fundamental data are not subscribed and not needed"),
    ((431,), _Q, "what to show is missing"),
    ((432,), _W, ""),
    ((435,), _R, "several accounts are managed: name one"),
    ((437, 438), _R, "TWS is locked or the flags contradict; look at TWS"),
    ((492,), _Q, "the scanner is not used by this system"),
)

_CLIENT_MESSAGES: tuple[_Row, ...] = (
    ((501,), _N, ""),
    ((502,), _X, "is TWS or IB Gateway running, its API enabled, and the port right?"),
    ((503, 505, 506), _Z, _OLD_TWS),
    ((504,), _X, "not connected: it is tried again"),
    ((507, 508, 509), _X, "the line broke while a message was read: it is made anew"),
    (
        (*range(510, 579), *range(580, 585)),
        _X,
        "a request could not be sent: the line is made anew",
    ),
    ((585,), _R, _ADVISOR),
    ((*range(586, 594),), _Q, "the request could not be encoded"),
)

_SYSTEM_MESSAGES: tuple[_Row, ...] = (
    ((1100,), _X, "TWS lost IB's servers; no orders until it is back, working ones live on"),
    ((1101,), _X, "TWS is back; market data are subscribed anew"),
    ((1102,), _X, "TWS is back; market data went on"),
    ((1300,), _X, "TWS changed its port and drops us: restart with the new --port"),
    ((2100, 2101), _W, "another client took the account's updates; values may be old"),
    ((2102,), _W, "the order is still being processed: change it later"),
    ((2103,), _F, "quotes of this farm are stale until 2104"),
    ((2105,), _F, "past bars of this farm are missing until 2106"),
    ((2157,), _F, "contract definitions are missing until 2158"),
    ((2104, 2106, 2107, 2108, 2119, 2148, 2158), _N, ""),
    ((2109,), _W, "outside-regular-hours was ignored for this order type; the order stands"),
    ((2110,), _X, "TWS lost IB's servers; it tries again by itself"),
    ((2113, 2176), _W, "the size was rounded"),
    ((2129, 2150), _N, ""),
    ((2137,), _W, "the order is larger than the position it closes; it stands"),
    ((2152,), _W, _SUBSCRIBE),
    ((2161, 2163), _W, "IB caps the price of the order; it stands"),
    ((2168, 2169, 2174), _N, ""),
)

_HIGH_MESSAGES: tuple[_Row, ...] = (
    ((10000, 10002, 10003, 10011, *range(10021, 10028), 10253), _R, _COMBO),
    ((10001, 10007, 10009), _R, _SCALE),
    ((10005,), _Q, "models are read-only"),
    ((10006,), _R, "the parent order is missing"),
    ((10013,), _R, "smart routing must be left on"),
    ((10014,), _R, _PRESET),
    ((10015,), _R, "trading is not allowed in the API: check its settings in TWS"),
    ((10016, 10017), _Q, "the contract is not visible to this user"),
    ((10018, 10019), _W, ""),
    ((10089, 10091), _D, _SUBSCRIBE),
    ((10090,), _W, "part of the market data is not subscribed; the rest is shown"),
    ((10167,), _D, f"quotes are delayed and never traded on; {_SUBSCRIBE}"),
    ((10168, 10186), _D, f"no live data and delayed ones not asked for; {_SUBSCRIBE}"),
    ((10182,), _D, "live updates failed; they are asked for again"),
    ((10185,), _N, ""),
    ((10187, 10299), _Q, "past ticks are not used by this system"),
    ((10189, 10190), _D, "tick-by-tick data are not used by this system"),
    ((10197,), _D, "this user is logged in elsewhere with live data: end that session"),
    ((10225,), _D, "the stream was reset; it is asked for again"),
    ((10230, 10231, 10238, 10251), _R, _ADVISOR),
    ((10233,), _W, "TWS filled in a preset; the order stands"),
    ((10234, 10235), _R, "the account needs a decision maker on orders; ask IB"),
    ((10236, 10237), _R, "all-or-none is not sent by this system"),
    ((10240,), _R, "the order needs a price cap"),
    ((10241, 10242), _W, "TWS can't change this order through the API; it stands"),
    ((*range(10243, 10250), 10252), _R, "only whole contracts and shares can be ordered here"),
    ((10254,), _R, "the contract has expired"),
    ((10268, 10269, 10270), _R, "an obsolete order field is set: update this system"),
    ((*range(10276, 10285),), _Q, _NEWS),
    ((10285,), _Z, "the client is too old for fractional sizes; update this system"),
    ((10311,), _W, "direct routing may cost more; the order stands"),
    ((10314, 10339), _Q, "the end of a request for bars is wrong"),
    ((10326,), _W, "the group of an order can't change; the order stands"),
    ((10329,), _Q, "the exchange's schedule is missing"),
    ((10349,), _N, "TWS set the time in force by its preset; the order stands"),
)

CODES: dict[int, CodeFacts] = {
    code: CodeFacts(code_class, advice)
    for rows in (_TWS_MESSAGES, _CLIENT_MESSAGES, _SYSTEM_MESSAGES, _HIGH_MESSAGES)
    for codes, code_class, advice in rows
    for code in codes
}

UNKNOWN = CodeFacts(
    CodeClass.WARNING,
    "this code is not in our table: see 'TWS API error codes' in IB's documentation",
)


def classify(code: int) -> CodeFacts:
    """Return what `code` means; an unknown one is a warning, never a cancel or a rejection."""
    return CODES.get(code, UNKNOWN)
