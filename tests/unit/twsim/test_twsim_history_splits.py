"""Bars over a share split are in shares of today."""

from decimal import Decimal

import pytest

from microfutures.model.identifiers import InstrumentId
from microfutures.twsim.history.bar_sizes import Duration, Span
from microfutures.twsim.history.bars import History
from microfutures.venue.messages import QuoteChanged, SplitUpdate
from microfutures.venue.synthetic import SyntheticMarket
from microfutures.venue.venue import Venue

SECOND = 10**9
FUND = InstrumentId("USO")


@pytest.mark.parametrize("what", ["TRADES", "MIDPOINT"])
def test_bars_from_before_a_reverse_split_are_eight_times_as_high(what: str) -> None:
    market = SyntheticMarket(("USO",), seed=1)
    venue = Venue(
        instruments=market.instruments,
        accounts=("DU1",),
        initial_cash=Decimal(25_000),
        start_ns=market.start_ns,
        seed=1,
    )
    history = History(venue, market)
    updates = market.updates()
    for update in updates:
        for event in venue.apply(update):
            if isinstance(event, QuoteChanged):
                history.on_quote(event.quote)
        if update.time_ns > market.start_ns + 600 * SECOND:
            break
    fund = venue.instrument(FUND)
    now_ns = venue.now_ns + 1

    def hour() -> list[tuple[float, float, float]]:
        bars = history.request(
            fund,
            what=what,
            end_ns=now_ns,
            bar_seconds=60,
            span=Duration(Span.SECONDS, 3600),
            regular_only=False,
        )
        return [(bar.start_ns, bar.close, bar.volume) for bar in bars]

    before = hour()
    assert any(start_ns < market.start_ns for start_ns, _, _ in before)
    venue.apply(SplitUpdate(now_ns, FUND, 1, 8))
    after = hour()
    assert after == [(start, close * 8, volume / 8) for start, close, volume in before]
