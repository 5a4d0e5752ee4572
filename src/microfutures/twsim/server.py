"""`TwsServer`: listens, accepts clients, plays the market."""

import asyncio
from collections.abc import Callable

from microfutures.ports.clock import Clock
from microfutures.twsim.driver import MarketDriver
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.handlers import HANDLERS
from microfutures.twsim.market_handlers import send_real_time_bars
from microfutures.twsim.session import Session
from microfutures.venue.market import MarketSource
from microfutures.venue.venue import Venue

REAL_TIME_BAR_SECONDS = 5


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
    ) -> None:
        self.exchange = Exchange(
            venue=venue, market=market, clock=clock, accounts=accounts, session=session
        )
        self.host = host
        self.port = port
        self._clock = clock
        self._driver = MarketDriver(self.exchange, clock, on_tape_end)
        self._server: asyncio.AbstractServer | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen and begin to play; raise `OSError` when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self.new_session, self.host, self.port)
        self.port = _port_of(self._server, self.port)
        self._tasks = [
            asyncio.create_task(self._driver.run(), name="twsim market"),
            asyncio.create_task(self._beat(), name="twsim beat"),
        ]

    async def wait(self) -> None:
        """Run until a task of the server fails or is cancelled."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Stop playing, disconnect everybody, free the port."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.kill_connections()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def kill_connections(self) -> None:
        """Drop every client at once."""
        for client in list(self.exchange.clients.values()):
            if isinstance(client, Session):
                client.close()

    def new_session(self) -> Session:
        """Return the protocol of a new connection."""
        return Session(self.exchange, HANDLERS)

    async def _beat(self) -> None:
        """Refresh what TWS refreshes by itself, every second."""
        count = 0
        while True:
            await self._clock.sleep(1.0)
            count += 1
            for client in list(self.exchange.clients.values()):
                if isinstance(client, Session):
                    client.on_beat(count)
                    if count % REAL_TIME_BAR_SECONDS == 0:
                        send_real_time_bars(client, self._clock.now_ns())


def _port_of(server: asyncio.AbstractServer, asked: int) -> int:
    """Return the port that a server listens on; a virtual one names it itself."""
    sockets = getattr(server, "sockets", ())
    if sockets:
        return int(sockets[0].getsockname()[1])
    return int(getattr(server, "port", asked))
