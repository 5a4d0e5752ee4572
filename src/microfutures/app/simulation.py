"""The embedded simulator: a market, a clock that starts where the market does, a gateway."""

from collections.abc import Callable, Sequence

import msgspec

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.app.arguments import DEFAULT_SCENARIO, RunOptions
from microfutures.twsim.gateway import build_server
from microfutures.twsim.server import TwsServer
from microfutures.venue.market import MarketSource
from microfutures.venue.synthetic import SyntheticMarket


class Simulation(msgspec.Struct, frozen=True):
    """A market on its own clock behind a gateway that is not started yet."""

    server: TwsServer
    clock: SimulatedClock
    market: MarketSource


def build_simulation(
    options: RunOptions, symbols: Sequence[str], *, on_tape_end: Callable[[], None]
) -> Simulation:
    """Return the simulation that `options` ask for, on any free port of this machine."""
    market = build_market(options, symbols)
    clock = SimulatedClock(market.start_ns, speed=options.speed)
    server = build_server(
        market=market,
        clock=clock,
        host="127.0.0.1",
        port=0,
        seed=options.seed,
        on_tape_end=on_tape_end,
    )
    return Simulation(server, clock, market)


def build_market(
    options: RunOptions, symbols: Sequence[str], *, start_ns: int | None = None
) -> MarketSource:
    """Return the tape or the synthetic market; tapes are imported only when one is played."""
    if options.data is None:
        name = options.simulate or DEFAULT_SCENARIO
        return SyntheticMarket(symbols, seed=options.seed, start_ns=start_ns, scenario=name)
    from microfutures.adapters.stored_tapes import is_store, load_stored
    from microfutures.adapters.tapes import load_tapes
    from microfutures.adapters.tapes.load import TapeOptions
    from microfutures.adapters.tapes.paths import BarPath

    # Only open and close of a bar: an invented path inside it would open gaps between the legs
    # that the market never had.
    load = load_stored if is_store(options.data) else load_tapes
    return load(
        options.data,
        symbols=tuple(symbols),
        start=options.tape_start,
        end=options.tape_end,
        options=TapeOptions(path=BarPath.ENDS),
    )
