"""Getting a connection: one attempt, the pauses between them, and what to tell when there is none.

Not here: what is asked over it (`link`) and how often it is tried (`manager`).
"""

import asyncio
from random import Random

import msgspec
from ib_async import StartupFetchNONE

from microfutures.adapters.ib.tap import TappedIB

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
    timeout_seconds: float = CONNECT_SECONDS

    @property
    def target(self) -> str:
        """Return host and port in words."""
        return f"{self.host}:{self.port}"


class Backoff:
    """Growing pauses between attempts, with jitter, without end."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._failures = 0

    def succeed(self) -> None:
        """Start over."""
        self._failures = 0

    def fail(self) -> float:
        """Return the seconds to wait after one more failure."""
        delay = min(FIRST_DELAY_SECONDS * 2.0**self._failures, MAX_DELAY_SECONDS)
        self._failures = min(self._failures + 1, 1_000)
        return delay * self._random.uniform(0.8, 1.2)


class Refusal:
    """Why TWS would not have us, heard while connecting: it tells it and hangs up."""

    def __init__(self) -> None:
        self.reason = ""
        self._heard = asyncio.Event()

    def hear(self, reason: str) -> None:
        """Take a reason; the first is the true one, what follows are its consequences."""
        self.reason = self.reason or reason
        self._heard.set()

    async def wait(self) -> None:
        """Return when a reason was heard."""
        await self._heard.wait()


async def connect(ib: TappedIB, settings: ConnectionSettings, refusal: Refusal) -> str | None:
    """Connect `ib` once; return in words why that failed, None if it didn't."""

    def on_hang_up(text: str) -> None:
        refusal.hear(text or "it ended the connection, as something other than TWS would")

    ib.client.apiError += refusal.hear
    ib.client.conn.disconnected += on_hang_up
    connecting = asyncio.ensure_future(
        ib.connectAsync(
            settings.host,
            settings.port,
            clientId=settings.client_id,
            timeout=settings.timeout_seconds,
            fetchFields=StartupFetchNONE,
            raiseSyncErrors=True,
        )
    )
    hearing = asyncio.ensure_future(refusal.wait())
    try:
        await asyncio.wait({connecting, hearing}, return_when=asyncio.FIRST_COMPLETED)
        # ib_async tells of its own failures too, a moment before it raises them.
        await asyncio.wait({connecting}, timeout=0)
        if not connecting.done():
            return f"{settings.target} refused us: {refusal.reason}"
        return _failure(connecting, settings)
    finally:
        ib.client.apiError -= refusal.hear
        ib.client.conn.disconnected -= on_hang_up
        hearing.cancel()
        connecting.cancel()
        # After a refusal it fails as well: that says nothing new, but somebody has to hear it.
        await asyncio.gather(connecting, return_exceptions=True)


def _failure(connecting: "asyncio.Future[object]", settings: ConnectionSettings) -> str | None:
    """Return in words what went wrong."""
    target = settings.target
    if connecting.cancelled():
        return f"connecting to {target} was given up"
    error = connecting.exception()
    match error:
        case None:
            return None
        case ConnectionRefusedError():
            return f"nothing listens on {target}: {ADVICE}"
        case TimeoutError():
            return f"{target} does not answer the API greeting: {ADVICE}"
        case OSError():
            return f"can't connect to {target} ({error}): {ADVICE}"
        case _:
            raise error
