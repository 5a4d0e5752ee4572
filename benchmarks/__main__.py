"""Print the table of all benchmarks."""

from benchmarks.compiled import compiled
from benchmarks.event_driven import event_driven
from benchmarks.full_stack import simulated_day
from benchmarks.gateway import order_latency, quotes_to_clients
from benchmarks.tick_to_order import tick_to_order
from benchmarks.wire import encode_quotes

PARTS = (
    encode_quotes,
    order_latency,
    quotes_to_clients,
    tick_to_order,
    simulated_day,
    event_driven,
    compiled,
)

if __name__ == "__main__":
    for part in PARTS:
        for line in part():
            print(line, flush=True)
