"""The coloured groups of TWS's windows: each shows one contract to all who watch it.

There are no windows here, so a group changes only when a client changes it.
"""

from typing import Protocol

from microfutures.twsim.wire import Field

GROUPS = range(1, 8)
"""TWS's numbers of its colours."""

NOTHING = "none"
"""What TWS says of a group that shows no contract; else it is ``conId@exchange`` or ``combo``."""


class Watcher(Protocol):
    """What a group needs of a client that watches it."""

    client_id: int

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...


class DisplayGroups:
    """What each group shows, and who watches."""

    def __init__(self) -> None:
        self._shown: dict[int, str] = {}
        self._watchers: dict[tuple[int, int], tuple[Watcher, int]] = {}

    def watch(self, watcher: Watcher, request_id: int, group: int) -> None:
        """Tell what a group shows, and its changes from now on."""
        self._watchers[watcher.client_id, request_id] = (watcher, group)
        watcher.send(_updated(request_id, self._shown.get(group, NOTHING)))

    def show(self, watcher: Watcher, request_id: int, contract: str) -> bool:
        """Have the group that a request watches show a contract; tell whether there is one."""
        _, wanted = self._watchers.get((watcher.client_id, request_id), (None, 0))
        if not wanted:
            return False
        self._shown[wanted] = contract or NOTHING
        for (_, other_id), (other, group) in list(self._watchers.items()):
            if group == wanted:
                other.send(_updated(other_id, self._shown[wanted]))
        return True

    def forget(self, client_id: int, request_id: int) -> None:
        """End a request."""
        self._watchers.pop((client_id, request_id), None)

    def remove_client(self, client_id: int) -> None:
        """End every request of a client that is gone."""
        for key in [key for key in self._watchers if key[0] == client_id]:
            del self._watchers[key]


def _updated(request_id: int, contract: str) -> list[Field]:
    return [68, 1, request_id, contract]
