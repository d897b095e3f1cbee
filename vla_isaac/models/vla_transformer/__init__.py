"""`vla_transformer`: words and picture places attend to each other, token by token; action, value and policy heads."""
