"""`multi_task`: one encoder for all tasks, a head for each, and a classifier that says which of them a sentence asks for."""
