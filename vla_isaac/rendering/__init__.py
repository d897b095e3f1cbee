"""Pictures of a scene by MuJoCo's renderer, for any physics engine."""
