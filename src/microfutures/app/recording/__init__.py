"""`--record`: what the desk sees goes into the store, by a process of its own."""
