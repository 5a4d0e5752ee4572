"""Print the table of all benchmarks."""

from benchmarks.full_stack import simulated_day
from benchmarks.wire import encode_quotes

if __name__ == "__main__":
    for line in (*encode_quotes(), *simulated_day()):
        print(line)
