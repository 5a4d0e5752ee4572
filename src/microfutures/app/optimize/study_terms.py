"""What a study is of: the tape, the strategy and the account, as every worker needs it."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from microfutures import __version__
from microfutures.adapters.tapes import TapeMarket
from microfutures.app.backtest.tape import load_tape
from microfutures.app.engine_making import decisive
from microfutures.config.settings import Settings
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import ConfigurationError
from microfutures.model.expiry import ROLL_BUSINESS_DAYS
from microfutures.research.tape_days import days_of


class TapeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which tape, and how it is played: the flags of a backtest."""

    data: tuple[str, ...]
    between: tuple[str | None, str | None] = (None, None)
    spread_ticks: int = 1
    bar_size: str | None = None
    bar_path: str = "closes"
    time_zone: str | None = None
    roll_days: int = ROLL_BUSINESS_DAYS

    def load(self, symbols: Sequence[str]) -> TapeMarket:
        """Return the market; see `load_tape`."""
        return load_tape(
            self.data,
            symbols,
            between=self.between,
            spread_ticks=self.spread_ticks,
            bar_size=self.bar_size,
            bar_path=self.bar_path,
            time_zone=self.time_zone,
            roll_days=self.roll_days,
        )


class StudyTape:
    """The tape of a study; what it plays stays here: another process loads its own."""

    def __init__(self, request: TapeRequest, symbols: Sequence[str]) -> None:
        self.request = request
        self._symbols = symbols
        self._market: TapeMarket | None = request.load(symbols)
        self.days = days_of(self._market)

    @property
    def market(self) -> TapeMarket:
        """Return what it plays.

        Raises
        ------
        ConfigurationError
            If this process finds other prices than the study is of.
        """
        if self._market is None:
            market = self.request.load(self._symbols)
            if days_of(market).digest != self.days.digest:
                raise ConfigurationError(
                    f"{', '.join(self.request.data)}: not the tape that this study is of; every "
                    f"machine of a cluster needs the same files under the same path"
                )
            self._market = market
        return self._market

    def __getstate__(self) -> dict[str, object]:
        """Leave the market behind."""
        return {**self.__dict__, "_market": None}


class StudyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """All that results depend on beside the sets and the tape's prices."""

    settings: Settings
    """With the studied strategy as the only one."""
    strategy: str
    cash: float
    latency_seconds: float

    @property
    def parameters(self) -> PairParameters:
        """Return the parameters as the configuration has them."""
        return self.settings.strategies[self.strategy].parameters

    def settings_of(self, parameters: PairParameters) -> Settings:
        """Return the settings with these parameters."""
        studied = replace(self.settings.strategies[self.strategy], parameters=parameters)
        return replace(self.settings, strategies={self.strategy: studied})

    def identity(self, engine: str, tape: StudyTape) -> str:
        """Return the fingerprint of everything but the parameters."""
        plain, asked = self.settings_of(PairParameters()), tape.request
        played = (asked.spread_ticks, asked.bar_path, asked.roll_days)
        facts = (
            __version__, engine, decisive(plain), self.cash, self.latency_seconds, played,
            tape.days.digest, tape.days.days,
        )  # fmt: skip
        return sha256(msgspec.json.encode(facts)).hexdigest()
