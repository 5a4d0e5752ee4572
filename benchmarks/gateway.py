"""What the simulated gateway costs: quotes to many clients, and the way of an order."""

import asyncio
import gc
import selectors
from collections.abc import Iterator, Sequence
from time import perf_counter

from benchmarks.processes import HOST, Client, Process, Tell, a_gateway, running
from benchmarks.requests import order_fields
from microfutures.model import catalog
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.twsim.wire import FrameDecoder, encode, frame
from microfutures.venue.messages import BookUpdate, MarketUpdate
from microfutures.venue.synthetic import SyntheticMarket

VERSION = 178
LINES = 100
UPDATES_A_SECOND = 20
"""Of each line."""
MEASURED_SECONDS = 4.0
ORDERS = 400
FIRST_ORDER_ID = 1_000
SECOND = 1_000_000_000


class SteadyMarket:
    """A hundred instruments, each quoted twenty times a second, evenly spread."""

    def __init__(self, symbols: Sequence[str] = ()) -> None:
        synthetic = SyntheticMarket(symbols or catalog.symbols())
        self.start_ns = synthetic.start_ns
        self.instruments: tuple[Instrument, ...] = synthetic.instruments[:LINES]

    def updates(self) -> Iterator[MarketUpdate]:
        step_ns = SECOND // (LINES * UPDATES_A_SECOND)
        time_ns, turn = self.start_ns, 0
        while True:
            for instrument in self.instruments:
                time_ns += step_ns
                bid, size = 7_000 + turn % 3, 1 + turn % 7
                name = instrument.instrument_id
                yield BookUpdate(time_ns, name, bid, bid + 1 + turn % 2, size, size + 1)
            turn += 1

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        return []

    def describe(self) -> str:
        return "steady quotes"


class Quiet(SteadyMarket):
    """The same instruments, quoted once."""

    def updates(self) -> Iterator[MarketUpdate]:
        for instrument in self.instruments:
            yield BookUpdate(self.start_ns, instrument.instrument_id, 7_000, 7_001, 5, 5)


async def steady_gateway(tell: Tell) -> None:
    await _serve(SteadyMarket(), tell)


async def quiet_gateway(tell: Tell) -> None:
    await _serve(Quiet(), tell)


async def _serve(market: SteadyMarket, tell: Tell) -> None:
    server = a_gateway(market)
    await server.start()
    gc.freeze()  # as `run_gateway` does
    tell(server.port)
    await server.wait()


class _Echo(asyncio.Protocol):
    """Answers every frame with itself."""

    def __init__(self) -> None:
        self._frames = FrameDecoder()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for body in self._frames.feed(data):
            self._transport.write(frame(body))


async def echo_server(tell: Tell) -> None:
    server = await asyncio.get_running_loop().create_server(_Echo, HOST, 0)
    tell(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def quotes_to_clients() -> Iterator[str]:
    for clients in (1, 4, 16):
        messages, share = _quotes(clients)
        yield (
            f"{LINES} lines x {UPDATES_A_SECOND}/s to {clients:2} clients "
            f"{messages:8.0f} messages/s   {share:5.0%} of a core   "
            f"{messages / share:8.0f} messages a second of processor time"
        )


def _quotes(count: int) -> tuple[float, float]:
    """Return messages a second and the share of a core that they cost."""
    with running(steady_gateway) as process:
        clients = [Client(process.port) for _ in range(count)]
        for number, client in enumerate(clients):
            client.start(number, VERSION)
            client.send(b"".join(_line_requests()))
        _drain(clients, 1.0)
        return _measure(process, clients)


def _line_requests() -> Iterator[bytes]:
    for number, instrument in enumerate(SteadyMarket().instruments):
        contract = (instrument.con_id, "", "", "", 0, "", "", instrument.exchange, "", "", "", "")
        yield encode([1, 11, number, *contract, False, "", False, False, ""])


def _measure(process: Process, clients: list[Client]) -> tuple[float, float]:
    used, started = process.cpu_seconds(), perf_counter()
    messages = _drain(clients, MEASURED_SECONDS)
    took = perf_counter() - started
    return messages / took, (process.cpu_seconds() - used) / took


def _drain(clients: list[Client], seconds: float) -> int:
    """Read all that comes for a while; return how many messages it was."""
    messages, end = 0, perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ, client)
        while (left := end - perf_counter()) > 0:
            for key, _ in selector.select(left):
                messages += key.data.drain()
    return messages


def order_latency() -> Iterator[str]:
    with running(echo_server) as process:
        floor = _percentiles(_echo_times(Client(process.port)))
    with running(quiet_gateway) as process:
        client = Client(process.port)
        client.start(1, VERSION)
        ours = _percentiles(_order_times(client))
    for name, mine, least in zip(("p50", "p99"), ours, floor, strict=True):
        yield (
            f"order to acknowledgement, {name} {mine * 1e6:8.0f} us   {mine / least:6.1f} x an echo"
        )


def _echo_times(client: Client) -> Iterator[float]:
    for number in range(ORDERS):
        order = encode(order_fields(VERSION, FIRST_ORDER_ID + number))
        started = perf_counter()
        client.send(order)
        client.next()
        yield perf_counter() - started


def _order_times(client: Client) -> Iterator[float]:
    """Place and cancel one order after the other; yield how long the acknowledgement took."""
    for number in range(FIRST_ORDER_ID, FIRST_ORDER_ID + ORDERS):
        order = encode(order_fields(VERSION, number))
        started = perf_counter()
        client.send(order)
        _wait_for(client, ["5", str(number)])
        yield perf_counter() - started
        client.send(encode([4, 1, number, ""]))
        _wait_for(client, ["4", "2", str(number), "202"])


def _wait_for(client: Client, head: list[str]) -> None:
    while (fields := client.next())[: len(head)] != head:
        refusal = fields[:3] == ["4", "2", head[1]]
        assert not refusal or fields[3] in ("202", "399"), fields


def _percentiles(times: Iterator[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
