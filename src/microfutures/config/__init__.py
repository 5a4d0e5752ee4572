"""Frozen typed settings, loaded once; where each may come from and what it may be."""

from microfutures.config.loading import LoadedSettings, Origin, load_settings, load_with_origins
from microfutures.config.settings import (
    ConnectionSettings,
    DisplayMode,
    DisplaySettings,
    LoggingSettings,
    LogLevel,
    Settings,
    StrategySettings,
    TradingSettings,
)
from microfutures.config.strategy_parameters import PairParameters

__all__ = [
    "ConnectionSettings",
    "DisplayMode",
    "DisplaySettings",
    "LoadedSettings",
    "LogLevel",
    "LoggingSettings",
    "Origin",
    "PairParameters",
    "Settings",
    "StrategySettings",
    "TradingSettings",
    "load_settings",
    "load_with_origins",
]
