"""Every error that this package raises on purpose, split by what the caller does about it.

::

    MicroFuturesError
    ├── InvalidValueError        fix the value: NaN, off-tick price, naive datetime
    ├── ConfigurationError       fix the file or the flag; the process exits with 2
    ├── UnknownInstrumentError   fix the symbol
    ├── BrokerUnavailableError   retry later
    ├── BrokerRequestError       fix the request; carries the broker's code
    └── JournalError             stop: nothing may be done without memory
"""


class MicroFuturesError(Exception):
    """Base of every error this package raises on purpose."""


class InvalidValueError(MicroFuturesError, ValueError):
    """A value that no later code could trust."""


class ConfigurationError(MicroFuturesError):
    """A setting that is unknown, missing or out of range; the text names place and remedy."""


class UnknownInstrumentError(MicroFuturesError, LookupError):
    """A symbol that neither the catalog nor the broker knows."""


class BrokerUnavailableError(MicroFuturesError, ConnectionError):
    """The broker can't be reached now; the same call may succeed later."""


class BrokerRequestError(MicroFuturesError):
    """The broker refused a request."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"error {code}: {message}")


class JournalError(MicroFuturesError):
    """The journal can't be read or written."""


class GatewayStateError(MicroFuturesError):
    """The simulated broker's memory can't be kept or read; it must not go on."""


class ControlError(MicroFuturesError):
    """No desk could be asked."""
