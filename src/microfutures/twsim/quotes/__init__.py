"""What the market shows: lines of quotes, generic ticks, single ticks, depth."""
