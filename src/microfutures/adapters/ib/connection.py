"""Getting a connection: attempts, backoff, and what to tell when there is none."""

import asyncio
from random import Random

import msgspec
from ib_async import StartupFetchNONE

from microfutures.adapters.ib.tap import Tap, TappedIB

CONNECT_SECONDS = 8.0
FIRST_DELAY_SECONDS = 1.0
MAX_DELAY_SECONDS = 60.0

ADVICE = (
    "is TWS or IB Gateway running and logged in, its API enabled (Configure > API > Settings), "
    "the port right and the client id not in use?"
)


class ConnectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where to connect, and how live money is allowed."""

    host: str
    port: int
    client_id: int
    port_given: bool = False
    live_given: bool = False

    @property
    def target(self) -> str:
        """Return host and port in words."""
        return f"{self.host}:{self.port}"


class Backoff:
    """Growing pauses between attempts, with jitter, without end."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._failures = 0

    @property
    def failures(self) -> int:
        """Return how many attempts failed in a row."""
        return self._failures

    def succeed(self) -> None:
        """Start over."""
        self._failures = 0

    def fail(self) -> float:
        """Return the seconds to wait after one more failure."""
        delay = min(FIRST_DELAY_SECONDS * 2.0**self._failures, MAX_DELAY_SECONDS)
        self._failures = min(self._failures + 1, 1_000)
        return delay * self._random.uniform(0.8, 1.2)


async def open_connection(settings: ConnectionSettings, tap: Tap) -> TappedIB | str:
    """Connect once; return the connection, or in words why there is none."""
    ib = TappedIB(tap)
    try:
        await ib.connectAsync(
            settings.host,
            settings.port,
            clientId=settings.client_id,
            timeout=CONNECT_SECONDS,
            fetchFields=StartupFetchNONE,
        )
    except ConnectionRefusedError:
        return f"nothing listens on {settings.target}: {ADVICE}"
    except (TimeoutError, asyncio.IncompleteReadError):
        return f"{settings.target} does not answer the API greeting: {ADVICE}"
    except (ConnectionError, OSError) as error:
        return f"can't connect to {settings.target} ({error}): {ADVICE}"
    return ib
