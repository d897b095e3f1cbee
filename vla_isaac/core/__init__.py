"""Values, rotations, specs, errors, configuration, registry: shared by every other folder; numpy only."""
