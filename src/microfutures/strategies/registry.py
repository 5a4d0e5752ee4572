"""Which class a name in the configuration means."""

from difflib import get_close_matches

from microfutures.model.errors import ConfigurationError
from microfutures.strategies.micro_crude_oil_arbitrage import MicroCrudeOilArbitrageStrategy

STRATEGIES: dict[str, type[MicroCrudeOilArbitrageStrategy]] = {
    "MicroCrudeOilArbitrage": MicroCrudeOilArbitrageStrategy,
}


def strategy_class(name: str) -> type[MicroCrudeOilArbitrageStrategy]:
    """Return the class that `name` means; raise `ConfigurationError` with a suggestion."""
    try:
        return STRATEGIES[name]
    except KeyError:
        near = get_close_matches(name, STRATEGIES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(STRATEGIES)}"
        raise ConfigurationError(f"unknown strategy {name!r}{hint}") from None
