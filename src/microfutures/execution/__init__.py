"""How intents become positions: our orders, two legs, partial fills, repricing."""
