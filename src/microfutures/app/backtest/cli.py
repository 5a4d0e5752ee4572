"""`microfutures backtest` on the command line; what it does is imported when it runs."""

from pathlib import Path

import typer

from microfutures.app import arguments_flags as flags
from microfutures.model.expiry import ROLL_BUSINESS_DAYS


def backtest(
    data: flags.BacktestData,
    config: flags.Config = None,
    tape_start: flags.TapeStart = None,
    tape_end: flags.TapeEnd = None,
    capital: flags.Capital = None,
    cash: flags.Cash = 25_000,
    latency: flags.Latency = 0.25,
    spread_ticks: flags.SpreadTicks = 1,
    bar_size: flags.BarSize = None,
    bar_path: flags.PlayedPart = "ends",
    time_zone: flags.TimeZone = None,
    roll_days: flags.RollDays = ROLL_BUSINESS_DAYS,
    output: flags.Output = Path("backtest-result"),
    journal: flags.KeepJournal = True,
) -> None:
    """Run the strategies on recorded markets.

    The engine, the risk gate and the simulated venue are those of a run. Ctrl+C ends the tape and
    keeps what was done.
    """
    from microfutures.app.backtest.command import BacktestCommand, run_backtest

    command = BacktestCommand(
        config=config,
        data=tuple(data),
        tape_start=tape_start,
        tape_end=tape_end,
        capital=capital,
        cash=cash,
        latency=latency,
        spread_ticks=spread_ticks,
        bar_size=bar_size,
        bar_path=bar_path,
        time_zone=time_zone,
        roll_days=roll_days,
        output=output,
        keeps_journal=journal,
    )
    raise typer.Exit(run_backtest(command, on_line=typer.echo))
