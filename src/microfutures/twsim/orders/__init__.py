"""Orders as TWS takes, remembers and tells them."""
