"""The simulated broker's account file: opened before the market is made, resumed after."""

from pathlib import Path

from microfutures.adapters.sqlite_broker_memory import SqliteBrokerMemory
from microfutures.model.errors import ConfigurationError, GatewayStateError
from microfutures.twsim.keeping import Keeper, Remembered, read_memory
from microfutures.twsim.server import TwsServer


class GatewayState:
    """What a broker that died had kept, and where the next one keeps its own."""

    def __init__(self, memory: SqliteBrokerMemory | None, remembered: Remembered | None) -> None:
        self._memory = memory
        self._remembered = remembered

    @property
    def time_ns(self) -> int:
        """Return the market's moment of the last row; 0 without one."""
        return 0 if self._remembered is None else self._remembered.counters.time_ns

    @property
    def next_session(self) -> int:
        """Return a session number above every earlier one."""
        return 0 if self._remembered is None else self._remembered.counters.session + 1

    def resume(self, server: TwsServer, session: int) -> None:
        """Let the server stand where the last one died, and keep what happens from now on.

        Raises
        ------
        ConfigurationError
            If the file is of another market.
        """
        if self._memory is None:
            return
        exchange = server.exchange
        keeper = Keeper(self._memory, venue=exchange.venue, desk=exchange.desk, session=session)
        if self._remembered is not None:
            server.skip()
            try:
                keeper.restore(self._remembered)
            except GatewayStateError as error:
                raise ConfigurationError(str(error)) from error
        exchange.keeper = keeper


def open_state(path: Path | None) -> GatewayState:
    """Open the file and read all of it.

    Raises
    ------
    ConfigurationError
        If it is damaged, in use or not a gateway's; it stays as it was.
    """
    if path is None:
        return GatewayState(None, None)
    try:
        memory = SqliteBrokerMemory(path)
        return GatewayState(memory, read_memory(memory.load()))
    except GatewayStateError as error:
        raise ConfigurationError(str(error)) from error
