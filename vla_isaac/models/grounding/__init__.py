"""The grounding network: a sentence and the objects of a scene to a plan of goals, or to a reason why there is none."""
