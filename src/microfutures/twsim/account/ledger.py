"""What TWS tells of an account by currency: each one's own figures, and their sum as ``BASE``.

Accounts here hold US dollars only, so both are the same.
"""

from collections.abc import Callable
from decimal import Decimal

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.venue.messages import AccountState

CURRENCIES = ("BASE", "USD")
LEDGER_TAGS = {"$LEDGER": ("BASE",), "$LEDGER:USD": ("USD",), "$LEDGER:ALL": CURRENCIES}
"""What an account summary is asked by for amounts of one currency, or of all."""

ZERO = Decimal(0)


def ledger(
    state: AccountState, instrument_of: Callable[[InstrumentId], Instrument]
) -> dict[str, Decimal]:
    """Return an account's amounts in one currency, under IB's names."""
    stocks = futures = ZERO
    for position in state.positions:
        kind = instrument_of(position.instrument_id).security_type
        if kind is SecurityType.FUTURE:
            futures += position.unrealized
        else:
            stocks += position.market_value
    return {
        "CashBalance": state.cash,
        "TotalCashBalance": state.cash,
        "AccruedCash": ZERO,
        "StockMarketValue": stocks,
        "OptionMarketValue": ZERO,
        "FutureOptionValue": ZERO,
        "FuturesPNL": futures,
        "NetLiquidationByCurrency": state.net_liquidation,
        "UnrealizedPnL": state.unrealized,
        "RealizedPnL": state.realized,
        "ExchangeRate": Decimal(1),
    }
