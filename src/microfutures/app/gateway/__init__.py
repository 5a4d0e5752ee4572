"""`microfutures gateway`: the simulator as a process of its own, and recordings."""
