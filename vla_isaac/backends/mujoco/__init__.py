"""The embedded default backend: MuJoCo physics and pixels on any machine, no GPU."""
