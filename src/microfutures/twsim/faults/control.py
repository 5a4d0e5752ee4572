"""The control port: one command a line, one answer a line, on this machine only."""

import asyncio
from typing import cast

from microfutures.model.errors import ConfigurationError
from microfutures.twsim.faults.desk import FaultDesk
from microfutures.twsim.faults.kinds import KINDS
from microfutures.twsim.faults.schedule import parse_fault

MAX_LINE_BYTES = 4096
HELP = "fault KIND [client=N] [seconds=N] ...; list; help; kinds: " + ", ".join(KINDS)


def answer(desk: FaultDesk, line: str) -> str:
    """Do what a line says and return the answer, ``ok`` or ``error`` first."""
    match line.split():
        case ["help"]:
            return f"ok {HELP}"
        case ["list"]:
            return f"ok {', '.join(repr(fault) for fault in desk.lasting) or 'no fault is on'}"
        case ["fault", kind, *pairs]:
            try:
                fault = parse_fault({"kind": kind, **_parameters(pairs)}, place="fault")
            except ConfigurationError as error:
                return f"error {error}"
            desk.cause(fault)
            return f"ok {fault!r}"
        case [word, *_]:
            return f"error unknown command {word!r}; there are: fault KIND, list, help"
        case _:
            return "error empty line; there are: fault KIND, list, help"


def _parameters(pairs: list[str]) -> dict[str, object]:
    parameters: dict[str, object] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ConfigurationError(f"{pair!r} must be NAME=VALUE, such as client=1")
        if text in ("true", "false"):
            parameters[name] = text == "true"
        else:
            is_whole = text.isascii() and text.isdecimal() and len(text) < 11
            parameters[name] = int(text) if is_whole else text
    return parameters


class ControlConnection(asyncio.Protocol):
    """One connection to the control port."""

    def __init__(self, desk: FaultDesk) -> None:
        self._desk = desk
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the other end speaks first."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every complete line; a line without end closes the connection."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        transport = self._transport
        if transport is None:
            return
        for line in lines:
            text = answer(self._desk, line.decode("utf-8", errors="replace"))
            transport.write(f"{text}\n".encode())
        if len(self._buffer) > MAX_LINE_BYTES:
            transport.close()


async def open_control_port(desk: FaultDesk, port: int) -> asyncio.AbstractServer:
    """Listen on this machine only; raise `OSError` when the port is taken."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: ControlConnection(desk), "127.0.0.1", port)
