"""Which tape a backtest plays: a folder of files, a LEAN folder, a store, or single files."""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from microfutures.adapters.stored_tapes import is_store, load_stored
from microfutures.adapters.tapes import TapeMarket, load_tapes
from microfutures.adapters.tapes.load import SIZES, TapeOptions
from microfutures.adapters.tapes.paths import BarPath
from microfutures.app.arguments import parse_moment
from microfutures.model.errors import ConfigurationError

MOST_ROLL_DAYS = 15
"""The next month is not listed, or not traded, much earlier."""


def load_tape(
    data: Sequence[str],
    symbols: Sequence[str],
    *,
    between: tuple[str | None, str | None],
    spread_ticks: int,
    bar_size: str | None,
    bar_path: str,
    time_zone: str | None,
    roll_days: int,
) -> TapeMarket:
    """Return the market that ``--data`` names for `symbols`.

    Raises
    ------
    ConfigurationError
        If a flag is wrong; its subclass `TapeError` if a file is.
    """
    folder, files = _split(data, symbols)
    options = TapeOptions(
        spread_ticks=_spread(spread_ticks),
        path=_path(bar_path),
        bar_size=_size(bar_size),
        time_zone=_zone(time_zone),
        roll_business_days=_roll_days(roll_days),
    )
    start = parse_moment("--from", between[0])
    end = parse_moment("--to", between[1])
    if folder is not None and is_store(folder):
        if files:
            raise ConfigurationError("--data: a store and single files can't be played together")
        return load_stored(folder, symbols=symbols, start=start, end=end, options=options)
    named = [f"{each}={files[each]}" if each in files else each for each in symbols]
    return load_tapes(folder, symbols=named, start=start, end=end, options=options)


def _split(data: Sequence[str], symbols: Sequence[str]) -> tuple[Path | None, dict[str, Path]]:
    """Return the folder, and the files by symbol."""
    folders: list[Path] = []
    files: dict[str, Path] = {}
    for each in data:
        symbol, sign, file = each.partition("=")
        if sign and symbol in symbols:
            files[symbol] = Path(file)
        elif Path(each).is_dir():
            folders.append(Path(each))
        elif sign and symbol.isalnum():
            wanted = ", ".join(symbols)
            raise ConfigurationError(
                f"--data {each!a}: no active strategy trades {symbol}; they trade {wanted}"
            )
        else:
            raise ConfigurationError(f"--data {each!a}: no such directory")
    if len(folders) > 1:
        raise ConfigurationError(f"--data names {len(folders)} folders; one is played at a time")
    return (folders[0] if folders else None), files


def _spread(ticks: int) -> int:
    if ticks < 1:
        raise ConfigurationError(f"--spread-ticks must be at least 1, was {ticks}")
    return ticks


def _roll_days(days: int) -> int:
    if not 1 <= days <= MOST_ROLL_DAYS:
        raise ConfigurationError(
            f"--roll-days must be 1 to {MOST_ROLL_DAYS} business days, was {days}"
        )
    return days


def _path(name: str) -> BarPath:
    # Open and close of a bar by default: an invented path inside it would open gaps between the
    # legs that the market never had.
    paths = {"ends": BarPath.ENDS, "closes": BarPath.CLOSE, "extremes": BarPath.EXTREMES}
    if name not in paths:
        raise ConfigurationError(f"--bar-path must be one of {', '.join(paths)}, was {name!a}")
    return paths[name]


def _size(size: str | None) -> str | None:
    if size is not None and size not in SIZES:
        raise ConfigurationError(f"--bar-size must be one of {', '.join(SIZES)}, was {size!a}")
    return size


def _zone(name: str | None) -> str | None:
    if name is not None:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigurationError(
                f"--time-zone must be a zone like America/New_York, was {name!a}"
            ) from error
    return name
