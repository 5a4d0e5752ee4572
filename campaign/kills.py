"""``python -m campaign.kills --kills 100 --seed 1 --who desk``: real processes, killed under load.

A desk trades at a gateway, both processes of their own; one of them, or both, gets SIGKILL at a
random moment of trading and is started again. Then everything is closed and the laws of
`kill_audit` are held. A kill in five hits a process that is just starting, before anything was
held. Exit code 1 if a law was broken; the files are left where the line says.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from shutil import rmtree
from time import perf_counter, sleep

import msgspec

from campaign.kill_audit import audit
from campaign.kill_stage import NeverCame, Stage, open_positions
from microfutures.app.journal.replay import replay
from microfutures.twsim.keeping import Remembered

WHO = {"desk": ("desk",), "gateway": ("gateway",), "both": ("desk", "gateway")}
KILLS_A_MARKET = 20
"""After which the next begins: funds stop trading in the afternoon, and a new market is another."""
LATEST_SECONDS = 4.0
AGAIN_SHARE = 0.2
AUDIT_SECONDS = 30.0
"""For the last commission reports to come."""


class Tally(msgspec.Struct):
    """What a number of kills came to."""

    kills: int = 0
    amid_orders: int = 0
    """While an order was at work at the broker."""
    amid_positions: int = 0
    orders: int = 0
    executions: int = 0
    violations: list[str] = msgspec.field(default_factory=list)


def kill_often(stage: Stage, who: tuple[str, ...], kills: int, draws: Random, tally: Tally) -> None:
    """Kill and audit on one stage; stop at the first law that is broken."""
    stage.start_gateway()
    stage.start_desk()
    left = kills
    while left and not tally.violations:
        stage.wait_until_it_trades()
        stage.wait_for_an_order()
        sleep(draws.uniform(0, LATEST_SECONDS))
        _kill(stage, who, draws, tally)
        left -= 1
        while left and draws.random() < AGAIN_SHARE:
            sleep(draws.uniform(0, LATEST_SECONDS))
            _kill(stage, who, draws, tally)
            left -= 1
        stage.wait_until_quiet()
        tally.violations += _audit(stage)
    stage.end()
    _count(stage.broker(), tally)
    if not tally.violations:
        difference = replay(stage.journal).difference
        tally.violations += [] if difference is None else [f"replay differs: {difference}"[:400]]


def _kill(stage: Stage, who: tuple[str, ...], draws: Random, tally: Tally) -> None:
    for name in draws.sample(who, len(who)):
        stage.kill(name)
        sleep(draws.uniform(0, 0.2) if len(who) > 1 else 0)
    broker = stage.broker()
    tally.kills += 1
    tally.amid_positions += bool(open_positions(broker))
    if broker is not None:
        tally.amid_orders += any(each.facts.is_open for each in broker.orders)
    for name in draws.sample(who, len(who)):
        sleep(draws.uniform(0, 1))
        stage.start(name)


def _audit(stage: Stage) -> list[str]:
    """Return the laws that stay broken."""
    deadline = perf_counter() + AUDIT_SECONDS
    while (broken := audit(stage)) and perf_counter() < deadline:
        sleep(0.25)
    return broken


def _count(broker: Remembered | None, tally: Tally) -> None:
    if broker is not None:
        tally.orders += len(broker.orders)
        tally.executions += len(broker.executions)


def run(who: str, kills: int, seed: int, folder: Path) -> Iterator[str]:
    """Kill `who` so many times; yield a line when a law is broken, and one at the end."""
    tally, started = Tally(), perf_counter()
    for market in range(-(-kills // KILLS_A_MARKET)):
        place = folder / f"{who}-{seed + market}"
        place.mkdir(parents=True)
        stage = Stage(place, seed + market)
        draws = Random(f"{who}/{seed + market}")
        try:
            kill_often(stage, WHO[who], min(KILLS_A_MARKET, kills - tally.kills), draws, tally)
        except NeverCame as error:
            tally.violations.append(str(error))
        finally:
            stage.end()
        if tally.violations:
            yield f"{who}, market {seed + market}: {'; '.join(tally.violations)}; see {place}"
            break
        rmtree(place)
    yield (
        f"{who}: {tally.kills} kills, {tally.amid_orders} while an order worked and "
        f"{tally.amid_positions} while a position was held; {tally.orders} orders, "
        f"{tally.executions} executions; {len(tally.violations)} laws broken; "
        f"{perf_counter() - started:.0f} s"
    )


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m campaign.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--who", choices=[*WHO, "all"], default="all")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    is_broken = False
    for who in WHO if options.who == "all" else (options.who,):
        for line in run(who, options.kills, options.seed, folder):
            print(line, flush=True)
            is_broken = is_broken or "; see " in line
    if not is_broken:
        rmtree(folder)
    return 1 if is_broken else 0


if __name__ == "__main__":
    sys.exit(main())
