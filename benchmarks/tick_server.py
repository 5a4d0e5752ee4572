"""The other side of the order path: sends ticks and takes the time at which orders arrive.

The simulated gateway answers what a client asks at its start. Then a plain blocking loop takes
the socket over. When an order has arrived is told by the kernel, at whose door its sender delivers
it: until this process is awake to read it, up to a millisecond on a shared machine, is not the
client's time.
"""

import asyncio
import gc
import os
import socket
import struct
from collections import Counter
from decimal import Decimal
from multiprocessing.connection import Connection
from time import perf_counter_ns, sleep, time_ns

import msgspec

from benchmarks.gateway import Quiet
from benchmarks.processes import ACCOUNTS, HOST, a_gateway
from microfutures.model.instrument import Instrument
from microfutures.twsim.contracts.lookup import contract_fields
from microfutures.twsim.orders import messages as order_messages
from microfutures.twsim.orders.facts import FILLED, SUBMITTED, ExecutionFacts, OrderFacts
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FrameDecoder, encode, split_fields

VERSION = 178
TRADED = ("MCL", "USO")
SEED_POSITION = 1_000_000
"""Contracts that the client believes to hold; each order sells one."""
WARM_UP_ORDERS = 200
PATIENCE_SECONDS = 20.0
LOW_TICKS, TICKS, STEP = 6_600, 400, 7
"""Bids go up from 66.00 to 70.00, below the only ask, and down again: further apart in a row than
an order from its bid, and never so far that it would count as a jump."""
MARKETABLE_TICKS = 2
"""How far below the bid the desk's limit lies, so that it trades at once."""
COMMISSION = Decimal("0.62")

SIGNAL_SIZE = 77
"""The size of the bids that are to be sold to; others have size 1."""

SO_TIMESTAMPNS = 35
"""Have the kernel say when what is read came; Linux, socket(7)."""
STAMP = struct.Struct("@ll")

MARKET_DATA, PLACE_ORDER = "1", "3"


class Pace(msgspec.Struct, frozen=True):
    """How many orders, every how many ticks one, and the pause between two ticks."""

    orders: int
    every: int = 5
    gap_microseconds: int = 300


class Timing(msgspec.Struct, frozen=True):
    """What one run came to; nanoseconds from the tick's first byte to the order's last."""

    times: list[int]
    wrong: int
    """Orders whose price was not that of the tick that caused them."""


def serve(pace: Pace, parent: Connection, processor: int | None) -> None:
    """Tell the port, serve one client, and tell the `Timing` at the end."""
    if processor is not None:
        os.sched_setaffinity(0, {processor})
    with socket.create_server((HOST, 0)) as listener:
        parent.send(listener.getsockname()[1])
        connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line = connection.dup()
    client = asyncio.run(_introduce(connection, parent))
    line.settimeout(PATIENCE_SECONDS)
    gc.disable()
    parent.send(_Exchange(line, client).run(pace))
    line.close()


class _Eavesdropper:
    """Notes which contract each market data request is for. Satisfies `session.Tap`."""

    def __init__(self, instruments: tuple[Instrument, ...]) -> None:
        self._by_id = {str(each.con_id): each for each in instruments}
        self.streams: dict[int, Instrument] = {}

    def outgoing(self, session: Session, frames: bytes) -> list[bytes]:
        return [frames]

    def takes(self, session: Session, frame: bytes) -> bool:
        fields = split_fields(frame)
        if fields[0] == MARKET_DATA:
            self.streams[int(fields[2])] = self._by_id[fields[3]]
        return True


async def _introduce(connection: socket.socket, parent: Connection) -> "_Introduced":
    """Let the gateway answer until the parent says that the client is ready."""
    server = a_gateway(Quiet(TRADED))
    await server.start()
    server.tap = eavesdropper = _Eavesdropper(server.exchange.instruments)
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    connection.setblocking(False)
    transport, session = await loop.connect_accepted_socket(server.new_session, connection)
    loop.add_reader(parent.fileno(), ready.set)
    await ready.wait()
    loop.remove_reader(parent.fileno())
    parent.recv()
    transport.pause_reading()
    now_ns = server.exchange.clock.now_ns() - perf_counter_ns()
    return _Introduced(eavesdropper.streams, session.client_id, now_ns)


class _Introduced(msgspec.Struct, frozen=True):
    """What was learned of the client while it started."""

    streams: dict[int, Instrument]
    client_id: int
    epoch_ns: int
    """Of `perf_counter_ns` on the gateway's clock."""


class _Exchange:
    """Ticks out, orders in, each filled at once."""

    def __init__(self, line: socket.socket, client: _Introduced) -> None:
        self._line = line
        self._client = client
        self._streams = list(client.streams.items())
        self._by_id = {str(each.con_id): each for each in client.streams.values()}
        self._frames = FrameDecoder()
        self._waiting: list[list[str]] = []
        self._sold: Counter[str] = Counter()
        self._arrived_ns = 0
        """When the kernel got the latest of what was read; since 1970."""
        line.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def run(self, pace: Pace) -> Timing:
        times: list[int] = []
        wrong, turn = 0, 0
        while len(times) < pace.orders + WARM_UP_ORDERS:
            turn += 1
            is_signal = turn % pace.every == 0
            request_id, instrument = self._streams[turn % len(self._streams)]
            phase = STEP * turn % (2 * TICKS)
            ticks = LOW_TICKS + min(phase, 2 * TICKS - phase)
            tick = _tick(request_id, instrument.price(ticks), SIGNAL_SIZE if is_signal else 1)
            started = time_ns()
            self._line.sendall(tick)
            if is_signal:
                order = self._order()
                times.append(self._arrived_ns - started)
                wrong += not _is_answer(order, instrument, ticks)
                self._line.sendall(self._fill(order))
            sleep(pace.gap_microseconds / 1e6)
        return Timing(times[WARM_UP_ORDERS:], wrong)

    def _order(self) -> list[str]:
        """Return the next order; answer what else is asked before it comes."""
        while True:
            while not self._waiting:
                data, stamps, _, _ = self._line.recvmsg(65_536, socket.CMSG_SPACE(STAMP.size))
                self._take(data)
                self._arrived_ns = _nanoseconds(stamps[0])
            fields = self._waiting.pop(0)
            if fields[0] == PLACE_ORDER:
                return fields
            self._line.sendall(self._answer(fields))

    def _take(self, data: bytes) -> None:
        if not data:
            raise ConnectionError("the client hung up")
        self._waiting += [split_fields(each) for each in self._frames.feed(data)]

    def _answer(self, fields: list[str]) -> bytes:
        """Answer what a desk goes on asking: the time, and how things stand."""
        match fields[0]:
            case "49":
                return encode([49, 1, self._now_ns() // 1_000_000_000])
            case "7":
                return encode([55, 1, fields[2]])
            case "16":
                return encode([53, 1])
            case "99":
                return encode([102])
            case "61":
                return self._positions()
            case _:
                return b""

    def _positions(self) -> bytes:
        rows = b""
        for instrument in self._by_id.values():
            contract = contract_fields(instrument, strike="0.0", right="")
            held = SEED_POSITION - self._sold[instrument.instrument_id]
            rows += encode([61, 3, ACCOUNTS[0], *contract, held, "70.0"])
        return rows + encode([62, 1])

    def _fill(self, fields: list[str]) -> bytes:
        """Return all that TWS tells of an order that is filled at its limit."""
        order = self._facts(fields)
        self._sold[order.instrument.instrument_id] += order.quantity
        accepted = [
            encode(order_messages.open_order(VERSION, order)),
            encode(order_messages.order_status(order)),
        ]
        order.status, order.filled = FILLED, order.quantity
        order.average_price = order.last_price = order.limit_price
        facts = ExecutionFacts(
            order=order,
            execution_id=f"0000e0d5.{order.perm_id:08x}.01.01",
            time_ns=self._now_ns(),
            quantity=order.quantity,
            price=order.limit_price,
            cumulative=order.quantity,
            average_price=order.limit_price,
            commission=COMMISSION,
            realized=None,
        )
        filled = [
            encode(order_messages.execution(VERSION, -1, facts)),
            encode(order_messages.open_order(VERSION, order)),
            encode(order_messages.order_status(order)),
            encode(order_messages.commission_report(facts)),
        ]
        return b"".join(accepted + filled)

    def _facts(self, fields: list[str]) -> OrderFacts:
        order_id = int(fields[1])
        return OrderFacts(
            instrument=self._by_id[fields[2]],
            client_id=self._client.client_id,
            order_id=order_id,
            perm_id=1_000_000_000 + order_id,
            account=ACCOUNTS[0],
            action=fields[16],
            quantity=int(float(fields[17])),
            order_type=fields[18],
            limit_price=Decimal(fields[19]),
            aux_price=Decimal(0),
            time_in_force=fields[21],
            order_ref=fields[26],
            parent_id=0,
            outside_rth=False,
            status=SUBMITTED,
        )

    def _now_ns(self) -> int:
        return self._client.epoch_ns + perf_counter_ns()


def _tick(request_id: int, price: Decimal, size: int) -> bytes:
    """Return a bid as TWS sends it: its price, then its size."""
    return encode([1, 6, request_id, 1, price, size, 1]) + encode([2, 6, request_id, 0, size])


def _nanoseconds(stamp: tuple[int, int, bytes]) -> int:
    seconds, nanoseconds = STAMP.unpack(stamp[2])
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def _is_answer(order: list[str], instrument: Instrument, bid_ticks: int) -> bool:
    """Tell whether an order is for this bid and no earlier one."""
    below = bid_ticks - instrument.ticks_exactly(Decimal(order[19]))
    return order[2] == str(instrument.con_id) and 0 <= below <= MARKETABLE_TICKS
