"""What the adapter tells: connection states and notices, to the engine and to the log."""

import logging
from collections.abc import Callable

from microfutures.adapters.ib.code_class import CodeClass
from microfutures.adapters.ib.error_codes import classify
from microfutures.model.broker_calendar import expected_outage
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

FARM_RETURNS = {2104: 2103, 2106: 2105, 2158: 2157}
"""Which code takes back which."""

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

    def __init__(
        self, clock: Clock, emit: Callable[[EngineEvent], None], *, is_repeated: bool = False
    ) -> None:
        self._clock = clock
        self._emit = emit
        # Where a desk takes the events, it says the same in its own log.
        self._loudest = logging.DEBUG if is_repeated else logging.ERROR
        self._told_ns: dict[str, int] = {}
        self._lost_farms: set[tuple[int, str]] = set()
        self.state = ConnectionState.DISCONNECTED

    def change(self, state: ConnectionState, detail: str, *, attempt: int = 0) -> None:
        """Move to `state`."""
        self.state = state
        is_bad = state in (ConnectionState.DISCONNECTED, ConnectionState.UPSTREAM_LOST)
        level = logging.WARNING if is_bad else logging.INFO
        _log.log(min(level, self._loudest), "%s: %s", state, detail)
        now_ns = self._clock.now_ns()
        self._emit(ConnectionChanged(time_ns=now_ns, state=state, detail=detail, attempt=attempt))

    def info(self, text: str) -> None:
        """Tell something good to know."""
        self._tell(Severity.INFO, text)

    def detail(self, text: str, *, code: int | None = None) -> None:
        """Tell what only whoever looks closely wants to know."""
        self._tell(Severity.DEBUG, text, code=code)

    def warn(self, text: str, advice: str = "") -> None:
        """Tell something to look at."""
        self._tell(Severity.WARNING, text, advice=advice)

    def farm(self, code: int, text: str) -> None:
        """Tell of a data farm: a loss loudly, its return plainly, business as usual hardly."""
        name = text.rpartition(":")[2].strip()
        if code in FARM_RETURNS:
            lost = (FARM_RETURNS[code], name)
            if lost in self._lost_farms:
                self._lost_farms.discard(lost)
                self._tell(Severity.INFO, text, code=code)
                return
        elif classify(code).code_class is CodeClass.FARM:
            self._lost_farms.add((code, name))
            outage = expected_outage(self._clock.now_ns())
            if outage is not None:
                self._tell(Severity.INFO, text, code=code, advice=outage.sentence)
                return
        self.code(code, text)

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
        key = f"{severity}:{code}:{text}"
        told_ns = self._told_ns.get(key)
        if order_ref is None and told_ns is not None and now_ns - told_ns < REPEAT_SECONDS * 1e9:
            return
        self._told_ns = {
            each: at for each, at in self._told_ns.items() if now_ns - at < REPEAT_SECONDS * 1e9
        }
        self._told_ns[key] = now_ns
        line = (f"[{code}] " if code else "") + text + (f" - {advice}" if advice else "")
        _log.log(min(_LEVELS[severity], self._loudest), "%s", line)
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
