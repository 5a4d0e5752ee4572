"""Which handler answers which message; one row each, the numbers are IB's.

Requests of an account without the subscription, and those the simulator has no data for, get the
error that TWS gives.
"""

from microfutures.twsim import account_handlers as account
from microfutures.twsim import market_handlers as market
from microfutures.twsim import order_handlers as orders
from microfutures.twsim.errors import wording
from microfutures.twsim.session import Handler, Session
from microfutures.twsim.wire import Field, FieldReader


def refused(code: int, *, has_version: bool = True, **values: object) -> Handler:
    """Return a handler that answers a request with an error."""

    def answer(session: Session, reader: FieldReader) -> None:
        if has_version:
            reader.skip(1)
        request_id = reader.integer() if reader.rest else -1
        session.error(request_id, code, wording(code, **values))

    return answer


def fixed(*fields: Field) -> Handler:
    """Return a handler that always answers the same."""

    def answer(session: Session, reader: FieldReader) -> None:
        session.send(list(fields))

    return answer


def _unsupported(what: str) -> Handler:
    return refused(321, has_version=False, tag="bU", detail=f"{what} not simulated.")


HANDLERS: dict[int, Handler] = {
    1: market.market_data,
    2: market.cancel_market_data,
    3: orders.place_order,
    4: orders.cancel_order,
    5: orders.open_orders,
    6: account.account_updates,
    7: orders.executions,
    8: orders.next_ids,
    9: market.contract_details,
    10: refused(354, detail=" Market depth"),
    11: refused(310),
    12: account.nothing,  # news bulletins: there are none
    13: account.nothing,
    14: account.nothing,  # server log level
    15: orders.auto_open_orders,
    16: orders.all_open_orders,
    17: account.managed_accounts,
    18: refused(321, tag="fA", detail="FA data operations ignored for non FA customers."),
    19: refused(321, tag="fA", detail="FA data operations ignored for non FA customers."),
    20: market.historical_data,
    21: refused(322, tag="oX", detail="No unlapsed position exists in this option."),
    22: refused(492, has_version=False),
    23: account.nothing,
    24: fixed(19, 1, '<?xml version="1.0" encoding="UTF-8"?><ScanParameterResponse/>'),
    25: market.cancel_nothing,
    49: account.current_time,
    50: market.real_time_bars,
    51: market.cancel_real_time_bars,
    52: refused(430),
    53: account.nothing,
    54: refused(200),
    55: refused(200),
    56: account.nothing,
    57: account.nothing,
    58: orders.global_cancel,
    59: market.market_data_type,
    61: account.positions,
    62: account.account_summary,
    63: account.cancel_account_summary,
    64: account.cancel_positions,
    67: refused(321, tag="dG", detail="Display groups are not available."),
    68: refused(321, tag="dG", detail="Display groups are not available."),
    69: refused(321, tag="dG", detail="Display groups are not available."),
    70: account.nothing,
    74: account.positions_multi,
    75: account.nothing,
    76: account.account_updates_multi,
    77: account.nothing,
    78: refused(200, has_version=False),
    79: _unsupported("Soft dollar tiers are"),
    80: account.family_codes,
    81: market.matching_symbols,
    82: fixed(80, 0),
    83: _unsupported("Smart components are"),
    84: refused(10276, has_version=False),
    85: fixed(85, 0),
    86: refused(10276, has_version=False),
    87: market.head_timestamp,
    88: _unsupported("Histograms are"),
    89: account.nothing,
    90: account.nothing,
    91: market.market_rule,
    92: account.pnl,
    93: account.cancel_pnl,
    94: account.pnl_single,
    95: account.cancel_pnl_single,
    96: _unsupported("Historical ticks are"),
    97: _unsupported("Tick-by-tick data are"),
    98: account.nothing,
    99: orders.completed_orders,
    100: refused(10276, has_version=False),
    101: account.nothing,
    102: refused(10276, has_version=False),
    103: account.nothing,
    104: account.user_info,
}
