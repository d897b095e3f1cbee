"""The `Backend` protocol of every simulator, the clock, and `drive`."""
