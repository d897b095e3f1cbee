"""Training of the grounding network on sentences of many voices and of templates."""
