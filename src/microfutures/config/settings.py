"""The settings as frozen typed sections: names, types, ranges and defaults, nothing else.

What each one means is one row of `reference`; where values come from is `loading`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from microfutures.config.risk_limits import RiskLimits
from microfutures.config.strategy_parameters import PairParameters

DEFAULT_STRATEGY = "MicroCrudeOilArbitrage"
LIVE_PORTS = (7496, 4001)
"""TWS's and IB Gateway's own ports for real money."""

DAY_SECONDS = 86_400
WEEK_SECONDS = 604_800

HostName = Annotated[str, Meta(pattern=r"^[^\s]+\Z", description="a host name or address")]
Directory = Annotated[str, Meta(pattern=r"^[^\0]+\Z", description="the path of a directory")]
Port = Annotated[int, Meta(ge=1, le=65_535)]
ClientId = Annotated[int, Meta(ge=0, le=2_147_483_647)]
Money = Annotated[float, Meta(gt=0, le=1e9)]
Share = Annotated[float, Meta(gt=0, le=1)]
Percent = Annotated[float, Meta(ge=0, le=100)]
WithinAMinute = Annotated[float, Meta(gt=0, le=60)]
WithinAnHour = Annotated[float, Meta(gt=0, le=3_600)]
WithinADay = Annotated[float, Meta(gt=0, le=DAY_SECONDS)]
WithinAWeek = Annotated[float, Meta(gt=0, le=WEEK_SECONDS)]


class LogLevel(StrEnum):
    """The least important lines that still go into `trading_system.log`."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class DisplayMode(StrEnum):
    """What goes to standard output."""

    AUTO = "auto"
    """`RICH` on a terminal, `PLAIN` elsewhere."""
    RICH = "rich"
    """The dashboard."""
    PLAIN = "plain"
    """Status lines without escape codes, for a service's journal."""
    NONE = "none"
    """Nothing."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections."""


class ConnectionSettings(Section, frozen=True, kw_only=True):
    """The line to TWS or IB Gateway."""

    host: HostName = "127.0.0.1"
    port: Port = 7497
    client_id: ClientId = 1
    live: bool = False
    connect_timeout: WithinAMinute = 10.0


class TradingSettings(Section, frozen=True, kw_only=True):
    """Capital, pace and the end of a run."""

    initial_capital: Money = 2000.0
    check_interval: WithinAnHour = 5.0
    risk_tolerance: Share = 0.5
    keep_positions: bool = False
    flatten_timeout: WithinAnHour = 30.0


class LoggingSettings(Section, frozen=True, kw_only=True):
    """Where the logs go and how much of them."""

    log_dir: Directory = "logs"
    log_interval: WithinAWeek = 3600.0
    level: LogLevel = LogLevel.INFO
    keep_exports: Annotated[int, Meta(ge=1, le=100_000)] = 200


class DisplaySettings(Section, frozen=True, kw_only=True):
    """The dashboard."""

    display_interval: WithinADay = 15.0
    mode: DisplayMode = DisplayMode.AUTO


class StrategySettings(Section, frozen=True, kw_only=True):
    """One strategy; its name is the key that it stands under."""

    strategy_class: str = msgspec.field(default="", name="class")
    """Filled by `loading`: the name itself unless the file says another one."""
    active: bool = True
    allocation: Percent = 100.0
    parameters: PairParameters = PairParameters()


def default_strategies() -> dict[str, StrategySettings]:
    """Return what runs when nothing is said: the specification's example."""
    return {DEFAULT_STRATEGY: StrategySettings(strategy_class=DEFAULT_STRATEGY)}


class Settings(Section, frozen=True, kw_only=True):
    """Everything that can be set, checked."""

    connection: ConnectionSettings = ConnectionSettings()
    trading: TradingSettings = TradingSettings()
    logging: LoggingSettings = LoggingSettings()
    display: DisplaySettings = DisplaySettings()
    risk: RiskLimits = RiskLimits()
    strategies: Mapping[str, StrategySettings] = msgspec.field(default_factory=default_strategies)


PARAMETERS_OF: dict[str, type[PairParameters]] = {DEFAULT_STRATEGY: PairParameters}
"""Which parameters each strategy class takes; its keys are the names of `strategies.registry`."""
