"""A proxy in front of a TWS that records what passes; the bytes themselves are left alone."""

import asyncio
import socket
import struct
from collections.abc import Callable

from microfutures.ports.clock import Clock
from microfutures.twsim.recording.masks import AccountMasks
from microfutures.twsim.recording.tap import ConnectionTap
from microfutures.twsim.recording.tape import Tape

CHUNK_BYTES = 65_536


class RecordingProxy:
    """Listens for clients, connects each to TWS, and passes everything on both ways.

    Parameters
    ----------
    port
        0 takes any free one; see `port` after `start`.
    clock
        What the recording is dated by.
    on_line
        Told of a TWS that can't be reached.
    """

    def __init__(
        self, *, host: str, port: int, tape: Tape, clock: Clock, on_line: Callable[[str], None]
    ) -> None:
        self.host = host
        self.port = port
        self._upstream = ("", 0)
        self._tape = tape
        self._clock = clock
        self._on_line = on_line
        self._masks = AccountMasks()
        self._count = 0
        self._server: asyncio.Server | None = None
        self._tasks: dict[asyncio.Task[None], None] = {}

    async def start(self, upstream_host: str, upstream_port: int) -> None:
        """Listen; raise `OSError` when the port is taken."""
        self._upstream = (upstream_host, upstream_port)
        self._server = await asyncio.start_server(self._on_client, self.host, self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Free the port and end every connection."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        self._tape.close()

    def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        task = asyncio.create_task(self._join(self._count, reader, writer))
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _join(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host, port = self._upstream
        try:
            from_tws, to_tws = await asyncio.open_connection(host, port)
        except OSError as error:
            self._on_line(f"can't reach {host}:{port}: {error.strerror or error}")
            writer.close()
            return
        tap = ConnectionTap(number, tape=self._tape, masks=self._masks, clock=self._clock)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, to_tws, tap.from_client))
                group.create_task(_pass_on(from_tws, writer, tap.from_server))
        except* OSError:
            # One side was reset; the other is to see the same.
            _reset(writer)
            _reset(to_tws)
        finally:
            writer.close()
            to_tws.close()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listen: Callable[[bytes], None]
) -> None:
    """Carry bytes at the pace of the slower side; an end is carried too."""
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        listen(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset rather than an orderly end."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
