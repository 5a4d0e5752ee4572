"""What-if orders: what a trade would do to the margin."""

import asyncio
from decimal import Decimal

from ib_async import MarketOrder, RequestError

from microfutures.adapters.ib.contracts import Resolved
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
    error = ""
    change = maintenance = equity = ZERO
    commission = None
    try:
        state = await asyncio.wait_for(
            ib.whatIfOrderAsync(resolved.contract, order), ANSWER_SECONDS
        )
        initial = money(state.initMarginChange)
        if initial is None:
            error = state.warningText or "the broker gave no margin figures"
        change = initial or ZERO
        maintenance = money(state.maintMarginChange) or ZERO
        equity = money(state.equityWithLoanAfter) or ZERO
        commission = money(state.commission)
    except RequestError as refused:
        error = f"[{refused.code}] {refused.message}"
    except TimeoutError:
        error = f"no answer within {ANSWER_SECONDS:.0f} s"
    return MarginPreviewed(
        time_ns=clock.now_ns(),
        intent_id=intent_id,
        instrument_id=trade.instrument_id,
        initial_margin_change=change,
        maintenance_margin_change=maintenance,
        equity_with_loan=equity,
        commission=commission,
        error=error,
    )
