"""Faults of IB's own servers, pacing and subscriptions."""

from typing import Literal

from microfutures.twsim.errors import wording
from microfutures.twsim.faults.fault import Fault, Stage, message_id
from microfutures.twsim.session import Session

MARKET_DATA = frozenset({1, 2, 12, 13, 21, 45, 46, 50, 79, 99})
"""Kinds of messages that a market data farm feeds."""

REQUEST_MARKET_DATA, REQUEST_HISTORY, REQUEST_REAL_TIME_BARS, PLACE_ORDER = 1, 20, 50, 3

FARMS = {2103: (2104, "usfuture"), 2105: (2106, "ushmds"), 2157: (2158, "secdefnj")}
"""By the code that a farm is lost: the code that it is back, and its name."""


def _tell(stage: Stage, client: int | None, code: int, text: str) -> None:
    for session in stage.sessions(client):
        session.error(-1, code, text)


def _without_market_data(frames: list[bytes]) -> list[bytes]:
    return [frame for frame in frames if message_id(frame) not in MARKET_DATA]


class BrokerLinkLoss(Fault, frozen=True):
    """1100 or 2110, silence of the market, then 1101 (subscriptions are gone) or 1102 (they go on).

    Source: IB API, "Message Codes", system messages 1100 to 1102, warning 2110.
    """

    seconds: float = 20.0
    code: Literal[1100, 2110] = 1100
    then: Literal[1101, 1102] = 1102

    def start(self, stage: Stage) -> None:
        _tell(stage, self.client, self.code, wording(self.code))

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        return _without_market_data(frames)

    def end(self, stage: Stage) -> None:
        if self.then == 1101:
            for session in stage.sessions(self.client):
                stage.server.exchange.remove_client(session.client_id)
                session.wants.end(stage.server.exchange.growing)
        _tell(stage, self.client, self.then, wording(self.then))


class NightlyReset(BrokerLinkLoss, frozen=True):
    """The link and the farms go for the reset of the night and return.

    Source: IBKR, "System Status", server reset times of North America, 23:45 to 00:45 ET.
    """

    seconds: float = 300.0

    def start(self, stage: Stage) -> None:
        super().start(stage)
        for code, (_, farm) in FARMS.items():
            _tell(stage, self.client, code, wording(code, detail=farm))

    def end(self, stage: Stage) -> None:
        super().end(stage)
        for code, farm in FARMS.values():
            _tell(stage, self.client, code, wording(code, detail=farm))


class FarmLoss(Fault, frozen=True):
    """One data farm is lost (2103, 2105 or 2157) and returns (2104, 2106, 2158).

    Source: IB API, "Message Codes", warnings 2103 to 2158.
    """

    seconds: float = 20.0
    code: Literal[2103, 2105, 2157] = 2103

    def start(self, stage: Stage) -> None:
        _tell(stage, self.client, self.code, wording(self.code, detail=FARMS[self.code][1]))

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        return _without_market_data(frames) if self.code == 2103 else frames

    def end(self, stage: Stage) -> None:
        code, farm = FARMS[self.code]
        _tell(stage, self.client, code, wording(code, detail=farm))


class PacingViolation(Fault, frozen=True):
    """Requests are refused as too many: 100 all, 162 those of history, 420 real-time bars.

    Source: IB API, "Historical Data Limitations" and "Message Codes", 100, 162, 420.
    """

    seconds: float = 10.0
    code: Literal[100, 162, 420] = 162

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        kind = fields[0] if session.client_id >= 0 and fields else ""
        if self.code == 100 and kind:
            session.error(-1, 100, wording(100, limit=50, rate=51, number=1))
        elif self.code == 162 and kind == str(REQUEST_HISTORY) and len(fields) > 1:
            detail = "Historical data request pacing violation"
            session.error(_number(fields[1]), 162, wording(162, detail=detail))
        elif self.code == 420 and kind == str(REQUEST_REAL_TIME_BARS) and len(fields) > 2:
            detail = "Historical data request pacing violation"
            session.error(_number(fields[2]), 420, wording(420, detail=detail))
        else:
            return True
        return False


class NoSubscription(Fault, frozen=True):
    """Market data are refused: 354, 10089, 10168, 10197; 10090, 10167 announce some of them.

    Source: IB API, "Message Codes", 354 and 10089 to 10197.
    """

    seconds: float = 10.0
    code: Literal[354, 10089, 10090, 10167, 10168, 10197] = 354

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        if session.client_id < 0 or fields[:1] != [str(REQUEST_MARKET_DATA)] or len(fields) < 3:
            return True
        session.error(_number(fields[2]), self.code, wording(self.code))
        return self.code in (10090, 10167)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 11 else -1
