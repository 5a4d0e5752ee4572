"""`microfutures backtest`: from its flags to its result."""
