"""The place-order request (3): a long message whose layout depends on its own content."""

from decimal import Decimal

import msgspec

from microfutures.twsim.contracts.lookup import ContractQuery, read_contract
from microfutures.twsim.orders import layout as order_layout
from microfutures.twsim.orders.conditions import OrderConditions, read_conditions
from microfutures.twsim.orders.layout import Terms, read_rows
from microfutures.twsim.wire import UNSET, FieldReader

ADAPTIVE = "ADAPTIVE"
PEG_BENCH = ("PEG BENCH", "PEGBENCH")
SPELLINGS = {"PEGMID": "PEG MID", "STPLMT": "STP LMT", "TRAILLMT": "TRAIL LIMIT"}
"""Shorter names of order types that TWS understands, too."""

NOT_OBEYED = (
    *("discretionaryAmt", "faGroup", "allOrNone", "minQty", "percentOffset"),
    *("scaleInitLevelSize", "scalePriceIncrement", "activeStartTime", "activeStopTime"),
    *("hedgeType", "deltaNeutralContract", "adjustedOrderType", "cashQty"),
)
"""Attributes that change how an order trades and that nothing here obeys."""


class OrderLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a combo as its order names it."""

    con_id: int
    ratio: int
    action: str
    exchange: str
    rest: tuple[str, ...]
    """openClose, shortSaleSlot, designatedLocation, exemptCode."""

    @property
    def is_bought(self) -> bool:
        """Tell whether buying the combo buys it."""
        return self.action == "BUY"


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; prices are None where it left them unset."""

    order_id: int
    contract: ContractQuery
    action: str
    quantity: Decimal
    terms: Terms
    conditions: OrderConditions
    algo_parameters: tuple[str, ...]
    """Names and values in turn."""
    legs: tuple[OrderLeg, ...]
    leg_prices: tuple[str, ...]
    routing: tuple[str, ...]

    @property
    def order_type(self) -> str:
        """Return IB's name of the type."""
        said = self.terms["orderType"].upper()
        return SPELLINGS.get(said, said)

    @property
    def account(self) -> str:
        """Return the account; empty for the first."""
        return self.terms["account"]

    @property
    def oca_group(self) -> str:
        """Return the name of its one-cancels-all group; empty for none."""
        return self.terms["ocaGroup"]

    @property
    def order_ref(self) -> str:
        """Return the client's own name for it."""
        return self.terms["orderRef"]

    @property
    def transmit(self) -> bool:
        """Tell whether it goes on its way at once."""
        return self.terms["transmit"] == "1"

    @property
    def outside_rth(self) -> bool:
        """Tell whether it may trade outside of regular hours."""
        return self.terms["outsideRth"] == "1"

    @property
    def what_if(self) -> bool:
        """Tell whether it is only asked what it would do to the margin."""
        return self.terms["whatIf"] == "1"

    @property
    def limit_price(self) -> Decimal | None:
        """Return the limit price."""
        return self.price("lmtPrice")

    @property
    def aux_price(self) -> Decimal | None:
        """Return the stop price, the trailing amount or the offset, as the type has it."""
        return self.price("auxPrice")

    @property
    def time_in_force(self) -> str:
        """Return how long it lives; the day when nothing was said."""
        return self.terms["tif"].upper() or "DAY"

    @property
    def oca_type(self) -> int:
        """Return what a fill does to the rest of its group."""
        return int(self.terms["ocaType"] or 0)

    @property
    def parent_id(self) -> int:
        """Return the order it is attached to; 0 for none."""
        return int(self.terms["parentId"] or 0)

    @property
    def is_guaranteed(self) -> bool:
        """Tell whether the legs of a combo trade together or not at all."""
        said = dict(zip(self.routing[::2], self.routing[1::2], strict=True))
        return said.get("NonGuaranteed") != "1"

    @property
    def has_leg_prices(self) -> bool:
        """Tell whether a leg of a combo has a price of its own."""
        return any(price not in UNSET for price in self.leg_prices)

    def price(self, name: str) -> Decimal | None:
        """Return a number among the terms."""
        said = self.terms[name]
        return Decimal(said) if said else None

    def is_set(self, name: str) -> bool:
        """Tell whether a term is anything but its default, or what TWS tells when it has none."""
        return self.terms[name] not in ("", "0", "0.0", "None")

    @property
    def not_simulated(self) -> tuple[str, ...]:
        """Return the names of attributes that it sets and that nothing here obeys."""
        names = [name for name in NOT_OBEYED if self.is_set(name)]
        if self.terms["algoStrategy"].upper() not in ("", ADAPTIVE):
            names.append("algoStrategy")
        return tuple(names)


def read_order(reader: FieldReader, version: int) -> OrderRequest:
    """Read an order; raise `WireError` when it ends too early or a number is none.

    What only newer servers know is not looked at.
    """
    terms: Terms = {}
    order_id = reader.integer()
    contract = read_contract(reader)
    reader.skip(2)  # secIdType, secId
    action, quantity = reader.text().upper(), reader.decimal() or Decimal(0)
    read_rows(reader, order_layout.AFTER_QUANTITY, terms)
    is_combo = contract.security_type == "BAG"
    legs = _read_legs(reader) if is_combo else ()
    leg_prices = _read_texts(reader, 1) if is_combo else ()
    routing = _read_texts(reader, 2) if is_combo else ()
    _read_middle(reader, version, terms)
    parameters = _read_algorithm(reader, terms)
    if terms["orderType"].upper() in PEG_BENCH:
        read_rows(reader, order_layout.PEG_BENCH, terms)
    conditions = read_conditions(reader)
    read_rows(reader, order_layout.AFTER_CONDITIONS, terms)
    read_rows(reader, order_layout.rows_of_version(version), terms)
    return OrderRequest(
        order_id=order_id,
        contract=contract,
        action=action,
        quantity=quantity,
        terms=terms,
        conditions=conditions,
        algo_parameters=parameters,
        legs=legs,
        leg_prices=leg_prices,
        routing=routing,
    )


def _read_texts(reader: FieldReader, width: int) -> tuple[str, ...]:
    return tuple(reader.text() for _ in range(width * reader.count()))


def _read_legs(reader: FieldReader) -> tuple[OrderLeg, ...]:
    return tuple(
        OrderLeg(
            con_id=reader.integer(),
            ratio=reader.integer(),
            action=reader.text().upper(),
            exchange=reader.text(),
            rest=tuple(reader.text() for _ in range(4)),
        )
        for _ in range(reader.count())
    )


def _read_middle(reader: FieldReader, version: int, terms: Terms) -> None:
    """Read from the allocation to the hedge."""
    read_rows(reader, order_layout.AFTER_LEGS, terms)
    if version < 177:
        reader.skip(1)  # faProfile
    read_rows(reader, order_layout.AFTER_PROFILE, terms)
    if terms["deltaNeutralOrderType"]:
        read_rows(reader, order_layout.DELTA_NEUTRAL, terms)
    read_rows(reader, order_layout.AFTER_DELTA_NEUTRAL, terms)
    increment = terms["scalePriceIncrement"]
    if increment and Decimal(increment) > 0:
        read_rows(reader, order_layout.SCALE, terms)
    read_rows(reader, order_layout.AFTER_SCALE, terms)
    if terms["hedgeType"]:
        read_rows(reader, (("hedgeParam", "text"),), terms)
    read_rows(reader, order_layout.AFTER_HEDGE, terms)
    if terms["deltaNeutralContract"] == "1":
        reader.skip(3)


def _read_algorithm(reader: FieldReader, terms: Terms) -> tuple[str, ...]:
    """Read the algorithm and what follows up to the conditions; return its parameters."""
    read_rows(reader, (("algoStrategy", "text"),), terms)
    parameters = _read_texts(reader, 2) if terms["algoStrategy"] else ()
    read_rows(reader, order_layout.AFTER_ALGORITHM, terms)
    return parameters
