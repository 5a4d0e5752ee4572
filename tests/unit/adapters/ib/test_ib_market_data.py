"""Ticks to quotes, one a contract for each socket read."""

from itertools import count

from ib_async import Contract

from microfutures.adapters.ib.market_data import MarketDataDesk
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.model.flaws import Flaw
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import MarketDataType, Quote

MCL, USO = InstrumentId("MCLV6"), InstrumentId("USO")
START_NS = 1_788_877_800_000_000_000


class RecordingClient:
    def __init__(self) -> None:
        self.asked: list[int] = []
        self.ended: list[int] = []
        self.kinds: list[int] = []
        self._ids = count(1)

    def getReqId(self) -> int:
        return next(self._ids)

    def reqMktData(self, request_id: int, *_: object) -> None:
        self.asked.append(request_id)

    def cancelMktData(self, request_id: int) -> None:
        self.ended.append(request_id)

    def reqMarketDataType(self, kind: int) -> None:
        self.kinds.append(kind)


class RecordingIB:
    def __init__(self) -> None:
        self.client = RecordingClient()


def desk_of(*instrument_ids: InstrumentId) -> tuple[MarketDataDesk, RecordingIB, list[Quote]]:
    quotes: list[Quote] = []
    desk, ib = MarketDataDesk(SimulatedClock(START_NS), quotes.append), RecordingIB()
    for instrument_id in instrument_ids:
        desk.subscribe(ib, instrument_id, Contract(localSymbol=instrument_id))  # type: ignore[arg-type]
    return desk, ib, quotes


def test_a_burst_becomes_one_quote_a_contract() -> None:
    desk, _, quotes = desk_of(MCL, USO)
    desk.on_price(1, 1, 70.00, 5)
    desk.on_size(1, 0, 6)
    desk.on_price(1, 2, 70.02, 7)
    desk.on_price(2, 1, 78.10, 300)
    desk.on_price(1, 4, 70.01, 1)
    desk.on_size(1, 8, 1_234)
    assert quotes == []
    desk.on_read()
    assert [quote.instrument_id for quote in quotes] == [MCL, USO]
    first = quotes[0]
    assert (first.bid, first.bid_size, first.ask, first.ask_size) == (70.0, 6, 70.02, 7)
    assert (first.last, first.volume) == (70.01, 1_234)
    assert desk.latest[MCL] is first


def test_a_side_that_nobody_quotes_is_none_again() -> None:
    desk, _, quotes = desk_of(MCL)
    desk.on_price(1, 1, 70.00, 5)
    desk.on_read()
    desk.on_price(1, 1, -1.0, 0)
    desk.on_read()
    assert quotes[-1].bid is None
    assert quotes[-1].bid_size == 0


def test_negative_prices_are_prices() -> None:
    desk, _, quotes = desk_of(MCL)
    desk.on_price(1, 1, -37.64, 5)
    desk.on_price(1, 2, -37.63, 5)
    desk.on_read()
    assert quotes[-1].is_two_sided


def test_delayed_ticks_are_marked_even_before_tws_says_so() -> None:
    desk, _, quotes = desk_of(MCL)
    desk.on_price(1, 66, 69.5, 5)
    desk.on_read()
    assert quotes[-1].data_type is MarketDataType.DELAYED


def test_a_kind_of_data_that_nobody_knows_is_not_live() -> None:
    desk, _, quotes = desk_of(MCL)
    desk.on_data_type(1, 9)
    desk.on_price(1, 1, 70.0, 5)
    desk.on_read()
    desk.on_data_type(1, 1)
    desk.on_price(1, 1, 70.0, 5)
    desk.on_read()
    assert [quote.data_type for quote in quotes] == [MarketDataType.DELAYED, MarketDataType.LIVE]


def test_ticks_of_ended_lines_and_of_other_kinds_change_nothing() -> None:
    desk, ib, quotes = desk_of(MCL)
    desk.renew(ib, MCL)  # type: ignore[arg-type]
    assert ib.client.ended == [1]
    desk.on_price(1, 1, 70.0, 5)
    desk.on_price(2, 9, 69.0, 0)
    desk.on_size(2, 21, 5)
    desk.on_read()
    assert quotes == []


def test_delayed_data_are_asked_for_once() -> None:
    desk, ib, _ = desk_of(MCL)
    assert not desk.fall_back(ib, 1, 10090)  # type: ignore[arg-type]
    assert desk.fall_back(ib, 1, 354)  # type: ignore[arg-type]
    assert ib.client.kinds == [3]
    assert ib.client.asked == [1, 2]
    assert not desk.fall_back(ib, 2, 354)  # type: ignore[arg-type]
    assert not desk.fall_back(ib, 99, 354)  # type: ignore[arg-type]


def test_nothing_survives_the_socket_but_the_latest_quote() -> None:
    desk, _, quotes = desk_of(MCL)
    desk.on_price(1, 1, 70.0, 5)
    desk.on_read()
    desk.on_price(1, 1, 71.0, 5)
    desk.forget()
    desk.on_read()
    assert desk.subscribed == ()
    assert desk.silent_seconds(MCL) is None
    assert desk.latest[MCL] == quotes[-1]
    assert quotes[-1].bid == 70.0


async def test_a_halt_and_data_that_freeze_are_told_at_once_and_make_no_old_price_new() -> None:
    quotes: list[Quote] = []
    clock = SimulatedClock(START_NS)
    desk, ib = MarketDataDesk(clock, quotes.append), RecordingIB()
    desk.subscribe(ib, MCL, Contract(localSymbol=MCL))  # type: ignore[arg-type]
    desk.on_generic(1, 49, 0.0)
    desk.on_data_type(1, 1)
    desk.on_read()
    assert quotes == []
    desk.on_price(1, 1, 70.0, 5)
    desk.on_read()
    heard_ns = quotes[-1].time_ns
    await clock.sleep(0.01)
    desk.on_generic(1, 49, 2.0)
    desk.on_read()
    desk.on_generic(1, 49, 0.0)
    desk.on_read()
    desk.on_data_type(1, 2)
    desk.on_read()
    assert [(quote.trouble, quote.data_type) for quote in quotes[1:]] == [
        (Flaw.HALTED, MarketDataType.LIVE),
        (Flaw.NONE, MarketDataType.LIVE),
        (Flaw.NONE, MarketDataType.FROZEN),
    ]
    assert {quote.time_ns for quote in quotes} == {heard_ns}


def test_a_lost_farm_troubles_the_contracts_that_it_feeds_until_it_is_back() -> None:
    quotes: list[Quote] = []
    desk, ib = MarketDataDesk(SimulatedClock(START_NS), quotes.append), RecordingIB()
    for name, kind in ((MCL, "FUT"), (USO, "STK")):
        contract = Contract(localSymbol=name, secType=kind)
        desk.subscribe(ib, name, contract)  # type: ignore[arg-type]
    desk.on_farm("ushmds", is_lost=True)
    desk.on_farm("usfuture.nj", is_lost=True)
    desk.on_read()
    desk.on_farm("usfuture.nj", is_lost=False)
    desk.on_read()
    assert [(quote.instrument_id, quote.trouble) for quote in quotes] == [
        (MCL, Flaw.FARM_LOST),
        (MCL, Flaw.NONE),
    ]
