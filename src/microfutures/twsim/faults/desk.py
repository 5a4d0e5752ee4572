"""Causes faults in a server, at once and by schedule, and ends them."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from random import Random

from microfutures.ports.clock import Clock
from microfutures.twsim.faults.fault import Fault
from microfutures.twsim.faults.schedule import Plan
from microfutures.twsim.server import TwsServer
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FrameDecoder, frame, split_fields

PORT_RETRY_SECONDS = 1.0


class FaultDesk:
    """The faults of one server; stands between its sessions and their sockets.

    Parameters
    ----------
    server
        Not started yet; its sessions pass their messages through the desk from now on.
    clock
        The simulator's time: faults begin and end on it.
    """

    def __init__(
        self, server: TwsServer, clock: Clock, *, seed: int = 0, plans: tuple[Plan, ...] = ()
    ) -> None:
        self.server = server
        self.random = Random(seed)
        self.caused: dict[str, int] = {}
        """How often each class of fault was caused."""
        self._clock = clock
        self._plans = plans
        self._lasting: dict[int, Fault] = {}
        self._number = 0
        self._held: dict[Session, list[bytes]] = {}
        self._outages = 0
        self._schedule: list[asyncio.Task[None]] = []
        self._tasks: dict[asyncio.Task[None], None] = {}
        server.tap = self

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin the schedule; call it in the running loop."""
        self._schedule = [
            self._spawn(self._follow(plan)) for plan in self._plans if plan.per_request is None
        ]

    async def end_schedule(self) -> None:
        """Cause nothing more by schedule; what is on takes its course."""
        self._plans = ()
        for task in self._schedule:
            task.cancel()
        await asyncio.gather(*self._schedule, return_exceptions=True)
        self._schedule = []

    async def stop(self) -> None:
        """End the schedule and every fault."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lasting.clear()
        self._held.clear()

    @property
    def lasting(self) -> tuple[Fault, ...]:
        """Return the faults that are on."""
        return tuple(self._lasting.values())

    @property
    def pending(self) -> int:
        """Return how many tasks the desk has; at most one a plan, fault, outage and held packet."""
        return len(self._tasks)

    def cause(self, fault: Fault) -> None:
        """Make a fault happen now."""
        name = type(fault).__name__
        self.caused[name] = self.caused.get(name, 0) + 1
        fault.start(self)
        if fault.seconds > 0:
            self._number += 1
            self._lasting[self._number] = fault
            self.later(fault.seconds, partial(self._end, self._number))

    def _end(self, number: int) -> None:
        self._lasting.pop(number).end(self)

    async def _follow(self, plan: Plan) -> None:
        if plan.at is not None:
            await self._clock.sleep(plan.at)
            self.cause(plan.fault)
        while plan.at is None:
            if plan.every is not None:
                await self._clock.sleep(plan.every)
            elif plan.per_minute is not None:
                await self._clock.sleep(self.random.expovariate(plan.per_minute / 60))
            self.cause(plan.fault)

    # -- between sessions and sockets ---------------------------------------------------------

    def outgoing(self, session: Session, frames: bytes) -> list[bytes]:
        """Return what is written in place of `frames`, one packet each."""
        faults = self._of(session)
        if not faults:
            return [frames]
        messages = [frame(body) for body in FrameDecoder().feed(frames)]
        for fault in faults:
            messages = fault.outgoing(self, session, messages)
        packets = [b"".join(messages)] if messages else []
        for fault in faults:
            packets = fault.packets(self, packets)
        return packets

    def takes(self, session: Session, frame: bytes) -> bool:
        """Tell whether a request reaches the session."""
        for plan in self._plans:
            if plan.per_request is not None and self.random.random() < plan.per_request:
                self.cause(plan.fault)
        faults = self._of(session)
        fields = split_fields(frame) if faults else []
        return all(fault.takes(self, session, fields) for fault in faults)

    def _of(self, session: Session) -> list[Fault]:
        return [
            fault
            for fault in self._lasting.values()
            if fault.client is None or fault.client == session.client_id
        ]

    # -- what faults act on -------------------------------------------------------------------

    def sessions(self, client: int | None) -> list[Session]:
        """Return the started sessions of a client, or all."""
        return [
            session
            for session in self.server.sessions
            if session.client_id >= 0 and client in (None, session.client_id)
        ]

    def hold(self, session: Session, frames: list[bytes], seconds: float) -> None:
        """Deliver frames after a while, together with what is held of the session already."""
        if session in self._held:
            self._held[session] += frames
        else:
            self._held[session] = list(frames)
            self.later(seconds, lambda: session.deliver(b"".join(self._held.pop(session))))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a while."""
        self._spawn(self._after(seconds, action))

    def go_offline(self, seconds: float) -> None:
        """Drop every client and refuse connections for a while; outages add up to the longest."""
        self._outages += 1
        self.server.stop_listening()
        self.server.kill_connections()
        self._spawn(self._return_online(seconds))

    def move(self, tell: Callable[[int], None]) -> None:
        """Listen on another free port; call `tell` with it and drop every client."""
        if not self._outages:
            self._spawn(self._move(tell))

    async def _return_online(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._outages -= 1
        while not self._outages:
            try:
                await self.server.listen(self.server.port)
            except OSError:  # Another program took the port meanwhile.
                await self._clock.sleep(PORT_RETRY_SECONDS)
            else:
                return

    async def _move(self, tell: Callable[[int], None]) -> None:
        await self.server.listen(0)
        tell(self.server.port)

    # -- tasks --------------------------------------------------------------------------------

    async def _after(self, seconds: float, action: Callable[[], None]) -> None:
        await self._clock.sleep(seconds)
        action()

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="twsim fault")
        self._tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": "a fault failed", "exception": error})
