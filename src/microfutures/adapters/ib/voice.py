"""What the adapter tells: connection states and notices, to the engine and to the log."""

import logging
from collections.abc import Callable

from microfutures.adapters.ib.error_codes import classify
from microfutures.model.events import (
    ConnectionChanged,
    ConnectionState,
    EngineEvent,
    NoticeReceived,
    Severity,
)
from microfutures.model.identifiers import InstrumentId, OrderRef
from microfutures.ports.clock import Clock

REPEAT_SECONDS = 60.0
"""The same notice is told once in so many seconds."""

_LEVELS = {
    Severity.DEBUG: logging.DEBUG,
    Severity.INFO: logging.INFO,
    Severity.SUCCESS: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
}

_log = logging.getLogger("microfutures.ib")


class Voice:
    """Keeps the connection's state and speaks of it."""

    def __init__(self, clock: Clock, emit: Callable[[EngineEvent], None]) -> None:
        self._clock = clock
        self._emit = emit
        self._told_ns: dict[str, int] = {}
        self.state = ConnectionState.DISCONNECTED

    def change(self, state: ConnectionState, detail: str) -> None:
        """Move to `state`."""
        self.state = state
        _log.info("%s: %s", state, detail)
        self._emit(ConnectionChanged(time_ns=self._clock.now_ns(), state=state, detail=detail))

    def info(self, text: str) -> None:
        """Tell something good to know."""
        self._tell(Severity.INFO, text)

    def warn(self, text: str, advice: str = "") -> None:
        """Tell something to look at."""
        self._tell(Severity.WARNING, text, advice=advice)

    def code(
        self,
        code: int,
        text: str,
        *,
        instrument_id: InstrumentId | None = None,
        order_ref: OrderRef | None = None,
    ) -> None:
        """Tell a code of TWS with its advice."""
        facts = classify(code)
        self._tell(
            facts.severity,
            text,
            code=code,
            advice=facts.advice,
            instrument_id=instrument_id,
            order_ref=order_ref,
        )

    def _tell(
        self,
        severity: Severity,
        text: str,
        *,
        code: int | None = None,
        advice: str = "",
        instrument_id: InstrumentId | None = None,
        order_ref: OrderRef | None = None,
    ) -> None:
        now_ns = self._clock.now_ns()
        key = f"{code}:{text}"
        told_ns = self._told_ns.get(key)
        if order_ref is None and told_ns is not None and now_ns - told_ns < REPEAT_SECONDS * 1e9:
            return
        self._told_ns = {
            each: at for each, at in self._told_ns.items() if now_ns - at < REPEAT_SECONDS * 1e9
        }
        self._told_ns[key] = now_ns
        _log.log(_LEVELS[severity], "%s%s", f"[{code}] " if code else "", text)
        self._emit(
            NoticeReceived(
                time_ns=now_ns,
                severity=severity,
                message=text,
                code=code,
                advice=advice,
                instrument_id=instrument_id,
                order_ref=order_ref,
            )
        )
