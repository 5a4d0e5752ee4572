"""Faults of the socket and of the gateway's process."""

from microfutures.twsim.errors import wording
from microfutures.twsim.faults.fault import Fault, Stage
from microfutures.twsim.session import START_API, Session


class SocketDrop(Fault, frozen=True):
    """The connection ends without a word.

    Source: IB API, "Message Codes", 504 "Not connected": what the client's library says then.
    """

    def start(self, stage: Stage) -> None:
        for session in stage.sessions(self.client):
            session.close()


class HalfOpen(Fault, frozen=True):
    """The socket is open, connections are accepted and nothing is ever answered; then it drops.

    Source: TCP, RFC 9293 section 3.5.1, half-open connections.
    """

    seconds: float = 30.0

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        return []

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        return False

    def end(self, stage: Stage) -> None:
        for session in stage.server.sessions:
            if self.client in (None, session.client_id):
                session.close()


class SlowReader(Fault, frozen=True):
    """The gateway takes nothing from the socket for a while; requests wait, then all come at once.

    Source: TCP, RFC 9293 section 3.8.6, the closed receive window.
    """

    seconds: float = 5.0

    def start(self, stage: Stage) -> None:
        for session in stage.sessions(self.client):
            session.read(False)

    def end(self, stage: Stage) -> None:
        for session in stage.sessions(self.client):
            session.read(True)


class SplitPackets(Fault, frozen=True):
    """Messages arrive in pieces that end anywhere, inside the length too.

    Source: TCP is a stream, RFC 9293 section 3.8.
    """

    seconds: float = 10.0

    def packets(self, stage: Stage, packets: list[bytes]) -> list[bytes]:
        pieces: list[bytes] = []
        for packet in packets:
            cut = stage.random.randrange(len(packet) + 1)
            pieces += [piece for piece in (packet[:cut], packet[cut:]) if piece]
        return pieces


class MergedPackets(Fault, frozen=True):
    """Messages of many turns arrive as one packet.

    Source: TCP is a stream, RFC 9293 section 3.8.
    """

    seconds: float = 10.0
    hold: float = 0.5
    """Seconds that are gathered."""

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        stage.hold(session, frames, self.hold)
        return []


class ConnectionRefused(Fault, frozen=True):
    """Nobody listens: the client's library says 502, then 504 for every request.

    Source: IB API, "Message Codes", 502 "Couldn't connect to TWS", 504 "Not connected".
    """

    outage: float = 30.0
    """Seconds until it listens again."""

    def start(self, stage: Stage) -> None:
        stage.go_offline(self.outage)


class WeeklyLogout(ConnectionRefused, frozen=True):
    """The gateway logs out and must be logged in by hand again.

    Source: IB Gateway's guide, automatic restart: a full login is asked for once a week, on Sunday.
    """

    outage: float = 600.0


class Restart(ConnectionRefused, frozen=True):
    """The gateway restarts; open orders are there again, or forgotten.

    Source: IBKR, TWS API "Automatic restart"; orders that live at the exchange are sent again.
    """

    keeps_orders: bool = True

    def start(self, stage: Stage) -> None:
        stage.go_offline(self.outage)
        exchange = stage.server.exchange
        if not self.keeps_orders:
            for order in exchange.desk.open_orders():
                exchange.publish(exchange.desk.cancel(order))


class ClientIdInUse(Fault, frozen=True):
    """A client that connects is told that its id is taken, and is dropped.

    Source: IB API, "Message Codes", 326; after an unclean end TWS holds the id for a while.
    """

    seconds: float = 20.0

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        if session.client_id >= 0 or not session.version or fields[:1] != [str(START_API)]:
            return True
        session.error(-1, 326, wording(326))
        session.close()
        return False


class PortChange(Fault, frozen=True):
    """The gateway moves to another port, says so and drops everybody.

    Source: IB API, "Message Codes", 1300.
    """

    def start(self, stage: Stage) -> None:
        server = stage.server

        def tell(port: int) -> None:
            text = (
                "TWS socket port has been reset and this connection is being dropped. "
                f"Please reconnect on the new port - {port}"
            )
            for session in stage.sessions(None):
                session.error(-1, 1300, text)
            server.kill_connections()

        stage.move(tell)
