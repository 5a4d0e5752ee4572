"""The course of one day: a market, a gateway, a desk that trades, and everything that happens."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter

import ib_async
import msgspec

from campaign.audit import audit_account, audit_books, audit_journal, books_of
from campaign.desk import Desk, Fuse, Killed
from campaign.eyes import Eyes
from campaign.lookout import LOOK_SECONDS, Lookout
from campaign.requests import CountedRequests
from campaign.script import HOUR, Kill, Script, write_script
from campaign.stage import build_market, build_watched_server, prepare
from campaign.violations import Violations
from campaign.witness import Witness
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.app.simulation import Simulation
from microfutures.engine.output import Say
from microfutures.model.events import Command
from microfutures.model.orders import Order
from microfutures.model.timestamp import to_iso
from microfutures.twsim.faults.fault import Fault

CALM_AT, FLATTEN_AT = 5.95 * HOUR, 6.1 * HOUR
FLAT_WITHIN_SECONDS = 600.0
SETTLED_SECONDS = 30.0
"""For the last commissions and the reconciliation."""
NEVER = Kill(writes=1 << 62, orders_only=False, down=0.0)
ATTEND_SECONDS = 600.0
OWNER_CLIENT = 77


class Verdict(msgspec.Struct, kw_only=True):
    """What a day came to."""

    seed: int
    violations: list[str]
    orders: int
    executions: int
    faults: int
    kills: int
    seconds: float
    """Real time."""


def live_day(
    seed: int, folder: Path, story: list[str] | None = None, *, is_hasty: bool = False
) -> Verdict:
    """Live through the day of `seed` and judge it; its journal stays in `folder`.

    `story`, if given, is filled with what the desk said and what was done to it. A hasty day ends
    with the first law that is broken.
    """
    return live(write_script(seed), folder, story, is_hasty=is_hasty)


def live(
    script: Script, folder: Path, story: list[str] | None = None, *, is_hasty: bool = False
) -> Verdict:
    """Live through the day of `script`, like `live_day`."""
    started = perf_counter()
    day = Day(script, folder, [] if story is None else story, is_hasty=is_hasty)
    with silence(), asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(day.run())
    return day.verdict(perf_counter() - started)


@contextmanager
def silence() -> Iterator[None]:
    """Let nothing be logged meanwhile."""
    loggers = [logging.getLogger(name) for name in ("ib_async", "microfutures")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


class Day:
    """One day, from the bell to the audit."""

    def __init__(
        self, script: Script, folder: Path, story: list[str], *, is_hasty: bool = False
    ) -> None:
        self._script = script
        self._path = folder / "journal.sqlite3"
        self._story = story
        self._is_hasty = is_hasty
        self._prepared = prepare(script, folder)
        self._market = build_market(script)
        self._clock = SimulatedClock(self._market.start_ns)
        self._violations = Violations(self._clock)
        limits, capital = self._prepared.settings.risk, Decimal(str(script.capital))
        self._eyes = Eyes(limits, self._violations)
        self._witness = Witness(self._eyes, limits, capital, self._violations)
        self._server = build_watched_server(self._market, self._clock, self._witness, script.seed)
        self._faults = CountedRequests(
            self._server, self._clock, seed=script.seed, violations=self._violations
        )
        self._lookout = Lookout(
            eyes=self._eyes,
            witness=self._witness,
            venue=self._server.exchange.venue,
            violations=self._violations,
            limits=limits,
            capital=script.capital,
            unhedged_seconds=script.unhedged_seconds,
            is_line_free=self._is_line_free,
        )
        self._mischief = iter(script.mischief)
        self._draw = Random(f"mischief/{script.seed}")
        self._desk: Desk | None = None
        self._kills = self._pausing = 0
        self._is_calm = False

    async def run(self) -> None:
        """Live it."""
        asyncio.get_running_loop().set_exception_handler(self._on_loop_error)
        await self._server.start()
        if self._script.own_shares:
            await self._buy_own_shares()
        self._eyes.on_order = self._on_order
        happenings = (
            *(self._keep_running(), self._cause_faults(), self._lookout.run(), self._attend()),
            *self._pauses(),
        )
        tasks = [asyncio.create_task(each, name="campaign") for each in happenings]
        await self._pass_day()
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        await self._close()

    async def _pass_day(self) -> None:
        """Return when all is done, or a hasty day has seen enough."""
        seen = asyncio.create_task(self._violations.seen.wait())
        course = asyncio.create_task(self._take_course())
        waited_for = {seen, course} if self._is_hasty else {course}
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        seen.cancel()
        if not course.done():
            course.cancel()
        await asyncio.gather(seen, course, return_exceptions=True)

    async def _take_course(self) -> None:
        await asyncio.sleep(CALM_AT)
        self._is_calm = True
        await asyncio.sleep(FLATTEN_AT - CALM_AT)
        await self._flatten()

    async def _close(self) -> None:
        """Audit what the day left, and end it."""
        venue, violations = self._server.exchange.venue, self._violations
        audit_account(self._witness, venue, self._script.own_shares, violations)
        if self._desk is None:
            violations.add("the desk runs", "it was down at the end of the day")
        else:
            engine = self._desk.system.engine
            audit_books(engine, self._eyes, self._witness, venue, violations)
            await self._desk.kill()
            audit_journal(self._path, self._prepared, books_of(engine), violations)
        await self._faults.stop()
        await self._server.stop()

    def verdict(self, seconds: float) -> Verdict:
        """Return what the day came to."""
        return Verdict(
            seed=self._script.seed,
            violations=self._violations.found,
            orders=sum(each.is_ours for each in self._witness.arrived.values()),
            executions=len(self._witness.our_fills),
            faults=sum(self._faults.caused.values()),
            kills=self._kills,
            seconds=seconds,
        )

    # -- the desk -----------------------------------------------------------------------------

    async def _keep_running(self) -> None:
        """Start the desk, and start it again whenever it dies."""
        kills = [*self._script.kills]
        while True:
            kill = kills.pop(0) if kills and not self._is_calm else NEVER
            try:
                desk = self._desk = self._start_desk(kill)
                problem = await desk.wait()
                self._desk = None
                await desk.kill(is_power_cut=kill.is_power_cut)
                self._violations.require(not problem, "the desk runs", problem)
            except Killed:
                self._note("the desk died at its start")
            self._kills += 1
            cut = "without power" if kill.is_power_cut else "dead"
            self._note(f"the desk is {cut}, and started again after {kill.down:g} s")
            await asyncio.sleep(max(kill.down, 1.0))

    def _start_desk(self, kill: Kill) -> Desk:
        desk = Desk(
            settings=self._prepared.settings,
            options=self._prepared.options,
            simulation=Simulation(self._server, self._clock, self._market),
            path=self._path,
            eyes=self._eyes,
            fuse=Fuse(kill.writes, orders_only=kill.orders_only),
            speak=self._on_said,
        )
        desk.start()
        return desk

    async def _say(self, command: Command) -> None:
        """Have a person give a command as soon as there is a desk to hear it."""
        while self._desk is None:
            await asyncio.sleep(1)
        self._desk.command(command, "said a person", is_lasting=True)

    async def _flatten(self) -> None:
        await self._say(Command.RESUME)
        await self._say(Command.FLATTEN)
        for _ in range(round(FLAT_WITHIN_SECONDS / LOOK_SECONDS)):
            await asyncio.sleep(LOOK_SECONDS)
            if not self._witness.our_live and not self._witness.positions(ours=True):
                break
        await asyncio.sleep(SETTLED_SECONDS)

    # -- what happens to it -------------------------------------------------------------------

    async def _cause_faults(self) -> None:
        past = 0.0
        for moment, fault in self._script.faults:
            await asyncio.sleep(moment - past)
            past = moment
            self._cause(fault)

    def _on_order(self, _: Order) -> None:
        """Do mischief to some orders just after they leave."""
        if self._is_calm or self._draw.random() >= self._script.mischief_share:
            return
        delay, fault = next(self._mischief, (0.0, None))
        if fault is not None:
            self._faults.later(delay, partial(self._cause, fault))

    def _cause(self, fault: Fault) -> None:
        self._note(f"fault {fault}")
        self._faults.cause(fault)

    def _pauses(self) -> list[Coroutine[None, None, None]]:
        return [
            self._pause(each.at, each.seconds, command)
            for command, times in (
                (Command.PAUSE, self._script.pauses),
                (Command.KILL, self._script.stops),
            )
            for each in times
        ]

    async def _pause(self, at: float, seconds: float, command: Command) -> None:
        await asyncio.sleep(at)
        self._pausing += 1
        await self._say(command)
        await asyncio.sleep(seconds)
        self._pausing -= 1
        await self._say(Command.RESUME)

    async def _attend(self) -> None:
        """Have a person look in now and then, and lift what the desk's doubts have halted."""
        while True:
            await asyncio.sleep(ATTEND_SECONDS)
            if not self._pausing and self._eyes.is_paused and not self._is_calm:
                await self._say(Command.RESUME)

    async def _buy_own_shares(self) -> None:
        """Have the owner of the account buy shares for themselves, before the desk starts."""
        ib = ib_async.IB()
        await ib.connectAsync("127.0.0.1", self._server.port, clientId=OWNER_CLIENT)
        stock = ib_async.Stock("USO", "SMART", "USD")
        await ib.qualifyContractsAsync(stock)
        ib.placeOrder(stock, ib_async.MarketOrder("BUY", self._script.own_shares, tif="DAY"))
        await asyncio.sleep(SETTLED_SECONDS)
        ib.disconnect()

    # -- looking on ---------------------------------------------------------------------------

    def _is_line_free(self) -> bool:
        return not self._faults.lasting and self._faults.pending == 0

    def _on_said(self, time_ns: int, say: Say) -> None:
        self._story.append(f"{to_iso(time_ns)} {say.severity}: {say.text}")

    def _note(self, text: str) -> None:
        self._story.append(f"{to_iso(self._clock.now_ns())} campaign: {text}")

    def _on_loop_error(self, _: object, context: dict[str, object]) -> None:
        self._violations.add("nothing is raised in the loop", repr(context)[:300])
