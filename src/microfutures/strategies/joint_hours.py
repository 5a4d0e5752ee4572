"""When all contracts of a strategy are in their liquid hours, remembered from check to check."""

from collections.abc import Sequence

from microfutures.model.instrument import Instrument
from microfutures.model.sessions import joint_open_ns, session_at


class JointHours:
    """The stretch of joint liquid hours that is on, or the next one."""

    def __init__(self) -> None:
        self._instruments: Sequence[Instrument] = ()
        self._open_ns = self._close_ns = 0

    def opens_ns(self, instruments: Sequence[Instrument], now_ns: int) -> int:
        """Return the first moment from `now_ns` on when all are liquid; `now_ns` if unknown."""
        known = self._instruments
        if (
            now_ns >= self._close_ns
            or len(known) != len(instruments)
            or any(one is not other for one, other in zip(known, instruments, strict=True))
        ):
            self._look(instruments, now_ns)
        return max(self._open_ns, now_ns)

    @property
    def closes_ns(self) -> int:
        """Return when the stretch ends that was asked for last."""
        return self._close_ns

    def _look(self, instruments: Sequence[Instrument], now_ns: int) -> None:
        hours = [each.liquid_hours for each in instruments]
        opens_ns = joint_open_ns(hours, now_ns)
        self._instruments = instruments
        if opens_ns is None:
            self._open_ns = self._close_ns = now_ns
            return
        sessions = [session_at(each, opens_ns) for each in hours]
        self._open_ns = opens_ns
        self._close_ns = min((each.close_ns for each in sessions if each), default=opens_ns)
