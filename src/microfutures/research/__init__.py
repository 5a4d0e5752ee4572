"""Studies: the pair strategy at compiled speed, many sets of parameters, what the best is worth."""
