"""Names of things, as types, so that one is not passed where another is meant."""

from typing import NewType

InstrumentId = NewType("InstrumentId", str)
"""One tradable contract, spelled as its exchange's local symbol: ``MCLX6``, ``USO``."""

Symbol = NewType("Symbol", str)
"""A product, whichever contract month: ``MCL``, ``USO``."""

OrderRef = NewType("OrderRef", str)
"""Our own name of an order; survives restarts, unlike the broker's order id."""

IntentId = NewType("IntentId", str)
"""One decision of a strategy; every order that serves it carries it."""

ExecutionId = NewType("ExecutionId", str)
"""The broker's name of one fill; a correction shares it up to the last dot."""

StrategyName = NewType("StrategyName", str)
