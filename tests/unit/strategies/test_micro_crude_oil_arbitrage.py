import re
from decimal import Decimal

import msgspec
import pytest

from helpers.desk import (
    ALWAYS,
    HOUR,
    MCL,
    OPEN_NS,
    SECOND,
    USO,
    FakeView,
    a_quote,
    an_instrument,
    bars,
)
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.identifiers import Symbol
from microfutures.model.intents import Intent, Refusal, SignalKind
from microfutures.model.market import MarketDataType, Quote
from microfutures.model.sessions import Session
from microfutures.strategies import MicroCrudeOilArbitrageStrategy

STEADY = [0.8997, 0.9003] * 10
"""Ratios: mean 0.9, deviation 3 bp, worth about 2.4 USD a unit."""

WILD = [0.897, 0.903] * 10
"""Ratios: mean 0.9, deviation 31 bp, worth about 25 USD a unit."""


class Desk:
    """A strategy, its view, and quotes at a ratio."""

    def __init__(self, ratios: list[float] | None = None, **parameters: object) -> None:
        self.view = FakeView()
        settings = msgspec.convert({"cost_multiple": 0.0, **parameters}, PairParameters)
        self.strategy = MicroCrudeOilArbitrageStrategy("pair", 2000, self.view, parameters=settings)
        self.strategy.start()
        if ratios is not None:
            self.strategy.on_history(MCL, bars([80 * ratio for ratio in ratios]))
            self.strategy.on_history(USO, bars([80.0] * len(ratios)))

    def quotes(self, ratio: float) -> dict[Symbol, Quote]:
        self.view.show("USO", 79.995, 80.005)
        middle = 80 * ratio
        self.view.show("MCLX6", middle - 0.005, middle + 0.005)
        return {Symbol("MCL"): self.view.quotes[MCL], Symbol("USO"): self.view.quotes[USO]}

    def look(self, ratio: float) -> list[Intent]:
        signals = self.strategy.check_signals(self.quotes(ratio))
        return self.strategy.execute_trades(signals)

    def enter(self, ratio: float) -> Intent:
        (intent,) = self.look(ratio)
        for leg in intent.legs:
            self.view.positions[leg.instrument_id] = leg.quantity
        self.strategy.on_intent_done(intent, "done", self.view.time_ns)
        return intent

    @property
    def why(self) -> str:
        return self.strategy.status().why_no_trade


def test_strategy_takes_the_arguments_of_the_specification() -> None:
    strategy = MicroCrudeOilArbitrageStrategy("pair", 2000, None, "MCL", "USO", 2.5, 0.25, 30)
    assert (strategy.name, strategy.capital, strategy.active) == ("pair", Decimal(2000), False)
    assert (strategy.parameters.z_entry, strategy.parameters.lookback) == (2.5, 30)
    assert strategy.check_signals({}) == []


def test_strategy_is_ready_from_past_bars_alone() -> None:
    desk = Desk(WILD)
    assert desk.look(0.9) == []
    assert "below the entry" in desk.why


def test_strategy_says_how_many_samples_are_missing() -> None:
    desk = Desk(WILD[:7])
    desk.look(0.9)
    assert "7 of 20 samples" in desk.why


def test_strategy_sells_the_spread_when_it_is_wide_hedged_in_whole_shares() -> None:
    (intent,) = Desk(WILD).look(0.92)
    assert intent.kind is SignalKind.ENTER_SHORT
    assert [(leg.instrument_id, leg.quantity) for leg in intent.legs] == [(MCL, -1), (USO, 92)]


def test_strategy_buys_the_spread_when_it_is_narrow() -> None:
    (intent,) = Desk(WILD).look(0.88)
    assert intent.kind is SignalKind.ENTER_LONG
    assert [(leg.instrument_id, leg.quantity) for leg in intent.legs] == [(MCL, 1), (USO, -88)]


def test_strategy_proposes_nothing_while_it_works_on_an_entry() -> None:
    desk = Desk(WILD)
    assert desk.look(0.92)
    assert desk.look(0.92) == []
    assert "working on it" in desk.why


def test_strategy_exits_when_the_spread_came_back() -> None:
    desk = Desk(WILD)
    desk.enter(0.92)
    assert desk.look(0.91) == []
    (intent,) = desk.look(0.9)
    assert intent.kind is SignalKind.EXIT
    assert {leg.quantity for leg in intent.legs} == {0}


def test_strategy_stops_where_the_loss_was_planned() -> None:
    desk = Desk(WILD)
    desk.enter(0.913)
    assert desk.look(0.9215) == []
    (intent,) = desk.look(0.9225)
    assert intent.kind is SignalKind.STOP


def test_strategy_waits_after_a_stop_until_the_spread_is_calm() -> None:
    desk = Desk(WILD, cooldown_seconds=0.0)
    desk.enter(0.913)
    (stop,) = desk.look(0.9225)
    desk.view.positions.clear()
    desk.strategy.on_intent_done(stop, "done", desk.view.time_ns)
    assert desk.look(0.9225) == []
    assert "after a stop" in desk.why
    assert desk.look(0.9) == []
    assert desk.look(0.92)


@pytest.mark.parametrize("z_exit", [0.0, 0.5])
@pytest.mark.parametrize("sign", [1, -1])
def test_spread_that_went_past_its_mean_between_two_looks_has_come_back(
    z_exit: float, sign: int
) -> None:
    # No look ever finds it at zero to the last digit: with z_exit 0 that would be the last trade.
    desk = Desk(WILD, cooldown_seconds=0.0, z_exit=z_exit)
    desk.enter(0.9 + sign * 0.013)
    (stop,) = desk.look(0.9 + sign * 0.0225)
    assert stop.kind is SignalKind.STOP
    desk.view.positions.clear()
    desk.strategy.on_intent_done(stop, "done", desk.view.time_ns)
    assert desk.look(0.9 + sign * 0.0225) == []
    assert re.search(rf"after a stop: z \{'+-'[sign < 0]}\d\.\d\d must come back to", desk.why)
    assert desk.look(0.9 - sign * 0.004) == []
    assert "after a stop" not in desk.why
    assert desk.look(0.9 + sign * 0.02)


def test_strategy_refuses_what_does_not_pay_its_costs_with_both_numbers() -> None:
    desk = Desk(STEADY, cost_multiple=2.0)
    assert desk.look(0.9009) == []
    assert re.match(
        r"expected 5\.9\d USD < 2 × round-trip cost 5\.\d\d USD \(z \+2\.9\d\)", desk.why
    )
    (refusal,) = desk.strategy.status().refusals
    assert (refusal.rule, refusal.count) == ("cost", 1)


def test_strategy_says_what_is_missing_for_one_unit() -> None:
    desk = Desk(WILD, max_loss_percent=1.0)
    assert desk.look(0.92) == []
    assert "the budget is 10.00 USD" in desk.why
    assert "are missing" in desk.why


def test_strategy_does_not_judge_a_stale_quote() -> None:
    desk = Desk(WILD)
    quotes = desk.quotes(0.92)
    desk.view.pass_seconds(16)
    assert desk.strategy.check_signals(quotes) == []
    assert desk.why == "MCLX6 quote is 16 s old, limit 15 s"


def test_strategy_does_not_trade_delayed_data() -> None:
    desk = Desk(WILD)
    quotes = desk.quotes(0.92)
    quotes[Symbol("USO")] = a_quote("USO", 79.995, 80.005, data_type=MarketDataType.DELAYED)
    assert desk.strategy.check_signals(quotes) == []
    assert "USO data is delayed" in desk.why


def test_strategy_names_the_next_opening_of_a_closed_leg() -> None:
    desk = Desk(WILD)
    later = (Session(OPEN_NS + 20 * HOUR, OPEN_NS + 26 * HOUR),)
    desk.view.current["USO"] = an_instrument("USO", trading_hours=later, liquid_hours=later)
    assert desk.look(0.92) == []
    assert desk.why == "USO is closed; liquid again Wed 07:00 New York"


def test_strategy_closes_before_the_shorter_leg_does() -> None:
    desk = Desk(WILD, max_holding_seconds=1e6)
    desk.enter(0.92)
    desk.view.time_ns = ALWAYS[0].close_ns - 200 * SECOND
    (intent,) = desk.look(0.92)
    assert intent.kind is SignalKind.FLATTEN
    assert "liquid hours end in 200 s" in intent.reason


def test_strategy_does_not_enter_shortly_before_the_close() -> None:
    desk = Desk()
    desk.view.time_ns = ALWAYS[0].close_ns - 400 * SECOND
    end = desk.view.time_ns
    desk.strategy.on_history(MCL, bars([80 * ratio for ratio in WILD], end_ns=end))
    desk.strategy.on_history(USO, bars([80.0] * 20, end_ns=end))
    assert desk.look(0.92) == []
    assert "400 s are left of the liquid hours, 600 needed" in desk.why


def test_strategy_never_computes_a_score_across_a_roll() -> None:
    desk = Desk(WILD)
    desk.view.current["MCL"] = an_instrument("MCLZ6")
    desk.strategy.on_instrument(Symbol("MCL"), desk.view.current["MCL"])
    desk.view.show("MCLZ6", 73.5, 73.51)
    quotes = desk.quotes(0.92) | {
        Symbol("MCL"): desk.view.quotes[desk.view.current["MCL"].instrument_id]
    }
    assert desk.strategy.check_signals(quotes) == []
    assert "0 of 20 samples" in desk.why


def test_strategy_closes_the_old_month_after_a_roll() -> None:
    desk = Desk(WILD)
    desk.enter(0.92)
    desk.view.roll("MCL", an_instrument("MCLZ6"))
    desk.strategy.on_instrument(Symbol("MCL"), desk.view.current["MCL"])
    (intent,) = desk.look(0.92)
    assert (MCL, 0) in [(leg.instrument_id, leg.quantity) for leg in intent.legs]


@pytest.mark.parametrize("hedge", [-90, 0])
def test_strategy_closes_the_old_month_that_an_earlier_run_left(hedge: int) -> None:
    desk = Desk(WILD)
    desk.view.roll("MCL", an_instrument("MCLZ6"))
    desk.strategy.on_instrument(Symbol("MCL"), desk.view.current["MCL"])
    desk.view.positions = {MCL: 1, USO: hedge}
    assert MCL in [leg.instrument_id for leg in desk.strategy.held_legs()]
    (intent,) = desk.look(0.92)
    assert (MCL, 0) in [(leg.instrument_id, leg.quantity) for leg in intent.legs]


def test_strategy_does_not_close_one_leg_while_the_other_ones_market_is_closed() -> None:
    desk = Desk(WILD)
    desk.enter(0.92)
    later = (Session(OPEN_NS + HOUR, OPEN_NS + 6 * HOUR),)
    old = an_instrument(liquid_hours=later)
    desk.view.current["MCL"] = old
    desk.view.roll("MCL", an_instrument("MCLZ6"))
    desk.strategy.on_instrument(Symbol("MCL"), desk.view.current["MCL"])
    assert desk.look(0.92) == []
    assert "until both legs trade in liquid hours; then: the contract month" in desk.why
    desk.view.pass_seconds(3_600)
    (intent,) = desk.look(0.92)
    assert {leg.quantity for leg in intent.legs} == {0}


def test_strategy_closes_a_position_whose_ratio_jumped_at_the_next_sound_look() -> None:
    desk = Desk(WILD)
    desk.enter(0.92)
    assert desk.look(0.115) == []  # 1 for 8: nothing is sent at prices that nothing confirms
    assert desk.look(0.92) == []
    assert "jumped from 0.11500 to 0.92000" in desk.strategy.status().refusals[0].latest
    (intent,) = desk.look(0.92)
    assert intent.kind is SignalKind.FLATTEN
    assert "jumped while in position" in intent.reason


def test_strategy_sets_the_jump_that_it_is_told() -> None:
    desk = Desk(WILD, max_jump_percent=50.0, cooldown_seconds=0.0)
    desk.look(1.2)
    assert desk.strategy.status().refusals == ()
    desk.look(2.0)
    assert [refusal.rule for refusal in desk.strategy.status().refusals] == ["jump"]


def test_strategy_tries_an_exit_again_that_was_refused() -> None:
    desk = Desk(WILD)
    desk.enter(0.92)
    (intent,) = desk.look(0.9)
    refusal = Refusal(
        strategy=desk.strategy.name, rule="hours", reason="no", time_ns=desk.view.time_ns
    )
    desk.strategy.on_refused(refusal)
    (again,) = desk.look(0.9)
    assert (again.kind, again.legs) == (SignalKind.EXIT, intent.legs)


def test_strategy_waits_after_an_entry_that_was_refused() -> None:
    desk = Desk(WILD)
    assert desk.look(0.92)
    desk.strategy.on_refused(
        Refusal(strategy=desk.strategy.name, rule="margin", reason="no", time_ns=desk.view.time_ns)
    )
    assert desk.look(0.92) == []
    assert re.fullmatch(r"cooling down for another [1-9]\d* s", desk.why)


def test_strategy_closes_a_leg_that_stands_alone() -> None:
    desk = Desk(WILD)
    desk.view.positions[USO] = -90
    (intent,) = desk.look(0.9)
    assert "one leg alone: -90 USO" in intent.reason
    assert [(leg.instrument_id, leg.quantity) for leg in intent.legs] == [(USO, 0)]


def test_strategy_manages_a_position_that_an_earlier_run_left() -> None:
    desk = Desk(WILD)
    desk.view.positions.update({MCL: -1, USO: 92})
    assert desk.look(0.91) == []
    (intent,) = desk.look(0.9)
    assert intent.kind is SignalKind.EXIT


def test_strategy_notices_that_its_position_was_closed_by_hand() -> None:
    desk = Desk(WILD, cooldown_seconds=0.0)
    desk.enter(0.92)
    desk.view.positions.clear()
    desk.look(0.9)
    assert desk.strategy.status().state == "watching"
    assert desk.look(0.92)


@pytest.mark.parametrize("price", [0.0, -37.63])
def test_strategy_finds_no_hedge_for_a_price_that_is_not_positive(price: float) -> None:
    desk = Desk(WILD)
    quotes = desk.quotes(0.92)
    quotes[Symbol("MCL")] = a_quote("MCLX6", price, price + 0.01)
    assert desk.strategy.check_signals(quotes) == []
    assert "no dollar-neutral hedge" in desk.why


def test_strategy_takes_a_split_for_what_it_is() -> None:
    desk = Desk(WILD)
    quotes = desk.quotes(0.9)
    quotes[Symbol("USO")] = a_quote("USO", 639.9, 640.1)
    desk.strategy.check_signals(desk.quotes(0.9))
    assert desk.strategy.check_signals(quotes) == []
    assert any(refusal.rule == "jump" for refusal in desk.strategy.status().refusals)


def test_strategy_samples_live_quotes_once_a_minute() -> None:
    desk = Desk()
    for minute in range(21):
        desk.look(WILD[minute % 20])
        desk.look(WILD[minute % 20])
        desk.view.pass_seconds(60)
    assert desk.strategy.spread.samples == 20
    assert desk.strategy.spread.mean == pytest.approx(0.9, abs=1e-6)


def test_strategy_forgets_the_spread_over_a_night() -> None:
    desk = Desk(WILD)
    desk.look(0.9)
    desk.view.pass_seconds(3 * 3600)
    desk.look(0.9)
    assert "0 of 20 samples" in desk.why
