"""What a client heard to each row, and which rows a client has."""

import inspect
import re
from collections.abc import Iterator
from typing import NamedTuple

from .rows import ROWS, Row

REQUEST = re.compile(
    r"(req[A-Z]|cancel|calculate|query|subscribe|unsubscribe|exercise|request|replace|verify"
    r"|updateDisplay|placeOrder|setServerLogLevel)"
)


class Result(NamedTuple):
    """What a client heard to a row."""

    row: Row
    client: str
    answer: str | None

    @property
    def is_answered(self) -> bool:
        return self.answer is not None and self.answer in self.row.answers


def requests_of(client: type) -> list[str]:
    """Return the names of a client's requests; those of later servers' encoding left out."""
    return sorted(
        name
        for name, _ in inspect.getmembers(client, inspect.isfunction)
        if REQUEST.match(name) and not name.endswith("ProtoBuf")
    )


def rows_of(client: type) -> Iterator[Row]:
    """Return the rows whose method a client has."""
    return (row for row in ROWS if hasattr(client, row.method))
