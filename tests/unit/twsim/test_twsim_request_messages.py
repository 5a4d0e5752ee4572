"""Messages that answer requests, read back by both clients at every server version."""

from datetime import date
from decimal import Decimal

import pytest

from helpers.decoders import VERSIONS, read_by_both, read_by_ib_async, read_by_ibapi
from microfutures.model import catalog
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.twsim.contracts.others import facts_message
from microfutures.twsim.handlers.options import option_facts
from microfutures.twsim.handlers.schedule import schedule_message
from microfutures.twsim.history.bar_sizes import Duration, Span
from microfutures.twsim.history.tick_tape import Trade
from microfutures.twsim.options.chain import Option
from microfutures.twsim.quotes.depth import ASK, BID, Watch, levels
from microfutures.twsim.quotes.tick_streams import Stream
from microfutures.twsim.wire import Field

DAY = date(2026, 9, 8)
NOON_NS = 1_788_883_200_000_000_000


class Pen:
    """A client that keeps what it is sent."""

    client_id = 1

    def __init__(self) -> None:
        self.sent: list[list[Field]] = []

    def send(self, fields: list[Field]) -> None:
        self.sent.append(fields)


def mcl() -> Instrument:
    return catalog.future("MCL", 2026, 11, DAY)


def quote(bid: float, ask: float, time_ns: int = NOON_NS) -> Quote:
    return Quote(mcl().instrument_id, time_ns, bid, ask, 4.0, 6.0, bid, 10.0)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("right", ["C", "P"])
def test_details_of_an_option_are_read_by_both(version: int, right: str) -> None:
    (fund,) = catalog.listed_contracts("USO", DAY)
    option = Option(fund, date(2026, 10, 16), Decimal("70.5"), right)
    facts = option_facts(option, "SMART")
    message = facts_message(version, 7, facts, now_ns=NOON_NS)
    for name, (request_id, details) in read_by_both(version, message):
        assert (name, request_id) == ("contractDetails", 7)
        assert details.contract.conId == facts.con_id
        assert details.contract.secType == "OPT"
        assert (details.contract.strike, details.contract.right) == (70.5, right)
        assert details.longName == fund.description
        assert details.minTick == float(facts.tick)


@pytest.mark.parametrize("version", VERSIONS)
def test_schedule_is_read_by_both(version: int) -> None:
    span = Duration(Span.DAYS, 2)
    message = schedule_message(7, mcl(), NOON_NS, span, regular_only=False)
    for name, (request_id, start, end, zone, sessions) in read_by_both(version, message):
        assert (name, request_id, zone) == ("historicalSchedule", 7, "US/Eastern")
        assert (start, end) == (sessions[0].startDateTime, sessions[-1].endDateTime)
        assert sessions[-1].refDate == "20260908"


@pytest.mark.parametrize("version", VERSIONS)
def test_ticks_one_by_one_are_read_by_both(version: int) -> None:
    pen = Pen()
    for kind in ("Last", "AllLast", "BidAsk", "MidPoint"):
        stream = Stream(pen, 7, kind, "NYMEX", ignores_size=False)
        stream.on_trade(Trade(NOON_NS, 70.25, 3.0))
        stream.on_quote(quote(70.25, 70.26))
        stream.on_quote(quote(70.25, 70.26))
    heard = [call for fields in pen.sent for call in read_by_both(version, fields)]
    seconds = NOON_NS // 1_000_000_000
    for name, arguments in heard:
        if name == "tickByTickAllLast":
            assert arguments[0] == 7
            assert arguments[2:5] == (seconds, 70.25, 3)
        elif name == "tickByTickBidAsk":
            assert arguments[:6] == (7, seconds, 70.25, 70.26, 4, 6)
        else:
            assert (name, arguments) == ("tickByTickMidPoint", (7, seconds, pytest.approx(70.255)))
    assert len(heard) == 8


def test_quote_whose_sizes_alone_changed_is_kept_back_on_request() -> None:
    pen = Pen()
    stream = Stream(pen, 7, "BidAsk", "NYMEX", ignores_size=True)
    stream.on_quote(quote(70.25, 70.26))
    stream.on_quote(Quote(mcl().instrument_id, NOON_NS, 70.25, 70.26, 9.0, 9.0))
    assert len(pen.sent) == 1


def played(messages: list[list[Field]]) -> dict[int, list[float]]:
    """Return the book that a client has after these messages, by side."""
    book: dict[int, list[float]] = {ASK: [], BID: []}
    for fields in messages:
        ((name, arguments),) = read_by_ibapi(178, fields)
        assert read_by_ib_async(178, fields) == [(name, arguments)]
        _, row, operation, side, price, _ = arguments
        if operation == 0:
            book[side].insert(row, price)
        elif operation == 1:
            book[side][row] = price
        else:
            del book[side][row]
    return book


def test_messages_of_a_book_lead_to_the_book() -> None:
    pen = Pen()
    watch = Watch(pen, 7, mcl(), rows=4)
    empty = Quote(mcl().instrument_id, NOON_NS)
    for shown in (quote(70.25, 70.26), quote(70.22, 70.24), empty, quote(-1.5, -1.4)):
        watch.show(shown)
        book = played(pen.sent)
        for side in (ASK, BID):
            assert book[side] == [level.price for level in levels(mcl(), shown, side, 4)]


def test_level_has_the_same_size_whenever_it_is_behind_the_touch() -> None:
    before = levels(mcl(), quote(70.25, 70.26), BID, 5)
    after = levels(mcl(), quote(70.26, 70.27), BID, 6)
    assert after[2:] == before[1:]
