"""Recorded markets: CSV, Parquet and LEAN files, played to a venue as a `MarketSource`."""

from microfutures.adapters.tapes.errors import TapeError
from microfutures.adapters.tapes.load import load_tapes
from microfutures.adapters.tapes.market import TapeMarket

__all__ = ["TapeError", "TapeMarket", "load_tapes"]
