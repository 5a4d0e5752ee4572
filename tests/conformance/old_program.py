"""The program that plays IB's old client: with it on its path, in a process of its own.

Without a port it prints the requests that the client has.
"""

import json
import sys
from typing import Any

import ibapi.client
import ibapi.contract
import ibapi.execution
import ibapi.order
import ibapi.scanner

from . import threaded
from .ears import Ears
from .old_client import NAME
from .results import requests_of
from .rows import SCANNER, filled

CLIENT_ID = 14


class OldIbapiKit:
    """IB's client as it was in 2020."""

    is_ibapi = False
    name = NAME

    def contract(self, **fields: Any) -> Any:
        return filled(ibapi.contract.Contract(), fields)

    def leg(self, **fields: Any) -> Any:
        return filled(ibapi.contract.ComboLeg(), fields)

    def order(self, **fields: Any) -> Any:
        # TWS refuses what this release still sets by itself (10268, 10269).
        return filled(ibapi.order.Order(), {"eTradeOnly": False, "firmQuoteOnly": False, **fields})

    def execution_filter(self) -> Any:
        return ibapi.execution.ExecutionFilter()

    def scanner(self) -> Any:
        return filled(ibapi.scanner.ScannerSubscription(), SCANNER)

    def wsh_events(self) -> Any:
        raise NotImplementedError("this client knows no events")

    def order_cancel(self) -> tuple[Any, ...]:
        return ()

    def next_order_id(self) -> int:
        return 6001


def main(arguments: list[str]) -> None:
    """Print the client's requests, or what it heard to each of its rows, as JSON."""
    if not arguments:
        print(json.dumps(requests_of(ibapi.client.EClient)))
        return
    ears = Ears()
    client = ibapi.client.EClient(ears)
    results = threaded.play(client, OldIbapiKit(), ears, int(arguments[0]), CLIENT_ID)
    print(json.dumps([result.answer for result in results]))


if __name__ == "__main__":
    main(sys.argv[1:])
