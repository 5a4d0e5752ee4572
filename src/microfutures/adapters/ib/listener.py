"""What TWS says on its one channel for everything: routed by the code's class."""

from collections.abc import Callable

from microfutures.adapters.ib.code_class import CodeClass
from microfutures.adapters.ib.error_codes import NO_DATA, classify
from microfutures.adapters.ib.market_data import MarketDataDesk
from microfutures.adapters.ib.orders import OrderDesk
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.voice import FARM_RETURNS, Voice

CLIENT_ID_IN_USE = 326
UPSTREAM_LOST = (1100, 2110)
DATA_LOST, DATA_KEPT = 1101, 1102
MARKET_DATA_FARM = (2103, 2104)
"""Lost, and back."""
STREAM_RESET = (10182, 10225)
CANNOT_CANCEL = 10148
"""Of an order that was filled meanwhile it is no news: the fills are."""
CANCELLED = 202
"""The status says it as well; only what follows "reason:" is news, and mostly nothing does."""


class ErrorListener:
    """Acts on what changes the line, tells the rest."""

    def __init__(
        self,
        ib: Callable[[], TappedIB],
        *,
        voice: Voice,
        market: MarketDataDesk,
        orders: OrderDesk,
        on_refusal: Callable[[str], None],
        on_upstream_lost: Callable[[str], None],
        on_upstream_back: Callable[[int, str], None],
        request_state: Callable[[], None],
    ) -> None:
        self._ib = ib
        self._voice = voice
        self._market = market
        self._orders = orders
        self._on_refusal = on_refusal
        self._on_upstream_lost = on_upstream_lost
        self._on_upstream_back = on_upstream_back
        self._request_state = request_state

    def on_error(self, request_id: int, code: int, text: str) -> None:
        """Take one message."""
        facts = classify(code)
        if code == CLIENT_ID_IN_USE or facts.code_class is CodeClass.FATAL:
            self._on_refusal(f"[{code}] {text} - {facts.advice}")
        elif code in UPSTREAM_LOST:
            self._on_upstream_lost(f"[{code}] {text} - {facts.advice}")
        elif code in (DATA_LOST, DATA_KEPT):
            self._on_upstream_back(code, f"[{code}] {text} - {facts.advice}")
        elif facts.code_class is CodeClass.FARM or code in FARM_RETURNS:
            self._voice.farm(code, text)
            if code in MARKET_DATA_FARM:
                farm = text.rpartition(":")[2].strip()
                self._market.on_farm(farm, is_lost=code == MARKET_DATA_FARM[0])
        else:
            self._on_other(request_id, code, text)

    def _on_other(self, request_id: int, code: int, text: str) -> None:
        ib = self._ib()
        instrument_id = self._market.instrument_of(request_id)
        order_ref = self._orders.on_error(ib.client.clientId, request_id, code, text)
        is_too_late = code == CANNOT_CANCEL and "state: Filled" in text
        if NO_DATA in text or is_too_late:
            self._voice.detail(text, code=code)
        elif code != CANCELLED or text.rpartition("reason:")[2].strip():
            self._voice.code(code, text, instrument_id=instrument_id, order_ref=order_ref)
        if classify(code).code_class is CodeClass.CANCEL and code != CANCELLED:
            # The order is over, or never was: the list of open orders knows.
            self._request_state()
        if instrument_id is None:
            return
        if code in STREAM_RESET:
            self._market.renew(ib, instrument_id)
        elif self._market.fall_back(ib, request_id, code):
            self._voice.warn(
                f"no live data of {instrument_id}: delayed ones are asked for",
                "delayed quotes are shown and never traded on",
            )
