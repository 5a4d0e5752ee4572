"""Studies: the decision code of the live system over years of bars, compiled."""
