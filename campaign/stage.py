"""What a day is played on: its settings, a slow market, and a gateway that is watched."""

import json
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import msgspec

from campaign.market import SlowMarket
from campaign.script import Script
from campaign.witness import WatchedVenue, Witness
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.app.arguments import RunOptions, run_options
from microfutures.config import Settings
from microfutures.config.loading import load_with_origins
from microfutures.model import catalog
from microfutures.model.identifiers import OrderRef
from microfutures.model.trading_hours import NEW_YORK, local_date, moment_ns
from microfutures.twsim.gateway import DEFAULT_ACCOUNT
from microfutures.twsim.server import TwsServer
from microfutures.venue.synthetic import SyntheticMarket

SLOWNESS = 5
"""A gap that is worth a trade every four minutes."""
KEEP_EACH = 5
STEP_NS = 1_250_000_000
"""Of the market that is slowed: a quote of each leg every six seconds."""
START_NS = moment_ns(date(2026, 9, 8), time(9, 31), NEW_YORK)
CASH = Decimal(50_000)


class Prepared(msgspec.Struct, frozen=True):
    """Settings as they come from a file and a command line."""

    settings: Settings
    options: RunOptions


def prepare(script: Script, folder: Path) -> Prepared:
    """Return the settings of a day, read from a file like anybody's."""
    document = {
        "trading": {"initial_capital": script.capital},
        "risk": script.limits,
        "strategies": {"MicroCrudeOilArbitrage": {"parameters": script.parameters}},
    }
    path = folder / "config.json"
    path.write_text(json.dumps(document))
    overrides = {"logging.log_dir": str(folder), "display.mode": "none"}
    loaded = load_with_origins(path, overrides)
    return Prepared(loaded.settings, run_options(loaded, simulate="demo", virtual_time=True))


def build_market(script: Script) -> SlowMarket:
    """Return the day's market, from a minute after the funds' opening bell."""
    source = SyntheticMarket(
        seed=script.seed, start_ns=START_NS, scenario=script.market, step_ns=STEP_NS
    )
    today = local_date(START_NS, NEW_YORK)
    quoted = frozenset(catalog.front_contract(each, today).instrument_id for each in ("MCL", "USO"))
    return SlowMarket(
        source,
        slowness=SLOWNESS,
        keep_each=KEEP_EACH,
        thinness=script.thinness,
        quoted=quoted,
    )


def build_watched_server(
    market: SlowMarket, clock: SimulatedClock, witness: Witness, seed: int
) -> TwsServer:
    """Return a gateway whose venue tells `witness` everything, not started."""
    venue = WatchedVenue(
        instruments=market.instruments,
        accounts=(DEFAULT_ACCOUNT,),
        initial_cash=CASH,
        start_ns=START_NS,
        seed=seed,
    )
    server = TwsServer(venue=venue, market=market, clock=clock, accounts=(DEFAULT_ACCOUNT,))
    orders = server.exchange.orders

    def reference_of(perm_id: int) -> OrderRef:
        # An order is asked about when it arrives: it is the latest, or nearly.
        named = (each.order_ref for each in reversed(orders.values()) if each.perm_id == perm_id)
        return OrderRef(next(named, ""))

    venue.witness = witness
    witness.reference_of = reference_of
    return server
