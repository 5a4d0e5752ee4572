"""The desk against a broker that does its worst: any order of events, repeats, losses."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.desk import MCL, USO
from helpers.scripted_broker import AtBroker, ScriptedBroker, an_intent
from microfutures.model.identifiers import InstrumentId
from microfutures.model.intents import SignalKind
from microfutures.model.orders import Order, OrderPurpose

FLAT = ((MCL, 0), (USO, 0))


class AdverseRun:
    """One entry, perhaps superseded; every step is something that brokers and markets do."""

    def __init__(self, seed: int, *, first: int, ratio: int) -> None:
        self.random = Random(seed)
        self.targets: dict[InstrumentId, int] = {MCL: first, USO: round(first * ratio / 2)}
        self.is_superseded = False
        unhedged_seconds = self.random.choice([5, 20, 1_000])
        self.broker = ScriptedBroker()
        if self.random.random() < 0.1:
            self.broker.refuses = self.refuse_sometimes
        self.broker.on_send = self.check_order
        kind = SignalKind.ENTER_LONG if first > 0 else SignalKind.ENTER_SHORT
        legs = tuple(self.targets.items())
        self.broker.start(an_intent(kind, legs=legs, unhedged_seconds_limit=unhedged_seconds))

    def check_order(self, order: Order) -> None:
        """Judge an order when it leaves, by what is true at the broker then."""
        name, broker = order.instrument_id, self.broker
        others = [each for each in broker.alive if each.order.instrument_id == name]
        assert not others, "two live orders for one leg"
        held = broker.position(name)
        assert held == broker.view.position(order.strategy, name), "sent before the fills are here"
        after = held + order.signed_quantity
        low, high = sorted((0, self.targets[name]))
        assert low <= after <= high, f"{after} is beyond the target {self.targets[name]}"
        if self.is_superseded:
            assert order.purpose in (OrderPurpose.EXIT, OrderPurpose.FLATTEN)

    def refuse_sometimes(self, order: Order) -> str | None:
        return "no" if self.random.random() < 0.3 else None

    def run(self, steps: int) -> None:
        weighted: list[tuple[Callable[[], None], int]] = [
            (self.pass_time, 6),
            (self.deliver, 12),
            (self.accept, 4),
            (self.fill, 5),
            (self.end, 3),
            (self.lose_message, 1),
            (self.answer, 2),
            (self.move_market, 2),
            (self.supersede, 1),
        ]
        choices, weights = zip(*weighted, strict=True)
        for step in self.random.choices(choices, weights, k=steps):
            step()
            for name, target in self.targets.items():
                low, high = sorted((0, target))
                assert low <= self.broker.position(name) <= high

    # -- steps --------------------------------------------------------------------------------

    def pass_time(self) -> None:
        self.broker.timer(self.random.choice([0.0, 0.5, 1.0, 2.0, 2.0, 11.0]))

    def deliver(self) -> None:
        """Tell something, in any order and perhaps not for the last time."""
        if messages := self.broker.messages:
            place = self.random.choice([0, 0, self.random.randrange(len(messages))])
            self.broker.deliver(place, keep=self.random.random() < 0.15)

    def lose_message(self) -> None:
        if messages := self.broker.messages:
            messages.pop(self.random.randrange(len(messages)))

    def answer(self) -> None:
        if self.broker.asked:
            self.broker.asked = 0
            self.broker.tell_all()

    def accept(self) -> None:
        if at := self.pick():
            self.broker.accept(at.order)

    def fill(self) -> None:
        if at := self.pick():
            some = self.random.randint(1, at.remaining)
            self.broker.fill(at.order, self.random.choice([at.remaining, some]))

    def end(self) -> None:
        """Cancel, asked for or not, or reject."""
        if at := self.pick():
            if at.is_cancel_asked or self.random.random() < 0.3:
                self.broker.cancel(at.order)
            elif self.random.random() < 0.2:
                self.broker.reject(at.order)

    def pick(self) -> AtBroker | None:
        return self.random.choice(self.broker.alive) if self.broker.alive else None

    def move_market(self) -> None:
        if self.random.random() < 0.2:
            self.broker.view.quotes.pop(self.random.choice([MCL, USO]), None)
            return
        self.show(70 + self.random.randint(-20, 20) / 100)

    def show(self, middle: float = 70.0) -> None:
        self.broker.view.show("MCLX6", round(middle - 0.01, 2), round(middle + 0.01, 2))
        self.broker.view.show("USO", 75.10, 75.12)

    def supersede(self) -> None:
        if self.is_superseded or not self.broker.desk.running:
            return
        self.is_superseded = True
        kind = self.random.choice([SignalKind.EXIT, SignalKind.FLATTEN])
        legs = self.random.choice([FLAT, FLAT[:1], FLAT[1:], ()])
        self.broker.start(an_intent(kind, legs=legs, name="i2"))

    def finish(self) -> None:
        """Let a friendly broker bring it to its end."""
        broker = self.broker
        for _ in range(60):
            self.show()
            broker.asked = 0
            broker.tell_all()
            broker.deliver_all()
            broker.work()
            broker.timer(2)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    first=st.integers(-4, 4).filter(bool),
    ratio=st.integers(-181, -2),
)
def test_desk_ends_hedged_or_flat_whatever_the_broker_does(
    seed: int, first: int, ratio: int
) -> None:
    run = AdverseRun(seed, first=first, ratio=ratio)
    run.run(steps=60)
    run.finish()
    broker = run.broker
    assert not broker.desk.running, "an intent never came to an end"
    assert not broker.desk.orders.live
    held, hedge = broker.positions
    assert (held, hedge) == (broker.view.positions.get(MCL, 0), broker.view.positions.get(USO, 0))
    if run.is_superseded:
        assert (held, hedge) == (0, 0)
    assert abs(hedge - run.targets[USO] * held / run.targets[MCL]) <= 0.5
    assert [done.intent.intent_id for done in broker.done] == (
        ["i1", "i2"] if run.is_superseded else ["i1"]
    )
