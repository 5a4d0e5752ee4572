"""Compilation of plain Python by numba, once for each machine and version of the sources.

numba keeps compiled code by the file of the outermost function alone. What is compiled here calls
the pure functions of `analytics`, so the cache's folder is named by the text of all of them: a
changed decision is never run from an old cache.
"""

import logging
import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from microfutures.analytics import pairs, rolling

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

Item = Any
"""Of an array: a number, or a record."""

PURE: Sequence[Callable[..., Any]] = (
    rolling.push,
    rolling.mean,
    rolling.deviation,
    pairs.observe,
    pairs.spread_deviation,
    pairs.z_score,
    pairs.order_cost,
    pairs.plan_unit,
    pairs.decide,
    pairs.step,
    pairs.closed,
    pairs._enter,
    pairs._leave,
    pairs._rule_against,
    pairs._rule_to_flatten,
    pairs.affordable_units,
)
"""Called by name from compiled code, and by the live strategy as they are."""

for _each in PURE:
    # Left to itself the compiler calls the large ones: that costs more than what they do.
    register_jitable(forceinline=True)(_each)


def cache_folder() -> Path:
    """Return where compiled code is kept for this very text of the sources."""
    sources = sorted({Path(pairs.__file__), Path(rolling.__file__)})
    sources += sorted(Path(__file__).parent.glob("*.py"))
    text = b"".join(each.read_bytes() for each in sources) + numba.__version__.encode()
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "microfutures" / f"kernel-{sha256(text).hexdigest()[:16]}"


FOLDER = cache_folder()


UNCOUNTED: Any = {"_nrt": False}
"""No compiled function makes an array or keeps one: Python holds what it hands over. Left to
itself numba counts the holders of each array at each call, in atomic steps, and that cost a sixth
of a run; a function that made an array would not compile now."""


def compiled(function: Function) -> Function:
    """Compile `function` at its first call, and keep what came of it; threads run beside it."""
    settings: Any = numba.config
    before, settings.CACHE_DIR = settings.CACHE_DIR, str(FOLDER)
    try:
        return cast(Function, numba.njit(nogil=True, cache=True, **UNCOUNTED)(function))
    finally:
        settings.CACHE_DIR = before


def inlined(function: Function) -> Function:
    """Have `function` compiled into its callers: a call costs more than what most of them do."""
    return cast(Function, numba.njit(forceinline=True, **UNCOUNTED)(function))


@inlined
def item(values: NDArray[Any], place: int) -> Item:
    """Return the item at a place from 0 on; nobody asks whether it counts from the end."""
    return values[np.uint64(place)]


def tell_first_use() -> None:
    """Say that compilation is coming, if nothing is kept yet."""
    if not any(FOLDER.glob("**/*.nbi")):
        log.warning("compiling the kernel for this machine: once, some ten seconds")
