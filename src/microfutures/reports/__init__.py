"""Tear sheets: what a run came to, as one HTML file and as lines for a terminal."""
