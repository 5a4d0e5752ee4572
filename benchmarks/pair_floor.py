"""The least Python that still is an event engine, and the same strategy on it."""

from collections.abc import Callable, Sequence

from benchmarks.pair_strategy import LOOKBACK, Z_ENTRY, Z_EXIT, LogWindow

MULTIPLIERS = {"MCL": 100.0, "USO": 1.0}
FEES = {"MCL": 0.77, "USO": 0.01}
"""USD for each contract and share."""


class FloorOrder:
    """So many of a symbol."""

    __slots__ = ("quantity", "symbol")

    def __init__(self, symbol: str, quantity: int) -> None:
        self.symbol = symbol
        self.quantity = quantity


class FloorEngine:
    """Hands out bars; fills what was ordered at the next one."""

    def __init__(self) -> None:
        self.cash = 0.0
        self.positions = dict.fromkeys(MULTIPLIERS, 0)
        self.handlers: dict[str, Callable[[float], None]] = {}
        self._waiting: dict[str, list[FloorOrder]] = {symbol: [] for symbol in MULTIPLIERS}

    def submit(self, order: FloorOrder) -> None:
        """Take an order."""
        self._waiting[order.symbol].append(order)

    def run(self, first: Sequence[float], second: Sequence[float]) -> None:
        """Play the closes of both."""
        for prices in zip(first, second, strict=True):
            for symbol, price in zip(MULTIPLIERS, prices, strict=True):
                for order in self._waiting[symbol]:
                    self.positions[symbol] += order.quantity
                    self.cash -= order.quantity * price * MULTIPLIERS[symbol]
                    self.cash -= abs(order.quantity) * FEES[symbol]
                self._waiting[symbol].clear()
                self.handlers[symbol](price)


class FloorPair:
    """The pair, told bar by bar."""

    def __init__(self, engine: FloorEngine) -> None:
        self.trips = 0
        self._engine = engine
        self._window = LogWindow(LOOKBACK)
        self._price = 0.0
        self._side = 0
        engine.handlers = {"MCL": self.on_first, "USO": self.on_second}

    def on_first(self, price: float) -> None:
        """Take a close of the first."""
        self._price = price

    def on_second(self, price: float) -> None:
        """Take a close of the second, and decide."""
        z = self._window.z(self._price, price)
        if z is None:
            return
        if self._side == 0:
            if abs(z) > Z_ENTRY:
                self._go(-1 if z > 0 else 1)
        elif abs(z) < Z_EXIT:
            self.trips += 1
            self._go(0)

    def _go(self, side: int) -> None:
        change = side - self._side
        self._engine.submit(FloorOrder("MCL", change))
        self._engine.submit(FloorOrder("USO", -100 * change))
        self._side = side


def floor_trips(first: Sequence[float], second: Sequence[float]) -> int:
    """Return how many round trips the floor makes of the closes."""
    engine = FloorEngine()
    pair = FloorPair(engine)
    engine.run(first, second)
    return pair.trips
