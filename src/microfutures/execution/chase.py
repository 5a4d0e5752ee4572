"""Orders that don't answer: asked about again, never replaced on a guess."""

from microfutures.execution.actions import Action, AskBroker, CancelOrder, Report
from microfutures.execution.order_ledger import OrderLedger, OrderRecord
from microfutures.model.events import Severity


def chase(orders: OrderLedger, now_ns: int, timeout_seconds: float) -> list[Action]:
    """Return what is to be asked about every order that owes an answer for too long.

    A cancel is sent again: it may have been lost with a connection, and a second one of an order
    that is gone changes nothing.
    """
    actions: list[Action] = []
    overdue = orders.overdue(now_ns, timeout_seconds)
    for record in overdue:
        if record.chased_ns is None:
            actions.append(Report(Severity.WARNING, _sentence(record, now_ns)))
        record.chased_ns = now_ns
        is_cancel_owed = record.cancel_asked_ns is not None and not record.status.is_final
        if is_cancel_owed and not record.is_told_filled:
            actions.append(CancelOrder(record.order.order_ref))
    if overdue:
        actions.append(AskBroker())
    return actions


def _sentence(record: OrderRecord, now_ns: int) -> str:
    order = record.order
    name = f"order {order.order_ref} ({order.side} {order.quantity} {order.instrument_id})"
    seconds = (now_ns - (record.waiting_since_ns or now_ns)) / 1e9
    if record.expected_filled > record.filled:
        return (
            f"{name}: {record.expected_filled} filled says the broker, {record.filled} say its "
            f"executions, for {seconds:.0f} s; asking for them"
        )
    status = record.status.replace("_", " ")
    return (
        f"{name} is {status} without an answer for {seconds:.0f} s; nothing replaces it until "
        f"its fate is known"
    )
