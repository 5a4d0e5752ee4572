"""A fuzzer over framing and fields: ``python -m benchmarks.fuzz --cases 1000000 --seed 1``.

A live server on the virtual loop, clients that send nonsense, and one that must not notice.
"""

import argparse
import asyncio
import gc
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from time import perf_counter
from types import FrameType, TracebackType
from typing import Any

from benchmarks.mutations import VERSIONS, Mutator
from benchmarks.peak_memory import peak_megabytes
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Bar
from microfutures.twsim.server import TwsServer
from microfutures.twsim.wire import FrameDecoder, encode, split_fields
from microfutures.venue.synthetic import SyntheticMarket
from microfutures.venue.venue import Venue

ACCOUNTS = ("DU1000001",)
CASES_A_SERVER = 10_000
"""Orders and histories that nonsense happens to ask for stay; a fresh server forgets them."""
CASES_A_TURN = 100
TURN_SECONDS = 0.02
ATTACKERS = 8
MAX_PAST_SECONDS = 300
FAIR_ANSWERS = {"1", "2", "4", "9", "15", "45", "46", "49", "58", "81"}
"""What the client that behaves may hear: ticks, the time it asks for, and the start."""


@dataclass
class Findings:
    """What a run of the fuzzer saw."""

    cases: int = 0
    connections: int = 0
    disconnected: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    """Error codes that the server answered with."""
    failures: dict[str, str] = field(default_factory=dict)
    """Place of an unhandled exception, with its traceback and the message that caused it."""
    failure_counts: Counter[str] = field(default_factory=Counter)
    disturbances: list[str] = field(default_factory=list)
    """What the client that behaves noticed."""
    peak_megabytes: list[float] = field(default_factory=list)
    """The most memory that the process ever had, after each server's end."""

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return not self.failures and not self.disturbances

    def on_exception(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Note what the event loop caught."""
        error = context.get("exception")
        if error is None:
            place = str(context.get("message"))
            self.failures.setdefault(place, place)
        else:
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            story = "".join(traceback.format_exception(error))
            self.failures.setdefault(place, f"{story}sent: {_culprit(error.__traceback__)!r}")
        self.failure_counts[place] += 1


def _culprit(trace: TracebackType | None) -> object:
    """Return the message that the session was answering."""
    frames: Iterator[FrameType] = (frame for frame, _ in traceback.walk_tb(trace))
    return next((each.f_locals["frame"] for each in frames if "frame" in each.f_locals), None)


class Peer(asyncio.Protocol):
    """A client that reads everything."""

    def __init__(self) -> None:
        self.is_lost = False
        self.heard: list[list[str]] = []
        self._frames = FrameDecoder()

    def data_received(self, data: bytes) -> None:
        self.heard += [split_fields(frame) for frame in self._frames.feed(data)]

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True


class Attacker:
    """One connection after the other, from which nonsense is sent."""

    def __init__(self, number: int, port: int, random: Random, findings: Findings) -> None:
        self._client_id = 100 + number
        self._port = port
        self._random = random
        self._findings = findings
        self._peer: Peer | None = None
        self._transport: asyncio.Transport | None = None
        self._version = 178

    async def send(self, mutator: Mutator) -> None:
        """Send one case, over a new connection if the last one has ended."""
        if self._random.random() < 0.005:
            await self._connect(mutator.greeting())
            return
        if self._transport is None or self._transport.is_closing():
            self._version = self._random.choice(VERSIONS)
            await self._connect(_start(self._version, self._client_id))
        assert self._transport is not None
        frame, is_true = mutator.framed(mutator.body(self._version))
        if self._random.random() < 0.02:
            cut = self._random.randrange(len(frame))
            self._transport.write(frame[:cut])
            self._transport.write(frame[cut:])
        else:
            self._transport.write(frame)
        if not is_true:
            # What follows would be read as part of this message.
            self._end()

    def collect(self) -> None:
        """Count what was answered."""
        if self._peer is None:
            return
        for fields in self._peer.heard:
            if fields[0] == "4" and len(fields) > 3:
                self._findings.errors[fields[3]] += 1
        self._peer.heard.clear()
        self._findings.disconnected += self._peer.is_lost
        if self._peer.is_lost:
            self._peer = None

    async def _connect(self, first: bytes) -> None:
        self._end()
        self.collect()
        loop = asyncio.get_running_loop()
        transport, peer = await loop.create_connection(Peer, "127.0.0.1", self._port)
        self._transport, self._peer = transport, peer
        self._transport.write(first)
        self._findings.connections += 1

    def _end(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Witness:
    """The client that behaves, and must be served as if it were alone."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._peer = Peer()
        self._transport: asyncio.Transport | None = None

    async def begin(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: self._peer, "127.0.0.1", port)
        self._transport = transport
        self._transport.write(_start(178, 1))
        await asyncio.sleep(0.1)
        contract = (0, "USO", "STK", "", 0, "", "", "SMART", "", "USD", "", "")
        self._transport.write(encode([1, 11, 5, *contract, 0, "", 0, 0, ""]))
        await asyncio.sleep(0.1)
        self._peer.heard.clear()

    def ask(self) -> None:
        assert self._transport is not None
        self._transport.write(encode([49, 1]))

    def check(self) -> None:
        heard, self._peer.heard = self._peer.heard, []
        kinds = Counter(fields[0] for fields in heard)
        strange = sorted(set(kinds) - FAIR_ANSWERS)
        if self._peer.is_lost or kinds["49"] != 1 or strange or kinds["4"]:
            self._findings.disturbances.append(
                f"after {self._findings.cases} cases: lost {self._peer.is_lost}, heard {kinds}"
            )


def _start(version: int, client_id: int) -> bytes:
    body = b"v157..%d" % version
    greeting = b"API\0" + len(body).to_bytes(4, "big") + body
    return greeting + encode([71, 2, client_id, ""])


def fuzz(cases: int, seed: int) -> Findings:
    """Send `cases` messages drawn from `seed` and return what happened."""
    findings = Findings()
    mutator = Mutator(Random(seed))
    for number, begin in enumerate(range(0, cases, CASES_A_SERVER)):
        random = Random(f"{seed}/{number}")
        count = min(CASES_A_SERVER, cases - begin)
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.get_loop().set_exception_handler(findings.on_exception)
            runner.run(_attack(count, mutator, random, findings))
        gc.collect()
        findings.peak_megabytes.append(peak_megabytes())
    return findings


async def _attack(count: int, mutator: Mutator, random: Random, findings: Findings) -> None:
    market = ShortPast(seed=1)
    server = _server(market)
    await server.start()
    playing = asyncio.create_task(server.wait())
    witness = Witness(findings)
    await witness.begin(server.port)
    attackers = [Attacker(each, server.port, random, findings) for each in range(ATTACKERS)]
    for number in range(count):
        await random.choice(attackers).send(mutator)
        findings.cases += 1
        if number % CASES_A_TURN == CASES_A_TURN - 1:
            witness.ask()
            await asyncio.sleep(TURN_SECONDS)
            for attacker in attackers:
                attacker.collect()
            witness.check()
    if playing.done():
        findings.disturbances.append(f"the market stopped: {playing.exception()!r}")
    await server.stop()
    await asyncio.gather(playing, return_exceptions=True)
    await asyncio.sleep(0.1)
    if server.exchange.clients:
        findings.disturbances.append(f"clients left: {sorted(server.exchange.clients)}")


class ShortPast(SyntheticMarket):
    """A market with few bars before its start: what a bar costs is not the fuzzer's question."""

    def __init__(self, *, seed: int) -> None:
        super().__init__(seed=seed)
        self._told: dict[tuple[InstrumentId, int, int, int], list[Bar]] = {}
        """What was asked for once: the past does not change, and nonsense asks for it often."""

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        few = min(count, MAX_PAST_SECONDS // bar_seconds)
        asked = (instrument_id, end_ns, bar_seconds, few)
        if asked not in self._told:
            self._told[asked] = super().history(*asked)
        return [*self._told[asked]]


def _server(market: SyntheticMarket) -> TwsServer:
    venue = Venue(
        instruments=market.instruments,
        accounts=ACCOUNTS,
        initial_cash=Decimal(25_000),
        start_ns=market.start_ns,
        seed=1,
        session=0,
    )
    return TwsServer(
        venue=venue,
        market=market,
        clock=SimulatedClock(market.start_ns),
        accounts=ACCOUNTS,
        max_messages_per_second=None,
    )


def report(findings: Findings, took: float) -> Iterator[str]:
    """Say what a run found."""
    yield f"{findings.cases} cases, {findings.connections} connections in {took:.0f} s"
    yield f"disconnected: {findings.disconnected}; errors answered: " + ", ".join(
        f"{code} x {count}" for code, count in findings.errors.most_common()
    )
    sizes = [round(each) for each in findings.peak_megabytes]
    shown = ", ".join(str(sizes[at]) for at in (0, len(sizes) // 2, -1))
    yield f"peak memory after the first, middle and last server: {shown} MiB"
    for place, story in findings.failures.items():
        yield f"\nUNHANDLED {place}, {findings.failure_counts[place]} times:\n{story}"
    yield from findings.disturbances
    yield "nothing found" if findings.is_clean else "FOUND SOMETHING"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = perf_counter()
    findings = fuzz(arguments.cases, arguments.seed)
    for line in report(findings, perf_counter() - started):
        print(line)
    return 0 if findings.is_clean else 1


if __name__ == "__main__":
    raise SystemExit(main())
