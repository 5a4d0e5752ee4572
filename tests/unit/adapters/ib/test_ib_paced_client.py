"""What comes over the socket is read as ib_async reads it, in whatever pieces it comes."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from ib_async.client import Client

from microfutures.adapters.ib.paced_client import PacedClient

GREETING = [["15", "1", "DU1"], ["9", "1", "7"]]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
MESSAGES = st.lists(st.lists(TEXTS, min_size=1, max_size=6), max_size=8)


def framed(fields: list[str]) -> bytes:
    body = "".join(f"{field}\0" for field in fields).encode()
    return len(body).to_bytes(4) + body


class Ears:
    """Takes the place of wrapper and decoder."""

    def __init__(self) -> None:
        self.heard: list[list[str]] = []
        self.reads = 0
        self.serverVersion = 0

    def interpret(self, fields: list[str]) -> None:
        self.heard.append(fields)

    def tcpDataProcessed(self) -> None:
        self.reads += 1

    def setEventsDone(self) -> None:
        pass

    def connectionClosed(self) -> None:
        pass


def listening(kind: Callable[[object], Client]) -> tuple[Client, Ears]:
    ears = Ears()
    client = kind(ears)
    client.decoder = cast("object", ears)  # type: ignore[assignment]
    client.conn.transport = SimpleNamespace(close=lambda: None, write_eof=lambda: None)
    # Versions are settled: there is nothing to answer.
    client.connState, client._serverVersion = Client.CONNECTED, 178
    return client, ears


def hear(kind: Callable[[object], Client], stream: bytes, cuts: list[int]) -> Ears:
    client, ears = listening(kind)
    for fields in GREETING:
        client.conn.data_received(framed(fields))
    at = 0
    for cut in [*sorted(cuts), len(stream)]:
        client.conn.data_received(stream[at:cut])
        at = max(at, cut)
    return ears


@given(messages=MESSAGES, cuts=st.lists(st.integers(0, 200), max_size=6))
def test_messages_are_read_as_ib_async_reads_them(
    messages: list[list[str]], cuts: list[int]
) -> None:
    stream = b"".join(map(framed, messages))
    cuts = [min(cut, len(stream)) for cut in cuts]
    ours, theirs = hear(PacedClient, stream, cuts), hear(Client, stream, cuts)
    assert ours.heard == theirs.heard
    assert ours.heard[2:] == messages
    assert ours.reads == theirs.reads


def test_nothing_is_read_behind_a_message_that_ended_the_connection() -> None:
    client, ears = listening(PacedClient)
    for fields in GREETING:
        client.conn.data_received(framed(fields))
    ears.heard.clear()

    def hang_up(fields: list[str]) -> None:
        ears.heard.append(fields)
        client.disconnect()

    ears.interpret = hang_up  # type: ignore[method-assign]
    client.conn.data_received(framed(["1"]) + framed(["2"]))
    assert ears.heard == [["1"]]
    # Nor does a new connection begin with what the old one left.
    assert client._data == b""


async def test_a_reader_that_fails_ends_the_line_and_says_why() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(map(framed, [*GREETING, ["1"]])))
        await reader.read()
        writer.close()

    def fail(fields: list[str]) -> None:
        if fields == ["1"]:
            raise ZeroDivisionError("a reader that can't count")

    client, ears = listening(PacedClient)
    ears.interpret = fail  # type: ignore[method-assign]
    client.conn.transport = None
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    client.conn.disconnected += ended.set_result
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        await client.conn.connectAsync("127.0.0.1", server.sockets[0].getsockname()[1])
        assert await asyncio.wait_for(ended, 5) == "a reader that can't count"
    assert isinstance(told[0]["exception"], ZeroDivisionError)


def test_texts_beyond_ascii_are_read() -> None:
    assert hear(PacedClient, framed(["Zürich"]), []).heard[-1] == ["Zürich"]
