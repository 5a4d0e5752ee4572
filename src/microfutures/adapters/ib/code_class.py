"""What a TWS code can mean to the program; which code means what is in `error_codes`."""

from enum import StrEnum

import msgspec

from microfutures.model.events import Severity


class CodeClass(StrEnum):
    """What a code means to the program."""

    NOTICE = "notice"
    """Good news or no news."""
    WARNING = "warning"
    """The order or request it names goes on."""
    REJECTION = "rejection"
    """The order it names did not happen."""
    CANCEL = "cancel"
    """The order it names is cancelled, or its cancel or change came too late: ask how it stands."""
    REQUEST = "request"
    """A request failed; an order too, if it names one."""
    DATA = "data"
    """Market data of one line: missing, delayed, not subscribed."""
    FARM = "farm"
    """A data farm went; others work on."""
    CONNECTION = "connection"
    PACING = "pacing"
    FATAL = "fatal"
    """Our client and this TWS don't understand each other; asking again won't help."""


class CodeFacts(msgspec.Struct, frozen=True):
    """One code."""

    code_class: CodeClass
    advice: str = ""

    @property
    def severity(self) -> Severity:
        """Return how loudly to say it."""
        return _SEVERITIES[self.code_class]

    @property
    def fails_request(self) -> bool:
        """Tell whether a request that it names will get no answer."""
        return self.code_class not in _HARMLESS

    @property
    def refuses_order(self) -> bool:
        """Tell whether an order that it names, and that the broker never took, is dead."""
        return self.code_class in _REFUSING


_HARMLESS = (CodeClass.NOTICE, CodeClass.WARNING, CodeClass.FARM)
_REFUSING = (CodeClass.REJECTION, CodeClass.REQUEST, CodeClass.FATAL)

_SEVERITIES = {
    CodeClass.NOTICE: Severity.DEBUG,
    CodeClass.WARNING: Severity.WARNING,
    CodeClass.REJECTION: Severity.ERROR,
    CodeClass.CANCEL: Severity.INFO,
    CodeClass.REQUEST: Severity.WARNING,
    CodeClass.DATA: Severity.WARNING,
    CodeClass.FARM: Severity.WARNING,
    CodeClass.CONNECTION: Severity.ERROR,
    CodeClass.PACING: Severity.WARNING,
    CodeClass.FATAL: Severity.ERROR,
}
