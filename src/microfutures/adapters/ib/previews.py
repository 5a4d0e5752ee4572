"""What-if orders: what a trade would do to the margin."""

import asyncio
from decimal import Decimal

from ib_async import MarketOrder, RequestError

from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.error_codes import classify
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import money
from microfutures.model.events import MarginPreviewed
from microfutures.model.identifiers import IntentId
from microfutures.model.intents import TargetLeg
from microfutures.ports.clock import Clock

ANSWER_SECONDS = 6.0

ZERO = Decimal(0)


async def preview_trade(
    ib: TappedIB,
    resolved: Resolved,
    trade: TargetLeg,
    *,
    intent_id: IntentId,
    account: str,
    clock: Clock,
) -> MarginPreviewed:
    """Ask the broker; a refusal or silence comes back as the preview's error."""
    action = "BUY" if trade.quantity > 0 else "SELL"
    order = MarketOrder(action, abs(trade.quantity), tif="DAY", account=account)
    asking = ib.whatIfOrderAsync(resolved.contract, order)
    try:
        state = await asyncio.wait_for(asking, ANSWER_SECONDS)
    except RequestError as refused:
        advice = classify(refused.code).advice
        return failed(trade, f"[{refused.code}] {refused.message} - {advice}", intent_id, clock)
    except TimeoutError:
        reason = f"no margin figures within {ANSWER_SECONDS:.0f} s"
        return failed(trade, reason, intent_id, clock)
    except ConnectionError as error:
        return failed(trade, f"not connected: {error}", intent_id, clock)
    initial = money(state.initMarginChange)
    if initial is None:
        reason = state.warningText or "the broker gave no margin figures"
        return failed(trade, reason, intent_id, clock)
    return MarginPreviewed(
        time_ns=clock.now_ns(),
        intent_id=intent_id,
        instrument_id=trade.instrument_id,
        initial_margin_change=initial,
        maintenance_margin_change=money(state.maintMarginChange) or ZERO,
        equity_with_loan=money(state.equityWithLoanAfter) or ZERO,
        commission=money(state.commission),
    )


def failed(trade: TargetLeg, error: str, intent_id: IntentId, clock: Clock) -> MarginPreviewed:
    """Return a preview that says why there is none."""
    return MarginPreviewed(
        time_ns=clock.now_ns(),
        intent_id=intent_id,
        instrument_id=trade.instrument_id,
        initial_margin_change=ZERO,
        maintenance_margin_change=ZERO,
        equity_with_loan=ZERO,
        error=error,
    )
