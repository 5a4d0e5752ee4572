"""Faults of market data: prices that can't be right, data that are not live, halts, silence."""

from microfutures.twsim.errors import wording
from microfutures.twsim.faults.fault import Fault, Stage, message_id
from microfutures.twsim.faults.orders import new_order_id
from microfutures.twsim.quotes.ticks import DELAYED, LIVE, halted_tick
from microfutures.twsim.session import Session
from microfutures.twsim.wire import frame, split_fields

TICK_PRICE = 1
TICKS = frozenset({TICK_PRICE, 2, 45, 46})
"""Kinds of messages that begin with kind, version, request and type of tick."""
BIDS = frozenset({LIVE.bid, DELAYED.bid})
LIVE_DATA, FROZEN_DATA, DELAYED_DATA = 1, 2, 3
HALTED = 49
PRICE_PLACE = 4
"""After those."""

_LATE = {
    getattr(LIVE, name): getattr(DELAYED, name)
    for name in LIVE.__struct_fields__
    if getattr(DELAYED, name) is not None
}
"""The numbers of delayed ticks by those of live ones."""


def _repriced(fields: list[str], factor: float) -> list[str]:
    """Return a tick at `factor` times its price, with as many decimals; a size as it is."""
    if fields[:1] != [str(TICK_PRICE)]:
        return fields
    text = fields[PRICE_PLACE]
    decimals = len(text.partition(".")[2])
    return [*fields[:PRICE_PLACE], f"{float(text) * factor:.{decimals}f}", *fields[5:]]


class QuoteFault(Fault, frozen=True):
    """A fault of the market data of one symbol, or of all."""

    seconds: float = 20.0
    symbol: str = ""
    """Empty for all."""

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        return [each for told in frames for each in self._told(session, told)]

    def end(self, stage: Stage) -> None:
        for session in stage.sessions(self.client):
            session.exchange.lines.tell_again(session.client_id)

    def told(self, fields: list[str]) -> list[str] | None:
        """Return a tick as it is told, by its fields; None for not at all."""
        return fields

    def _told(self, session: Session, told: bytes) -> list[bytes]:
        if message_id(told) not in TICKS:
            return [told]
        fields = split_fields(told[4:])
        watched = session.exchange.lines.symbol_of(session.client_id, int(fields[2]))
        if self.symbol not in ("", watched):
            return [told]
        changed = self.told(fields)
        return [] if changed is None else [frame("\0".join([*changed, ""]).encode())]


class CrossedQuotes(QuoteFault, frozen=True):
    """Bids are told too high, above the asks.

    Source: Regulation NMS, rule 610(d), on quotations that cross: they happen.
    """

    percent: int = 3

    def told(self, fields: list[str]) -> list[str]:
        is_bid = int(fields[3]) in BIDS
        return _repriced(fields, 1 + self.percent / 100) if is_bid else fields


class AbsurdPrices(QuoteFault, frozen=True):
    """Every price is told as so much per cent of what it is.

    Source: NYSE rule 7.10, clearly erroneous executions: prices that nobody meant are printed.
    """

    percent: int = 150

    def told(self, fields: list[str]) -> list[str]:
        return _repriced(fields, self.percent / 100)


class ZeroPrices(AbsurdPrices, frozen=True):
    """Every price is told as 0, with its size.

    Source: IB API, `tickPrice`: 0 where there is no price, which a size beside it hides.
    """

    percent: int = 0


class NegativePrices(AbsurdPrices, frozen=True):
    """Every price is told with the wrong sign.

    Source: ib_insync issue 471, -1 where a fund had no price; oil itself settled below 0 in 2020.
    """

    percent: int = -100


class QuietLeg(QuoteFault, frozen=True):
    """No tick of one symbol comes while the other goes on, and nobody says why.

    Source: IB API, "Message Codes", 10182 and 10225: streams fail one by one; not all are told.
    """

    seconds: float = 120.0
    symbol: str = "USO"

    def told(self, fields: list[str]) -> None:
        return None


class OtherData(QuoteFault, frozen=True):
    """The kind of market data changes, and returns to live."""

    kind: int = FROZEN_DATA

    def start(self, stage: Stage) -> None:
        self._announce(stage, self.kind)

    def end(self, stage: Stage) -> None:
        self._announce(stage, LIVE_DATA)
        super().end(stage)

    def _announce(self, stage: Stage, kind: int) -> None:
        for session in stage.sessions(self.client):
            for request_id, symbol in session.exchange.lines.requests(session.client_id):
                if self.symbol in ("", symbol):
                    session.send([58, 1, request_id, kind])


class FrozenData(OtherData, frozen=True):
    """The market data type becomes 2: the last quotes of before, and no more ticks.

    Source: IB API, "Market Data Types", frozen.
    """

    def told(self, fields: list[str]) -> None:
        return None


class DelayedData(OtherData, frozen=True):
    """The market data type becomes 3, and ticks come under the numbers of delayed ones.

    Source: IB API, "Market Data Types", delayed; "Available Tick Types", 66 to 76.
    """

    kind: int = DELAYED_DATA

    def told(self, fields: list[str]) -> list[str]:
        late = _LATE.get(int(fields[3]), int(fields[3]))
        return [*fields[:3], str(late), *fields[4:]]


class TradingHalt(QuoteFault, frozen=True):
    """Trading in a symbol is halted: tick 49 says so, quotes stop, new orders are refused with 154.

    Source: IB API, "Available Tick Types", 49; "Message Codes", 154.
    """

    seconds: float = 120.0
    symbol: str = "USO"

    def start(self, stage: Stage) -> None:
        for session in stage.sessions(self.client):
            session.exchange.lines.tell(
                session.client_id, self.symbol, halted_tick(HALTED, is_on=True)
            )

    def told(self, fields: list[str]) -> list[str] | None:
        return fields if fields[3] == str(HALTED) else None

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        order_id = new_order_id(session, fields)
        if order_id is None or self.symbol not in fields[3:4]:
            return True
        session.error(order_id, 154, wording(154))
        return False
