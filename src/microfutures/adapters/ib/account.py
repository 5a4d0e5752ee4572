"""The account: its values and its positions."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from math import trunc

import msgspec
from ib_async import Contract

from microfutures.adapters.ib.translate import instrument_id, money
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


ZERO = Decimal(0)


class Held(msgspec.Struct, frozen=True):
    """A position and the contract it is in, as far as the broker names it."""

    position: BrokerPosition
    contract: Contract


class AccountDesk:
    """Collects account values and positions; reports values when they changed."""

    def __init__(self, clock: Clock, emit: Callable[[AccountReported], None]) -> None:
        self._clock = clock
        self._emit = emit
        self._values: dict[str, Decimal] = {}
        self._reported: dict[str, Decimal] = {}
        self._positions: dict[tuple[str, InstrumentId], Held] = {}
        self._first_report = asyncio.Event()
        self._has_news = asyncio.Event()
        self.account = ""
        self.currency = ""

    def choose(self, account: str) -> None:
        """Follow this account; those of others are passed over."""
        self.account = account
        self._values, self._reported = {}, {}
        self._first_report.clear()

    async def wait_reported(self) -> None:
        """Return when the values of the chosen account are all here."""
        await self._first_report.wait()

    async def wait_news(self) -> None:
        """Return when a value has changed that was not reported."""
        await self._has_news.wait()

    # -- positions ----------------------------------------------------------------------------

    @property
    def held(self) -> tuple[Held, ...]:
        """Return the account's open positions with their contracts."""
        return tuple(
            held
            for (account, _), held in self._positions.items()
            if account == self.account and held.position.quantity
        )

    @property
    def positions(self) -> tuple[BrokerPosition, ...]:
        """Return the account's open positions."""
        return tuple(held.position for held in self.held)

    def quantity(self, instrument_id: InstrumentId) -> int:
        """Return the account's signed position in a contract."""
        held = self._positions.get((self.account, instrument_id))
        return held.position.quantity if held is not None else 0

    def on_position(
        self, account: str, contract: Contract, quantity: float, average_cost: float
    ) -> None:
        """Take a position."""
        name = instrument_id(contract)
        # Fractions of a share are never ours; what is whole of them is foreign to us all the same.
        whole = trunc(quantity)
        cost = money(average_cost) or ZERO
        position = BrokerPosition(instrument_id=name, quantity=whole, average_cost=cost)
        self._positions[account, name] = Held(position, contract)

    def clear_positions(self) -> None:
        """Forget positions before they are told anew."""
        self._positions.clear()

    # -- values -------------------------------------------------------------------------------

    def on_value(self, tag: str, value: str, currency: str, account: str) -> None:
        """Take a value."""
        name, amount = _TAGS.get(tag), money(value)
        if name is not None and amount is not None and account == self.account:
            if self._values.get(name) != amount:
                self._values[name] = amount
                self._has_news.set()
            self.currency = currency

    def on_account_end(self, account: str) -> None:
        """Take the end of the values."""
        if account in ("", self.account):
            self.report_changes()
            self._first_report.set()

    def report_changes(self) -> None:
        """Emit the values if all are there and any changed since the last report."""
        self._has_news.clear()
        if len(self._values) == len(_TAGS) and self._values != self._reported:
            self._reported = dict(self._values)
            self._emit(
                AccountReported(time_ns=self._clock.now_ns(), account=self.account, **self._values)
            )
