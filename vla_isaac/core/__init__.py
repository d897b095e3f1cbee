"""Values, rotations, specs, errors, configuration, registry: what everything else is made of; numpy only."""
