"""Tasks: the instruction reader, success predicates of goals, task families, and names of failures."""
