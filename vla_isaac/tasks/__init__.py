"""What is to be done: instructions read into goals, goals judged by predicates, families to draw tasks from."""
