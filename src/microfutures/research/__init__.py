"""Studies: many sets of parameters tried, and what the best of them is worth."""
