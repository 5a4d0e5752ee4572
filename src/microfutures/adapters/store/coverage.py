"""Which stretches of a series were asked for and answered: what a download need not ask again.

Rows alone can't tell: a weekend has none, and a hole in the middle looks like one.
"""

from pathlib import Path

import msgspec

from microfutures.adapters.store.errors import StoreError

FILE_NAME = "downloaded.json"

Stretch = tuple[int, int]
"""``[from, to)``, nanoseconds UTC."""


class Coverage:
    """The stretches of one series, in a small file beside its rows."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._stretches = self._load()

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Return what is known, ascending, without overlaps."""
        return tuple(self._stretches)

    def add(self, start_ns: int, end_ns: int) -> None:
        """Remember a stretch, on disk too."""
        self._stretches = joined([*self._stretches, (start_ns, end_ns)])
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(self._stretches))
        part.replace(self._path)

    def missing(self, start_ns: int, end_ns: int) -> list[Stretch]:
        """Return what of ``[start, end)`` is not known, ascending."""
        gaps: list[Stretch] = []
        at = start_ns
        for first, last in self._stretches:
            if first >= end_ns:
                break
            if first > at:
                gaps.append((at, first))
            at = max(at, last)
        if at < end_ns:
            gaps.append((at, end_ns))
        return gaps

    def _load(self) -> list[Stretch]:
        if not self._path.exists():
            return []
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Stretch])
        except msgspec.MsgspecError as error:
            raise StoreError(
                self._path, f"can't be read ({error})", "remove it; rows are asked for again"
            ) from error


def joined(stretches: list[Stretch]) -> list[Stretch]:
    """Return the union of some stretches, ascending."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
