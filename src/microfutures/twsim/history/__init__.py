"""The past: bars and single ticks, and bars that grow."""
