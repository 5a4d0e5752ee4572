"""A pair's settings and contracts as the plain numbers that `analytics.pairs` decides by."""

from functools import lru_cache

from microfutures.analytics.pairs import FeeTerms, PairPrices, PairRules, PairTerms
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.fees import order_rate
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.model.timestamp import seconds


def rules_of(parameters: PairParameters, risk_tolerance: float) -> PairRules:
    """Return what decides; the risk budget is a share of the strategy's capital."""
    return PairRules(
        z_entry=parameters.z_entry,
        z_exit=parameters.z_exit,
        stop_sigma=parameters.stop_sigma,
        cost_multiple=parameters.cost_multiple,
        hedge_beta=parameters.hedge_beta,
        max_units=parameters.max_units,
        risk_share=risk_tolerance * parameters.max_loss_percent / 100,
        flatten_before_close_ns=seconds(parameters.flatten_before_close_seconds),
        max_holding_ns=seconds(parameters.max_holding_seconds),
        cooldown_ns=seconds(parameters.cooldown_seconds),
    )


@lru_cache(maxsize=64)
def _fee_of(symbol: str) -> FeeTerms:
    rate = order_rate(symbol)
    return FeeTerms(
        float(rate.per_unit),
        float(rate.share_of_value),
        float(rate.minimum),
        float(rate.most_of_value),
    )


def terms_of(primary: Instrument, secondary: Instrument) -> PairTerms:
    """Return what money needs to know of the two contracts."""
    return PairTerms(
        float(primary.multiplier),
        float(secondary.multiplier),
        _fee_of(primary.symbol),
        _fee_of(secondary.symbol),
    )


def joint_prices(first: Quote, second: Quote) -> PairPrices | None:
    """Return the prices of both legs; None unless both quotes have both sides."""
    if first.bid is None or first.ask is None or second.bid is None or second.ask is None:
        return None
    return PairPrices(first.bid, first.ask, second.bid, second.ask)
