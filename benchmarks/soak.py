"""Hours of virtual time with every class of fault at once: does anything raise, leak or grow?

``python -m benchmarks.soak --hours 24 --seeds 20``; one line a seed, exit code 1 if one fails.
Memory is told every six hours: with ``--hours 48`` the same hour of two days can be compared.
"""

import argparse
import asyncio
import gc
import logging
import sys
import tracemalloc
from functools import partial
from multiprocessing import get_context
from random import Random
from time import perf_counter
from typing import Any

import ib_async
import msgspec

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.app.supervision import resident_kilobytes
from microfutures.twsim.faults.desk import FaultDesk
from microfutures.twsim.faults.fault import Fault
from microfutures.twsim.faults.kinds import KINDS
from microfutures.twsim.faults.schedule import Plan
from microfutures.twsim.gateway import build_server
from microfutures.twsim.history.tick_tape import Trade
from microfutures.twsim.server import TwsServer
from microfutures.venue.synthetic import SyntheticMarket

CLIENTS = 3
MEAN_PER_MINUTE = 0.05
"""Of each plan; with thirty of them another fault comes every 40 s, on top of those that last."""
ASKS_FOR_ALL = 0.1
"""Share of the connections that begin with everything the day has brought."""
SHORT_START = (
    ib_async.StartupFetch.POSITIONS
    | ib_async.StartupFetch.ORDERS_OPEN
    | ib_async.StartupFetch.ACCOUNT_UPDATES
)
STEP_NS = 1_000_000_000
"""Of the market: it is the faults that are to be many."""
LOOK_HOURS = 6.0
LOOKS = 4
"""In a run of less than a day."""
CALM_SECONDS = 900.0
"""After the last fault: every outage is over, every client is back and tidies up."""


class Outcome(msgspec.Struct, kw_only=True):
    """What one seed came to; all lists and counts of leaks are to be empty and 0."""

    seed: int
    hours: float
    errors: list[str]
    faults: dict[str, int]
    connects: int = 0
    orders: int = 0
    leaked_tasks: int = 0
    leaked_sessions: int = 0
    leaked_orders: int = 0
    megabytes: list[float] = []
    """Of the whole process, clients included, at each look."""
    objects: list[int] = []
    """Of the simulator's own classes then; the ticks and bars of its tape are not counted."""
    held_kilobytes: list[float] = []
    """What the simulator's own lines hold, if that is traced."""
    real_seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was raised or leaked."""
        leaks = self.leaked_tasks, self.leaked_sessions, self.leaked_orders
        return not self.errors and leaks == (0, 0, 0)


def every_fault(seconds: float) -> tuple[Plan, ...]:
    """Return plans that cause every class, several times in `seconds` and at odd moments."""
    shortened = {"weekly_logout": {"outage": 60.0}}
    faults: list[Fault] = [
        msgspec.convert(shortened.get(name, {}), kind) for name, kind in KINDS.items()
    ]
    for kind, codes in {
        "pacing": (100, 420),
        "no_subscription": (10089, 10167, 10168, 10197),
        "farm_loss": (2105, 2157),
    }.items():
        faults += [msgspec.convert({"code": code}, KINDS[kind]) for code in codes]
    faults.append(msgspec.convert({"then": 1101}, KINDS["link_loss"]))
    faults.append(msgspec.convert({"keeps_orders": False}, KINDS["restart"]))
    per_minute = max(MEAN_PER_MINUTE, 180 / seconds)
    # Draws alone may leave a class out of a short run.
    once = [
        Plan(fault=fault, at=seconds * (number + 1) / (len(faults) + 1))
        for number, fault in enumerate(faults)
    ]
    return (*once, *(Plan(fault=fault, per_minute=per_minute) for fault in faults))


class Client:
    """An ib_async client that trades and reconnects, whatever happens."""

    def __init__(self, server: TwsServer, number: int, seed: int) -> None:
        self.ib = ib_async.IB()
        self.connects = self.orders = 0
        self._server = server
        self._number = number
        self._random = Random(seed * 100 + number)

    async def run(self) -> None:
        """Trade until cancelled."""
        while True:
            try:
                await self._connect()
                await self._trade()
            except (OSError, TimeoutError):
                self.ib.disconnect()
            await asyncio.sleep(self._random.uniform(5, 20))

    async def _connect(self) -> None:
        if not self.ib.isConnected():
            # All orders and executions of the day at each of a thousand connections would be
            # little but the client's own decoding.
            wants_all = self._random.random() < ASKS_FOR_ALL
            await self.ib.connectAsync(
                "127.0.0.1",
                self._server.port,
                clientId=self._number,
                timeout=4,
                fetchFields=ib_async.StartupFetchALL if wants_all else SHORT_START,
            )
            self.connects += 1

    async def _trade(self) -> None:
        ib, draw = self.ib, self._random
        future = ib_async.Future("MCL", "202611", "NYMEX")
        details = await asyncio.wait_for(ib.reqContractDetailsAsync(future), 10)
        if not details or details[0].contract is None:
            return
        contract = details[0].contract
        ticker = ib.reqMktData(contract)
        await asyncio.sleep(2)
        side, quantity = draw.choice(["BUY", "SELL"]), draw.randint(1, 2)
        order: ib_async.Order = ib_async.MarketOrder(side, quantity, tif="DAY")
        if ticker.bid == ticker.bid and draw.random() < 0.5:
            away = -1.0 if side == "BUY" else 1.0
            order = ib_async.LimitOrder(side, quantity, round(ticker.bid + away, 2), tif="GTC")
        trade = ib.placeOrder(contract, order)
        self.orders += 1
        ib.client.reqCurrentTime()
        await asyncio.sleep(draw.uniform(1, 30))
        if not trade.isDone():
            ib.cancelOrder(order)
        ib.cancelMktData(contract)
        bars = ib.reqHistoricalDataAsync(contract, "", "1800 S", "1 min", "TRADES", False)
        await asyncio.wait_for(bars, 10)


def _is_librarys(context: dict[str, Any]) -> bool:
    """Tell whether ib_async alone is to blame.

    At 1102 it asks for the account summary and waits for nobody's answer: if the connection ends
    before that comes, its future has an exception that nobody takes.
    """
    error = context.get("exception")
    return (
        isinstance(error, ConnectionError)
        and str(error) == "Socket disconnect"
        and "never retrieved" in context["message"]
    )


async def soak(*, hours: float, seed: int) -> Outcome:
    """Run one seed on the running virtual loop."""
    started, seconds = perf_counter(), hours * 3600
    outcome = Outcome(seed=seed, hours=hours, errors=[], faults={})
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda _, context: None if _is_librarys(context) else outcome.errors.append(repr(context))
    )
    market = SyntheticMarket(seed=seed, step_ns=STEP_NS)
    clock = SimulatedClock(market.start_ns)
    server = build_server(market=market, clock=clock, host="127.0.0.1", port=0, seed=seed)
    desk = FaultDesk(server, clock, seed=seed, plans=every_fault(seconds))
    before = len(asyncio.all_tasks())
    await server.start()
    desk.start()
    clients = [Client(server, number, seed) for number in range(1, CLIENTS + 1)]
    tasks = [asyncio.create_task(client.run()) for client in clients]
    looks = max(LOOKS, round(hours / LOOK_HOURS))
    for _ in range(looks):
        await asyncio.sleep(seconds / looks)
        gc.collect()
        outcome.megabytes.append((resident_kilobytes() or 0) / 1024)
        outcome.objects.append(sum(map(_is_ours, gc.get_objects())))
        outcome.held_kilobytes.append(_held_kilobytes())
    await desk.end_schedule()
    await asyncio.sleep(CALM_SECONDS)
    outcome.errors += [repr(task.exception()) for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:
        client.ib.disconnect()
    await asyncio.sleep(5)
    outcome.leaked_sessions = len(server.sessions) + len(server.exchange.clients)
    await _cancel_all(server, outcome)
    await desk.stop()
    await server.stop()
    await asyncio.sleep(5)
    outcome.leaked_tasks = len(asyncio.all_tasks()) - before
    outcome.faults = desk.caused
    outcome.connects = sum(client.connects for client in clients)
    outcome.orders = sum(client.orders for client in clients)
    outcome.real_seconds = perf_counter() - started
    return outcome


async def _cancel_all(server: TwsServer, outcome: Outcome) -> None:
    """Cancel every open order as a fresh client; what stays open then is leaked."""
    ib = ib_async.IB()
    await ib.connectAsync("127.0.0.1", server.port, clientId=99)
    ib.reqGlobalCancel()
    await asyncio.sleep(5)
    outcome.leaked_orders = len(await ib.reqAllOpenOrdersAsync())
    ib.disconnect()
    await asyncio.sleep(1)


def _is_ours(thing: object) -> bool:
    kind = type(thing)
    return str(kind.__module__).startswith("microfutures.") and kind is not Trade


def _held_kilobytes() -> float:
    """Return what the simulator's own lines hold; ib_async keeps every order and ticker it saw."""
    if not tracemalloc.is_tracing():
        return 0.0
    ours = tracemalloc.Filter(inclusive=True, filename_pattern="*/src/microfutures/*")
    traces = tracemalloc.take_snapshot().filter_traces([ours]).traces
    return sum(trace.size for trace in traces) / 1024


def run(*, hours: float, seed: int, traces_memory: bool = False) -> Outcome:
    """Soak one seed in virtual time."""
    if traces_memory:
        tracemalloc.start()
    # ib_async logs every error of TWS: here they are wanted.
    logging.getLogger("ib_async").setLevel(logging.CRITICAL + 1)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(soak(hours=hours, seed=seed))


def sentence(outcome: Outcome) -> str:
    """Return what one seed came to, in a line."""
    leaks = outcome.leaked_tasks, outcome.leaked_sessions, outcome.leaked_orders
    held = ", ".join(f"{each:.0f}" for each in outcome.held_kilobytes)
    return (
        f"seed {outcome.seed}: {'clean' if outcome.is_clean else 'NOT CLEAN'}, "
        f"{sum(outcome.faults.values())} faults of {len(outcome.faults)} classes, "
        f"{outcome.connects} connects, {outcome.orders} orders, "
        f"{'/'.join(map(str, leaks))} tasks/sessions/orders leaked, "
        f"{len(outcome.errors)} errors, "
        f"{', '.join(f'{each:.0f}' for each in outcome.megabytes)} MB and "
        f"{', '.join(map(str, outcome.objects))} objects of the simulator at the looks, "
        + (f"of which the simulator's own {held} kB, " if any(outcome.held_kilobytes) else "")
        + f"{outcome.real_seconds:.1f} s"
    )


def main() -> int:
    """Print a line for each seed; return 1 if one was not clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--memory", action="store_true", help="tell ours from theirs, slowly")
    options = parser.parse_args()
    is_clean = True
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    work = partial(_run_seed, options.hours, options.memory)
    # A process for each seed: what one leaves behind is not the next one's memory.
    with get_context("spawn").Pool(options.jobs, maxtasksperchild=1) as pool:
        for outcome in pool.imap(work, seeds):
            is_clean &= outcome.is_clean
            print(sentence(outcome), *outcome.errors[:3], sep="\n  ", flush=True)
    return 0 if is_clean else 1


def _run_seed(hours: float, traces_memory: bool, seed: int) -> Outcome:
    return run(hours=hours, seed=seed, traces_memory=traces_memory)


if __name__ == "__main__":
    sys.exit(main())
