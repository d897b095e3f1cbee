"""The stub: a kinematic, deterministic world in numpy, for logic tests and teaching."""
