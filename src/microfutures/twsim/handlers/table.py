"""Which handler answers which message; one row each, the numbers are IB's.

Requests of an account without the subscription, and those the simulator has no data for, get the
error that TWS gives.
"""

from microfutures.twsim.errors import wording
from microfutures.twsim.handlers import (
    account,
    contracts,
    depth,
    growing,
    history,
    market,
    options,
    orders,
    scanner,
    ticks,
)
from microfutures.twsim.handlers import display as displays
from microfutures.twsim.handlers import order_lists as lists
from microfutures.twsim.handlers.details import contract_details
from microfutures.twsim.handlers.histogram import histogram
from microfutures.twsim.session import START_API, Handler, Session
from microfutures.twsim.wire import Field, FieldReader


def refused(code: int, *, skipped: int = 1, **values: object) -> Handler:
    """Return a handler that answers a request with an error.

    ``skipped`` is how many fields stand before the request id; 0 for messages without a version.
    """

    def answer(session: Session, reader: FieldReader) -> None:
        reader.skip(skipped)
        request_id = reader.integer()
        session.error(request_id, code, wording(code, request_id=request_id, **values))

    return answer


def refused_without_id(code: int, **values: object) -> Handler:
    """Return a handler that answers a request without an id with an error."""

    def answer(session: Session, reader: FieldReader) -> None:
        session.error(-1, code, wording(code, **values))

    return answer


def fixed(*fields: Field) -> Handler:
    """Return a handler that always answers the same."""

    def answer(session: Session, reader: FieldReader) -> None:
        session.send(list(fields))

    return answer


def empty_list(message_id: int) -> Handler:
    """Return a handler that answers a request with a list of nothing."""

    def answer(session: Session, reader: FieldReader) -> None:
        session.send([message_id, reader.integer(), 0])

    return answer


_NO_ADVISER = refused_without_id(
    321, tag="fA", detail="FA data operations ignored for non FA customers."
)
_NO_VERIFICATION = refused_without_id(
    321,
    tag="a",
    detail="Intent to authenticate needs to be expressed during initial connect request.",
)
_NO_NEWS = refused(10276, skipped=0)

HANDLERS: dict[int, Handler] = {
    1: market.market_data,
    2: market.cancel_market_data,
    3: orders.place_order,
    4: orders.cancel_order,
    5: lists.open_orders,
    6: account.account_updates,
    7: lists.executions,
    8: lists.next_ids,
    9: contract_details,
    10: depth.market_depth,
    11: depth.cancel_market_depth,
    12: account.nothing,  # news bulletins: there are none
    13: account.nothing,
    14: account.nothing,  # server log level
    15: lists.auto_open_orders,
    16: lists.all_open_orders,
    17: account.managed_accounts,
    18: _NO_ADVISER,
    19: _NO_ADVISER,
    20: history.historical_data,
    21: refused(322, tag="oX", detail="No unlapsed position exists in this option."),
    22: scanner.subscribe,
    23: scanner.cancel,
    24: scanner.parameters,
    25: history.cancel_historical_data,
    49: account.current_time,
    50: growing.real_time_bars,
    51: growing.cancel_real_time_bars,
    52: refused(430),
    53: account.nothing,
    54: options.calculate_volatility,
    55: options.calculate_price,
    56: account.nothing,
    57: account.nothing,
    58: orders.global_cancel,
    59: market.market_data_type,
    61: account.positions,
    62: account.account_summary,
    63: account.cancel_account_summary,
    64: account.cancel_positions,
    65: _NO_VERIFICATION,
    66: _NO_VERIFICATION,
    67: displays.query,
    68: displays.subscribe,
    69: displays.update,
    70: displays.unsubscribe,
    START_API: account.start_again,
    72: _NO_VERIFICATION,
    73: _NO_VERIFICATION,
    74: account.positions_multi,
    75: account.cancel_positions_multi,
    76: account.account_updates_multi,
    77: account.cancel_account_updates_multi,
    78: options.chain_parameters,
    79: empty_list(77),
    80: account.family_codes,
    81: contracts.matching_symbols,
    82: depth.depth_exchanges,
    83: depth.smart_components,
    84: _NO_NEWS,
    85: fixed(85, 0),
    86: _NO_NEWS,
    87: history.head_timestamp,
    88: histogram,
    89: account.nothing,  # a histogram is sent at once
    90: account.nothing,
    91: contracts.market_rule,
    92: account.pnl,
    93: account.cancel_pnl,
    94: account.pnl_single,
    95: account.cancel_pnl_single,
    96: ticks.historical_ticks,
    97: ticks.tick_by_tick,
    98: ticks.cancel_tick_by_tick,
    99: lists.completed_orders,
    100: _NO_NEWS,
    101: account.nothing,
    102: _NO_NEWS,
    103: account.nothing,
    104: account.user_info,
}
