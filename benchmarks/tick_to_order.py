"""From a tick's first byte to the order's last: the full desk beside a bare ib_async script.

``python -m benchmarks.tick_to_order --orders 3000 --rounds 3``. Three processes take part: this
one looks on, a server sends ticks and takes the time, a client trades. Both clients get the same
ticks and the same answers; rounds alternate, so that drifts of the machine meet both.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from benchmarks import bare_client, desk_client
from benchmarks.measured import Cost, Meter
from benchmarks.tick_server import Pace, Timing, serve
from microfutures.adapters.busy_poll import trading_loop

BARE, DESK = "bare ib_async", "full desk"
CLIENTS = (BARE, DESK)


class Run(msgspec.Struct, frozen=True):
    """One client in one round."""

    timing: Timing
    cost: Cost

    def microseconds(self, share: float) -> float:
        """Return the quantile `share` of the times."""
        times = sorted(self.timing.times)
        return times[min(len(times) - 1, int(share * len(times)))] / 1_000

    @property
    def cpu_microseconds(self) -> float:
        """Return the processor time of an order, the ticks before it included."""
        return self.cost.cpu_seconds / len(self.timing.times) * 1e6

    @property
    def bytes_kept(self) -> float:
        """Return what every order added to the memory."""
        first, last = self.cost.resident[0], self.cost.resident[-1]
        return (last - first) / len(self.timing.times)


def measure(client: str, pace: Pace) -> Run:
    """Run one client against a fresh server."""
    context = get_context("spawn")
    processors = _processors()
    server_end, server_pipe = context.Pipe()
    server = context.Process(target=serve, args=(pace, server_pipe, processors[0]), daemon=True)
    server.start()
    # Only the child holds the other end: whoever dies is heard of.
    server_pipe.close()
    port = server_end.recv()
    client_end, client_pipe = context.Pipe()
    trader = context.Process(
        target=trade, args=(client, port, pace.orders, client_pipe, processors[1]), daemon=True
    )
    trader.start()
    client_pipe.close()
    client_end.recv()
    server_end.send("go")
    timing = server_end.recv()
    cost = client_end.recv()
    for process in (server, trader):
        process.join()
    return Run(timing, cost)


def trade(client: str, port: int, orders: int, parent: Connection, processor: int | None) -> None:
    """Be the client."""
    if processor is not None:
        os.sched_setaffinity(0, {processor})
    meter = Meter(orders, lambda: parent.send("ready"))
    if client == BARE:
        asyncio.run(bare_client.sell_on_signal(port, meter))
    else:
        with TemporaryDirectory() as directory, asyncio.Runner(loop_factory=trading_loop) as loop:
            loop.run(desk_client.sell_on_signal(port, meter, Path(directory)))
    parent.send(meter.cost())


def _processors() -> tuple[int | None, int | None]:
    """Return one processor for the server and one for the client, where there are two."""
    here = sorted(os.sched_getaffinity(0))
    return (here[0], here[1]) if len(here) > 1 else (None, None)


def tick_to_order(orders: int = 3_000, rounds: int = 3, gap: int = 300) -> Iterator[str]:
    """Yield the table."""
    pace = Pace(orders, gap_microseconds=gap)
    runs: dict[str, list[Run]] = {client: [] for client in CLIENTS}
    for _ in range(rounds):
        for client in CLIENTS:
            runs[client].append(measure(client, pace))
    rows = {client: _row(each) for client, each in runs.items()}
    yield f"tick to order, {rounds} x {orders} orders" + "".join(f"{name:>11}" for name in _COLUMNS)
    for client, row in rows.items():
        yield f"  {client:30}" + "".join(f"{value:11,.0f}" for value in row)
    ratios = [ours / theirs for ours, theirs in zip(rows[DESK], rows[BARE], strict=True)]
    yield f"  {'ratio':30}" + "".join(f"{ratio:10.2f}x" for ratio in ratios)


_COLUMNS = ("p50 us", "p99 us", "p99.9 us", "CPU us", "bytes kept")
"""Medians of the rounds; processor time and memory of an order, the ticks before it included."""


def _row(runs: list[Run]) -> tuple[float, ...]:
    return (
        median(run.microseconds(0.5) for run in runs),
        median(run.microseconds(0.99) for run in runs),
        median(run.microseconds(0.999) for run in runs),
        median(run.cpu_microseconds for run in runs),
        median(run.bytes_kept for run in runs),
    )


def main() -> int:
    """Print the table; with `--client` one client alone, and its memory along the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gap-us", type=int, default=300, help="between two ticks")
    parser.add_argument("--client", choices=CLIENTS)
    options = parser.parse_args()
    if options.client is None:
        for line in tick_to_order(options.orders, options.rounds, options.gap_us):
            print(line, flush=True)
        return 0
    run = measure(options.client, Pace(options.orders, gap_microseconds=options.gap_us))
    for name, value in zip(_COLUMNS, _row([run]), strict=True):
        print(f"{name:12}{value:10,.0f}")
    print(f"{'worst us':12}{max(run.timing.times) / 1e3:10,.0f}")
    print(f"{'wrong':12}{run.timing.wrong:10}")
    megabytes = ", ".join(f"{each / 1e6:.1f}" for each in run.cost.resident)
    print(f"MB as orders went by: {megabytes}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
