"""`mini`: object detectors, instruction grounding and a controller head; small enough for any CPU."""
