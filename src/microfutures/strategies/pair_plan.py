"""What one unit of a pair is, costs, may earn and may lose; all money in USD."""

import msgspec

from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.ports.view import BrokerView


class PairPrices(msgspec.Struct, frozen=True, kw_only=True):
    """Two quotes that may be traded on; bid, ask and mid of both are there."""

    primary: Instrument
    secondary: Instrument
    primary_bid: float
    primary_ask: float
    secondary_bid: float
    secondary_ask: float

    @property
    def primary_mid(self) -> float:
        """Return the middle of the primary's quote."""
        return (self.primary_bid + self.primary_ask) / 2

    @property
    def secondary_mid(self) -> float:
        """Return the middle of the secondary's quote."""
        return (self.secondary_bid + self.secondary_ask) / 2

    @property
    def ratio(self) -> float:
        """Return primary / secondary."""
        return self.primary_mid / self.secondary_mid

    @property
    def usd_per_ratio(self) -> float:
        """Return what a move of the ratio by 1 is worth for one unit."""
        return self.secondary_mid * float(self.primary.multiplier)

    def hedge_quantity(self, beta: float) -> int:
        """Return the secondary's quantity against one primary contract, rounded to whole ones."""
        notional = self.primary_mid * float(self.primary.multiplier)
        return round(beta * notional / (self.secondary_mid * float(self.secondary.multiplier)))

    def residual(self, beta: float) -> float:
        """Return the dollars of one unit that the rounded hedge leaves open."""
        hedge = self.hedge_quantity(beta) * self.secondary_mid * float(self.secondary.multiplier)
        return beta * self.primary_mid * float(self.primary.multiplier) - hedge


def joint_prices(
    primary: Instrument, secondary: Instrument, first: Quote, second: Quote
) -> PairPrices | None:
    """Return the prices of both legs; None unless both quotes have both sides."""
    if first.bid is None or first.ask is None or second.bid is None or second.ask is None:
        return None
    return PairPrices(
        primary=primary,
        secondary=secondary,
        primary_bid=first.bid,
        primary_ask=first.ask,
        secondary_bid=second.bid,
        secondary_ask=second.ask,
    )


class UnitPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of the pair at these prices."""

    hedge_quantity: int
    residual: float
    round_trip_cost: float
    expected: float
    loss_at_stop: float


def plan_unit(
    prices: PairPrices, *, z: float, deviation: float, parameters: PairParameters, ib: BrokerView
) -> UnitPlan:
    """Return what one unit would be, entered at `z`.

    The round trip pays four commissions and crosses both spreads once in all (half at each of
    two trades a leg). The expected gain is the way from `z` back to ``z_exit``; the loss at the
    stop is ``stop_sigma`` deviations plus the costs.
    """
    hedge = prices.hedge_quantity(parameters.hedge_beta)
    commissions = 2 * ib.commission(prices.primary.instrument_id, 1, prices.primary_mid)
    if hedge:
        commissions += 2 * ib.commission(
            prices.secondary.instrument_id, hedge, prices.secondary_mid
        )
    spreads = (prices.primary_ask - prices.primary_bid) * float(prices.primary.multiplier)
    spreads += (
        (prices.secondary_ask - prices.secondary_bid)
        * float(prices.secondary.multiplier)
        * abs(hedge)
    )
    cost = commissions + spreads
    sigma_usd = deviation * prices.usd_per_ratio
    return UnitPlan(
        hedge_quantity=hedge,
        residual=prices.residual(parameters.hedge_beta),
        round_trip_cost=cost,
        expected=(abs(z) - parameters.z_exit) * sigma_usd,
        loss_at_stop=parameters.stop_sigma * sigma_usd + cost,
    )
