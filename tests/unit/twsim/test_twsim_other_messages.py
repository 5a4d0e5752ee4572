"""Ticks, accounts and the small messages, read back by both clients."""

from decimal import Decimal

import pytest

from helpers.decoders import VERSIONS, Call, Ears, read_by_both, read_by_ib_async, read_by_ibapi
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote
from microfutures.twsim.quotes.ticks import DELAYED, LIVE, Line, TickIds, changes, opening_messages
from microfutures.twsim.wire import Field, FrameDecoder, split_fields

MCL = InstrumentId("MCLX6")
FIRST = Quote(MCL, 5_000_000_000, 70.25, 70.26, 4, 6, 70.25, 100)


def ticks_at(version: int, ids: TickIds, before: Quote | None, quote: Quote) -> list[list[Call]]:
    frames = FrameDecoder().feed(Line(9).frames(changes(ids, before, quote, 3)))
    messages: list[list[Field]] = [list(split_fields(frame)) for frame in frames]
    ibapi_calls = [call for each in messages for call in read_by_ibapi(version, each)]
    ib_async_calls = [call for each in messages for call in read_by_ib_async(version, each)]
    return [ibapi_calls, ib_async_calls]


@pytest.mark.parametrize("version", VERSIONS)
def test_both_clients_read_a_first_quote_whole(version: int) -> None:
    ibapi_calls, ib_async_calls = ticks_at(version, LIVE, None, FIRST)
    prices = {call[1][1]: call[1][2] for call in ibapi_calls if call[0] == "tickPrice"}
    sizes = {call[1][1]: float(call[1][2]) for call in ibapi_calls if call[0] == "tickSize"}
    assert prices == {1: 70.25, 2: 70.26, 4: 70.25}
    assert sizes == {0: 4, 3: 6, 5: 3, 8: 100}
    assert ("tickString", (9, 45, "5")) in ibapi_calls
    heard = [call[1] for call in ib_async_calls if call[0] == "priceSizeTick"]
    assert heard == [(9, 1, 70.25, 4.0), (9, 2, 70.26, 6.0), (9, 4, 70.25, 3.0)]
    assert ("tickSize", (9, 8, 100.0)) in ib_async_calls


@pytest.mark.parametrize(
    ("after", "count"),
    [
        (FIRST, 0),
        (Quote(MCL, 6, 70.25, 70.26, 5, 6, 70.25, 100), 1),
        (Quote(MCL, 6, 70.24, 70.26, 5, 7, 70.25, 100), 2),
        (Quote(MCL, 6, 70.25, 70.26, 4, 6, 70.26, 103), 4),
    ],
)
def test_only_what_changed_is_sent(after: Quote, count: int) -> None:
    assert len(changes(LIVE, FIRST, after, 3)) == count


def test_side_that_nobody_quotes_is_minus_one_with_no_size() -> None:
    after = Quote(MCL, 6, None, 70.26, 0, 6, 70.25, 100)
    _, ib_async_calls = ticks_at(178, LIVE, FIRST, after)
    assert ib_async_calls == [("priceSizeTick", (9, 1, -1.0, 0.0))]


def test_delayed_ticks_have_their_own_numbers() -> None:
    _, ib_async_calls = ticks_at(178, DELAYED, None, FIRST)
    numbers = {call[1][1] for call in ib_async_calls}
    assert numbers == {66, 67, 68, 71, 74, 88}


def test_opening_messages_are_read_by_both() -> None:
    params, kind = opening_messages(9, "0.01", 3)
    for name, (request_id, tick, exchange, permissions) in read_by_both(178, params):
        assert (name, request_id, float(tick)) == ("tickReqParams", 9, 0.01)
        assert (exchange, permissions) == ("9c0001", 3)
    assert [call[1] for call in read_by_both(178, kind)] == [(9, 3), (9, 3)]


ACCOUNT: tuple[tuple[list[Field], str, tuple[object, ...]], ...] = (
    ([6, 2, "NetLiquidation", "25000.00", "USD", "DU1"], "updateAccountValue", ("NetLiquidation",)),
    ([8, 1, "10:31"], "updateAccountTime", ("10:31",)),
    ([9, 1, 44], "nextValidId", (44,)),
    ([15, 1, "DU1,DU2"], "managedAccounts", ("DU1,DU2",)),
    ([49, 1, 1_788_877_800], "currentTime", (1_788_877_800,)),
    ([52, 1, 7], "contractDetailsEnd", (7,)),
    ([53, 1], "openOrderEnd", ()),
    ([54, 1, "DU1"], "accountDownloadEnd", ("DU1",)),
    ([55, 1, 7], "execDetailsEnd", (7,)),
    ([57, 1, 7], "tickSnapshotEnd", (7,)),
    ([62, 1], "positionEnd", ()),
    ([63, 1, 7, "DU1", "NetLiquidation", "1.00", "USD"], "accountSummary", (7, "DU1")),
    ([64, 1, 7], "accountSummaryEnd", (7,)),
    ([72, 1, 7], "positionMultiEnd", (7,)),
    ([73, 1, 7, "DU1", "", "Cushion", "1", ""], "accountUpdateMulti", (7, "DU1", "", "Cushion")),
    ([74, 1, 7], "accountUpdateMultiEnd", (7,)),
    ([88, 7, "20260827-13:30:00"], "headTimestamp", (7, "20260827-13:30:00")),
    ([94, 7, Decimal("1.5"), Decimal(2), Decimal("-1")], "pnl", (7, 1.5, 2.0, -1.0)),
    ([102], "completedOrdersEnd", ()),
    ([107, 7, ""], "userInfo", (7, "")),
)


@pytest.mark.parametrize("version", [157, 163, 173, 178])
@pytest.mark.parametrize(("message", "name", "first"), ACCOUNT)
def test_small_messages_are_read_by_both(
    version: int, message: list[Field], name: str, first: tuple[object, ...]
) -> None:
    for heard, arguments in read_by_both(version, message):
        assert heard == name
        assert arguments[: len(first)] == first


@pytest.mark.parametrize("version", VERSIONS)
def test_error_with_letters_of_any_script_is_read_by_ibapi(version: int) -> None:
    tail: list[Field] = [""] if version >= 166 else []
    message: list[Field] = [4, 2, 7, 321, "caf\\xe9", *tail]
    ((_, arguments),) = read_by_ibapi(version, message)
    assert arguments[0] == 7
    assert 321 in arguments
    assert "café" in arguments


def test_ears_hear_nothing_by_themselves() -> None:
    assert Ears().calls == []
