"""Hours of virtual time with every class of fault at once: does anything raise, leak or grow?

``python -m benchmarks.soak --hours 24 --seeds 20``; one line a seed, exit code 1 if one fails.
"""

import argparse
import asyncio
import gc
import logging
import sys
import tracemalloc
from random import Random
from time import perf_counter
from typing import Any

import ib_async
import msgspec

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.faults.desk import FaultDesk
from microfutures.twsim.faults.fault import Fault
from microfutures.twsim.faults.kinds import KINDS
from microfutures.twsim.faults.schedule import Plan
from microfutures.twsim.gateway import build_server
from microfutures.twsim.server import TwsServer
from microfutures.venue.synthetic import SyntheticMarket

CLIENTS = 3
MEAN_PER_MINUTE = 0.05
"""Of each plan; with thirty of them another fault comes every 40 s, on top of those that last."""
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
    kilobytes_middle: float = 0.0
    kilobytes_end: float = 0.0
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
            await self.ib.connectAsync(
                "127.0.0.1", self._server.port, clientId=self._number, timeout=4
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
    market = SyntheticMarket(seed=seed)
    clock = SimulatedClock(market.start_ns)
    server = build_server(market=market, clock=clock, host="127.0.0.1", port=0, seed=seed)
    desk = FaultDesk(server, clock, seed=seed, plans=every_fault(seconds))
    before = len(asyncio.all_tasks())
    await server.start()
    desk.start()
    clients = [Client(server, number, seed) for number in range(1, CLIENTS + 1)]
    tasks = [asyncio.create_task(client.run()) for client in clients]
    await asyncio.sleep(seconds / 2)
    outcome.kilobytes_middle = _kilobytes()
    await asyncio.sleep(seconds / 2)
    outcome.kilobytes_end = _kilobytes()
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


def _kilobytes() -> float:
    """Return what the simulator's own lines hold; ib_async keeps every order and ticker it saw."""
    if not tracemalloc.is_tracing():
        return 0.0
    gc.collect()
    ours = tracemalloc.Filter(inclusive=True, filename_pattern="*/src/microfutures/*")
    traces = tracemalloc.take_snapshot().filter_traces([ours]).traces
    return sum(trace.size for trace in traces) / 1024


def run(*, hours: float, seed: int) -> Outcome:
    """Soak one seed in virtual time."""
    # ib_async logs every error of TWS: here they are wanted.
    logging.getLogger("ib_async").setLevel(logging.CRITICAL + 1)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(soak(hours=hours, seed=seed))


def main() -> int:
    """Print a line for each seed; return 1 if one was not clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--memory", action="store_true", help="measure memory, slowly")
    options = parser.parse_args()
    if options.memory:
        tracemalloc.start()
    is_clean = True
    for seed in range(1, options.seeds + 1):
        outcome = run(hours=options.hours, seed=seed)
        is_clean &= outcome.is_clean
        print(
            f"seed {seed}: {'clean' if outcome.is_clean else 'NOT CLEAN'}, "
            f"{sum(outcome.faults.values())} faults of {len(outcome.faults)} classes, "
            f"{outcome.connects} connects, {outcome.orders} orders, "
            f"{outcome.leaked_tasks}/{outcome.leaked_sessions}/{outcome.leaked_orders} "
            f"tasks/sessions/orders leaked, {len(outcome.errors)} errors, "
            f"{outcome.kilobytes_middle:.0f} kB in the middle, {outcome.kilobytes_end:.0f} at the "
            f"end, {outcome.real_seconds:.1f} s",
            *outcome.errors[:3],
            sep="\n  ",
            flush=True,
        )
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
