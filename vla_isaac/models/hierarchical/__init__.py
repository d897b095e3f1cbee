"""`hierarchical`: a planner says what is to be done, a selector chooses a skill for now, a controller carries it out."""
