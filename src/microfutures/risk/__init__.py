"""Whether an order may leave; nothing else makes an `Approved`."""
