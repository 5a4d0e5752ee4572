"""What an executor asks for."""

import msgspec

from microfutures.model.events import Severity
from microfutures.model.identifiers import OrderRef
from microfutures.model.intents import Intent
from microfutures.model.orders import Order


class SendOrder(msgspec.Struct, frozen=True, gc=False):
    """Have this order checked by the risk gate and sent."""

    order: Order


class CancelOrder(msgspec.Struct, frozen=True, gc=False):
    """Ask the broker for a cancel; asking twice does no harm."""

    order_ref: OrderRef


class AskBroker(msgspec.Struct, frozen=True):
    """Ask the broker for executions and open orders: some order doesn't answer."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """Tell the person."""

    severity: Severity
    text: str


class Done(msgspec.Struct, frozen=True, gc=False):
    """The intent is finished; ``outcome`` says how, in words."""

    intent: Intent
    outcome: str


Action = SendOrder | CancelOrder | AskBroker | Report | Done
