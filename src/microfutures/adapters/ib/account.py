"""The account: its values and its positions."""

from collections.abc import Callable
from decimal import Decimal

from ib_async import Contract

from microfutures.adapters.ib.translate import decimal_of, instrument_id, money
from microfutures.model.events import AccountReported, BrokerPosition
from microfutures.model.identifiers import InstrumentId
from microfutures.ports.clock import Clock

_TAGS = {
    "NetLiquidation": "net_liquidation",
    "TotalCashValue": "cash",
    "AvailableFunds": "available_funds",
    "InitMarginReq": "initial_margin",
    "MaintMarginReq": "maintenance_margin",
}


class AccountDesk:
    """Collects account values and positions; reports values when they changed."""

    def __init__(self, clock: Clock, emit: Callable[[AccountReported], None]) -> None:
        self._clock = clock
        self._emit = emit
        self._values: dict[str, Decimal] = {}
        self._reported: dict[str, Decimal] = {}
        self._positions: dict[InstrumentId, BrokerPosition] = {}
        self.account = ""

    def choose(self, account: str) -> None:
        """Follow this account; values of others are passed over."""
        self.account = account
        self._values, self._reported, self._positions = {}, {}, {}

    @property
    def positions(self) -> tuple[BrokerPosition, ...]:
        """Return what the broker holds for the account, closed ones left out."""
        return tuple(each for each in self._positions.values() if each.quantity)

    def on_position(
        self, account: str, contract: Contract, quantity: float, average_cost: float
    ) -> None:
        """Take a position."""
        if account == self.account:
            name = instrument_id(contract)
            self._positions[name] = BrokerPosition(
                instrument_id=name,
                quantity=round(quantity),
                average_cost=decimal_of(average_cost),
            )

    def clear_positions(self) -> None:
        """Forget positions before they are told anew."""
        self._positions = {}

    def on_value(self, tag: str, value: str, currency: str, account: str) -> None:
        """Take a value."""
        name, amount = _TAGS.get(tag), money(value)
        if name is not None and amount is not None and account == self.account:
            self._values[name] = amount

    def report_changes(self) -> None:
        """Emit the values if all are there and any changed since the last report."""
        if len(self._values) == len(_TAGS) and self._values != self._reported:
            self._reported = dict(self._values)
            self._emit(
                AccountReported(time_ns=self._clock.now_ns(), account=self.account, **self._values)
            )
