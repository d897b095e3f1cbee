"""`hierarchical`: a planner encodes the goal, a selector chooses the current skill, a controller executes it."""
