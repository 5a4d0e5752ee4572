"""The lengths of the bars that IB makes, in seconds, as it spells them."""

SIZES = {
    1: "1 secs",
    5: "5 secs",
    10: "10 secs",
    15: "15 secs",
    30: "30 secs",
    60: "1 min",
    120: "2 mins",
    180: "3 mins",
    300: "5 mins",
    600: "10 mins",
    900: "15 mins",
    1200: "20 mins",
    1800: "30 mins",
    3600: "1 hour",
}


def bar_size(sample_seconds: int) -> int:
    """Return the longest bar that IB makes which divides `sample_seconds`."""
    return max(size for size in SIZES if sample_seconds % size == 0)
