"""Sessions of both Python clients recorded by the proxy and replayed, over real sockets."""

import asyncio
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import ib_async
import pytest

from helpers.gateway import a_server
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.twsim.recording.message import read_recording
from microfutures.twsim.recording.proxy import RecordingProxy
from microfutures.twsim.recording.replay import ReplayServer, scripts_of
from microfutures.twsim.recording.tape import open_tape

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "DU1000001"


@asynccontextmanager
async def a_proxy(
    path: Path, upstream_port: int
) -> AsyncIterator[tuple[RecordingProxy, list[str]]]:
    lines: list[str] = []
    proxy = RecordingProxy(
        host="127.0.0.1",
        port=0,
        tape=open_tape(path, on_problem=lines.append),
        clock=SimulatedClock(1_788_879_600_000_000_000),
        on_line=lines.append,
    )
    await proxy.start("127.0.0.1", upstream_port)
    yield proxy, lines
    await proxy.stop()


async def ask(port: int) -> tuple[list[str], list[ib_async.ContractDetails], float]:
    """Ask for what does not change."""
    ib = ib_async.IB()
    ib.RaiseRequestErrors = True
    await ib.connectAsync("127.0.0.1", port, clientId=3)
    details = await ib.reqContractDetailsAsync(ib_async.Future("MCL", "202611", "NYMEX"))
    moment = await ib.reqCurrentTimeAsync()
    answer = (ib.managedAccounts(), details, moment.timestamp())
    ib.disconnect()
    return answer


async def test_client_is_told_the_same_through_the_proxy_and_the_file_hides_the_account(
    tmp_path: Path,
) -> None:
    server = a_server()
    await server.start()
    async with a_proxy(tmp_path / "tape", server.port) as (proxy, lines):
        accounts, details, _ = await ask(proxy.port)
    await server.stop()
    assert accounts == [ACCOUNT]
    assert details[0].contract is not None
    assert details[0].contract.localSymbol == "MCLX6"
    assert lines == []
    messages = read_recording(tmp_path / "tape")
    assert ACCOUNT not in (tmp_path / "tape").read_text()
    assert {each.client for each in messages} == {None, 3}
    assert {"71", "9", "49"} <= {each.fields[0] for each in messages if each.to == "tws"}
    assert {"15", "10", "52", "49"} <= {each.fields[0] for each in messages if each.to == "client"}


async def test_recorded_session_is_replayed_to_the_same_client(tmp_path: Path) -> None:
    server = a_server()
    await server.start()
    async with a_proxy(tmp_path / "tape", server.port) as (proxy, _):
        _, details, moment = await ask(proxy.port)
    await server.stop()
    lines: list[str] = []
    replay = ReplayServer(
        scripts_of(read_recording(tmp_path / "tape")),
        host="127.0.0.1",
        port=0,
        clock=SimulatedClock(0, speed=50),
        on_line=lines.append,
    )
    await replay.start()
    for _ in range(2):
        assert await ask(replay.port) == (["DU0000001"], details, moment)
    await replay.stop()
    assert lines[0].startswith("replayed all ")


async def send_any_bytes(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    writer.write_eof()
    received = await reader.read()
    writer.close()
    return received


async def test_proxy_passes_bytes_that_are_no_messages_both_ways(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.write(heard[-1][::-1])
        writer.close()

    tws = await asyncio.start_server(upstream, "127.0.0.1", 0)
    sent = bytes(range(256)) * 4000
    async with a_proxy(tmp_path / "tape", tws.sockets[0].getsockname()[1]) as (proxy, _):
        assert await send_any_bytes(proxy.port, sent) == sent[::-1]
    assert heard == [sent]
    tws.close()


async def test_client_of_a_proxy_whose_tws_is_gone_is_disconnected(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with a_proxy(tmp_path / "tape", port) as (proxy, lines):
        assert await send_any_bytes(proxy.port, b"API\0") == b""
    assert len(lines) == 1
    assert f"can't reach 127.0.0.1:{port}" in lines[0]


async def test_reset_of_tws_reaches_the_client_as_a_reset(tmp_path: Path) -> None:
    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    tws = await asyncio.start_server(upstream, "127.0.0.1", 0)
    async with a_proxy(tmp_path / "tape", tws.sockets[0].getsockname()[1]) as (proxy, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"API\0")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
    tws.close()


@pytest.mark.slow
async def test_client_that_reads_slowly_holds_tws_back(tmp_path: Path) -> None:
    sent = 0

    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with suppress(OSError):
            while True:
                writer.write(bytes(1 << 20))
                await writer.drain()
                sent += 1

    tws = await asyncio.start_server(upstream, "127.0.0.1", 0)
    async with a_proxy(tmp_path / "tape", tws.sockets[0].getsockname()[1]) as (proxy, _):
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1)
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.3)
        assert sent < 200
        writer.transport.abort()
    tws.close()


Command = Callable[..., Awaitable[tuple[asyncio.subprocess.Process, int]]]


@pytest.fixture
async def command(tmp_path: Path) -> AsyncIterator[Command]:
    """Start `microfutures gateway ...` and return the process and the port it listens on."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str) -> tuple[asyncio.subprocess.Process, int]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "microfutures", "gateway", "--port", "0", *arguments),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
            stdout=asyncio.subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        address = next(word for word in line.replace(":", " ").split() if word.isdigit())
        return process, int(address)

    yield start
    for process in started:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0


@pytest.mark.slow
async def test_command_line_records_passes_on_and_replays(command: Command, tmp_path: Path) -> None:
    _, gateway = await command("--record", "own")
    _, proxy = await command("--proxy", f"127.0.0.1:{gateway}", "--record", "passed")
    _, details, _ = await ask(proxy)
    _, replay = await command("--replay", "passed", "--speed", "50")
    accounts, again, _ = await ask(replay)
    assert (accounts, again) == (["DU0000001"], details)
    own, passed = read_recording(tmp_path / "own"), read_recording(tmp_path / "passed")
    assert [(each.to, each.fields) for each in own if each.to == "tws"] == [
        (each.to, each.fields) for each in passed if each.to == "tws"
    ]
    assert json.loads((tmp_path / "own").read_text().splitlines()[0])["to"] == "tws"
