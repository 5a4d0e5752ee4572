"""`TwsServer`: listens, accepts clients, plays the market."""

import asyncio
from collections.abc import Callable

from microfutures.model.errors import GatewayStateError
from microfutures.ports.clock import Clock
from microfutures.twsim.driver import MarketDriver
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.handlers.growing import send_growing_bars, send_real_time_bars
from microfutures.twsim.handlers.table import HANDLERS
from microfutures.twsim.rate import MESSAGES_PER_SECOND
from microfutures.twsim.session import Session, Tap
from microfutures.venue.market import MarketSource
from microfutures.venue.venue import Venue

GROWING_BAR_SECONDS = 5
"""How often a history that is kept up to date is refreshed."""


class TwsServer:
    """A gateway that any TWS API client can connect to.

    Parameters
    ----------
    venue, market
        Where orders are matched and what is played there.
    clock
        The simulator's time: what clients are told and the market is played on.
    accounts
        Account ids; paper accounts begin with ``D``.
    port
        0 takes any free one; see `port` after `start`.
    session
        Tells this start from others, in permIds and execution ids, which never come twice at IB.
    on_tape_end
        Called when the market has nothing left to play; time goes on all the same.
    unsubscribed
        Symbols that the account has no live data of: 354, or delayed data if the client wants them.
    max_messages_per_second
        What one client may send before it is refused with error 100; None for no limit.
    """

    def __init__(
        self,
        *,
        venue: Venue,
        market: MarketSource,
        clock: Clock,
        accounts: tuple[str, ...],
        host: str = "127.0.0.1",
        port: int = 0,
        session: int = 0,
        on_tape_end: Callable[[], None] = lambda: None,
        unsubscribed: frozenset[str] = frozenset(),
        max_messages_per_second: int | None = MESSAGES_PER_SECOND,
    ) -> None:
        self.exchange = Exchange(
            venue=venue,
            market=market,
            clock=clock,
            accounts=accounts,
            session=session,
            unsubscribed=unsubscribed,
        )
        self.host = host
        self.port = port
        self._clock = clock
        self._max_messages_per_second = max_messages_per_second
        self._sessions: dict[Session, None] = {}
        # A dict, for its order: the same run writes in the same order.
        self._driver = MarketDriver(self.exchange, clock, on_tape_end)
        self.tap: Tap | None = None
        """What new sessions pass their messages through."""
        self._server: asyncio.AbstractServer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: asyncio.Future[None] | None = None
        self.exchange.on_failure = self._fail

    def skip(self) -> None:
        """Play the market up to now, unseen; only before `start`."""
        self._driver.skip()

    async def start(self) -> None:
        """Listen and begin to play; raise `OSError` when the port is taken."""
        await self.listen(self.port)
        self._failure = asyncio.get_running_loop().create_future()
        self._tasks = [
            asyncio.create_task(self._driver.run(), name="twsim market"),
            asyncio.create_task(self._beat(), name="twsim beat"),
        ]

    async def wait(self) -> None:
        """Run until a task of the server fails or is cancelled, or its memory can't be kept."""
        failures = () if self._failure is None else (self._failure,)
        await asyncio.gather(*self._tasks, *failures)

    async def stop(self) -> None:
        """Stop playing, disconnect everybody, free the port."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.kill_connections()
        server = self._server
        self.stop_listening()
        if server is not None:
            await server.wait_closed()

    def _fail(self, error: GatewayStateError) -> None:
        """Fall silent at once; `wait` raises the error."""
        self.stop_listening()
        for session in list(self._sessions):
            session.abort()
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)

    async def listen(self, port: int) -> None:
        """Accept clients on `port` and no longer on the present one; raise `OSError` if taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self.new_session, self.host, port)
        self.stop_listening()
        self._server = server
        self.port = port_of(server, port)

    def stop_listening(self) -> None:
        """Refuse new clients; those that are connected stay."""
        if self._server is not None:
            self._server.close()
        self._server = None

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Return every connection, in the order they came."""
        return tuple(self._sessions)

    def kill_connections(self) -> None:
        """Drop every client at once, those that have not said who they are too."""
        for session in list(self._sessions):
            session.close()

    def new_session(self) -> Session:
        """Return the protocol of a new connection."""
        session = Session(
            self.exchange,
            HANDLERS,
            max_messages_per_second=self._max_messages_per_second,
            on_lost=lambda lost: self._sessions.pop(lost, None),
            tap=self.tap,
        )
        self._sessions[session] = None
        return session

    async def _beat(self) -> None:
        """Refresh what TWS refreshes by itself, every second."""
        count = 0
        while True:
            await self._clock.sleep(1.0)
            count += 1
            self.exchange.on_time()
            for session in [each for each in self._sessions if each.client_id >= 0]:
                session.on_beat(count)
                send_real_time_bars(session, self._clock.now_ns())
                if count % GROWING_BAR_SECONDS == 0:
                    send_growing_bars(session)


def port_of(server: asyncio.AbstractServer, asked: int) -> int:
    """Return the port that a server listens on; a virtual one names it itself."""
    sockets = getattr(server, "sockets", ())
    if sockets:
        return int(sockets[0].getsockname()[1])
    return int(getattr(server, "port", asked))
