"""The MuJoCo backend, the default: physics and rendering on any machine, no GPU."""
