"""One snapshot of an instrument's prices: at once, with the first price, or without one."""

import asyncio

import pytest

from helpers.gateway import a_server
from helpers.raw_client import Peer, greeted
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.server import TwsServer
from microfutures.twsim.wire import encode

REQUEST = 9
TICK_PRICE, SNAPSHOT_END = "1", "57"
BID, ASK = "1", "2"


def snapshot(server: TwsServer) -> bytes:
    oil = server.exchange.instruments[0]
    contract = (oil.con_id, "", "", "", 0, "", "", oil.exchange, "", "", "", "")
    return encode([1, 11, REQUEST, *contract, False, "", True, False, ""])


def heard(peer: Peer, kind: str) -> list[list[str]]:
    return [message for message in peer.heard if message[0] == kind]


def asked(scenario: str, *, seconds_before: float, seconds_after: float) -> Peer:
    """Return what a client heard within some seconds of asking."""

    async def main() -> Peer:
        server = a_server(scenario=scenario)
        if seconds_before:
            await server.start()
        else:
            await server.listen(0)  # nothing is played yet
        transport, peer = await greeted(server.port)
        await asyncio.sleep(seconds_before)
        transport.write(snapshot(server))
        await asyncio.sleep(0.01)
        if not seconds_before:
            assert heard(peer, SNAPSHOT_END) == []
            server.stop_listening()
            await server.start()
        await asyncio.sleep(seconds_after)
        transport.close()
        await server.stop()
        return peer

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


def test_snapshot_ends_at_once_when_prices_are_known() -> None:
    peer = asked("demo", seconds_before=3, seconds_after=0.05)
    assert len(heard(peer, TICK_PRICE)) >= 2
    assert heard(peer, SNAPSHOT_END) == [[SNAPSHOT_END, "1", str(REQUEST)]]


def test_snapshot_before_the_first_quote_waits_for_it_and_then_ends() -> None:
    peer = asked("demo", seconds_before=0, seconds_after=8)
    (end,) = [place for place, message in enumerate(peer.heard) if message[0] == SNAPSHOT_END]
    before = {message[3] for message in peer.heard[:end] if message[0] == TICK_PRICE}
    assert {BID, ASK} <= before
    assert not [message for message in peer.heard[end:] if message[0] == TICK_PRICE]


@pytest.mark.parametrize(("seconds", "is_over"), [(10.0, False), (12.5, True)])
def test_snapshot_of_a_closed_market_ends_after_eleven_seconds(
    seconds: float, is_over: bool
) -> None:
    peer = asked("closed", seconds_before=1, seconds_after=seconds)
    assert bool(heard(peer, SNAPSHOT_END)) is is_over
    assert not {BID, ASK} & {message[3] for message in heard(peer, TICK_PRICE)}
