"""A client that is nothing but bytes: for what libraries never send, and to see all they get."""

import asyncio

from microfutures.twsim.wire import FrameDecoder, encode, frame, split_fields


class Peer(asyncio.Protocol):
    """Keeps every message."""

    def __init__(self) -> None:
        self.heard: list[list[str]] = []
        self.frames = FrameDecoder()
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self.heard += [split_fields(each) for each in self.frames.feed(data)]

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True


async def greeted(
    port: int, *, client_id: int = 5, version: int = 178, options: bytes = b""
) -> tuple[asyncio.Transport, Peer]:
    """Return a connection that has shaken hands."""
    peer = Peer()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: peer, "127.0.0.1", port)
    transport.write(
        b"API\0" + frame(b"v157..%d" % version + options) + encode([71, 2, client_id, ""])
    )
    await asyncio.sleep(0.1)
    return transport, peer
