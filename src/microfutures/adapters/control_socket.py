"""A desk's control socket: one JSON object a line, on a Unix socket that only its owner can open.

A monitor may speak HTTP to it instead: ``curl --unix-socket logs/control.sock desk/health``.

Not on the network at all: who may write to the log directory's socket may command the desk.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path

import msgspec

from microfutures.model.errors import ConfigurationError, ControlError

SOCKET_NAME = "control.sock"
OWNER_ONLY = 0o177
HEALTH_PAGE = b"/health"
MAX_LINE_BYTES = 64 * 1024
ANSWER_SECONDS = 10.0

Request = Mapping[str, object]
Answer = Mapping[str, object]


class ControlServer:
    """Answers requests at `path` until closed; the caller is the only writer of its directory."""

    def __init__(self, path: Path, answer: Callable[[Request], Awaitable[Answer]]) -> None:
        self._path = path
        self._answer = answer
        self._server: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        ConfigurationError
            If no socket can be made there.
        """
        # Left by a process that was killed: the journal's lock says that no other desk runs here.
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(OWNER_ONLY)
        try:
            listener.bind(str(self._path))
        except OSError as error:
            listener.close()
            raise ConfigurationError(
                f"control socket {self._path}: {error.strerror or error}; choose another --log-dir"
            ) from None
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listener, limit=MAX_LINE_BYTES
        )

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                if line.startswith(b"GET "):
                    while (await reader.readline()).strip():
                        pass  # headers say nothing that is needed
                    writer.write(await self._page(line))
                    await writer.drain()
                    return
                writer.write(msgspec.json.encode(await self._reply(line)) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # gone, or a line without an end: there is nobody to tell
        finally:
            writer.close()

    async def _page(self, line: bytes) -> bytes:
        """Return what a monitor that speaks HTTP gets; there is one page."""
        if line.split()[1:2] != [HEALTH_PAGE]:
            return _http(404, {"text": f"there is only {HEALTH_PAGE.decode()}"})
        answer = await self._answer({"command": "health"})
        return _http(200 if answer["ok"] else 503, answer["health"])

    async def _reply(self, line: bytes) -> Answer:
        try:
            request = msgspec.json.decode(line, type=dict[str, object])
        except msgspec.DecodeError as error:
            return {"ok": False, "text": f"a request is one JSON object a line: {error}"}
        return await self._answer(request)


def _http(status: int, content: object) -> bytes:
    body = msgspec.json.encode(content) + b"\n"
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def ask(log_dir: Path, request: Request) -> dict[str, object]:
    """Send `request` to the desk that runs in `log_dir` and return its answer.

    Raises
    ------
    ControlError
        If no desk runs there, it belongs to somebody else, or it does not answer.
    """
    path = log_dir / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(ANSWER_SECONDS)
        try:
            line.connect(str(path))
            line.sendall(msgspec.json.encode(request) + b"\n")
            with line.makefile("rb") as file:
                answer = file.readline()
        except TimeoutError:
            raise ControlError(
                f"the desk in {log_dir} did not answer within {ANSWER_SECONDS:g} s"
            ) from None
        except PermissionError:
            raise ControlError(
                f"the desk in {log_dir} belongs to another user; ask as that user"
            ) from None
        except OSError:
            raise ControlError(
                f"no desk runs in {log_dir}; name its directory with --log-dir"
            ) from None
    if not answer:
        raise ControlError(f"the desk in {log_dir} ended before it answered")
    return msgspec.json.decode(answer, type=dict[str, object])
