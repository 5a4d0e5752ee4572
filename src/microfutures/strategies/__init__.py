"""What to trade: market and positions in, intents out."""

from microfutures.strategies.base import Strategy
from microfutures.strategies.micro_crude_oil_arbitrage import MicroCrudeOilArbitrageStrategy

__all__ = ["MicroCrudeOilArbitrageStrategy", "Strategy"]
