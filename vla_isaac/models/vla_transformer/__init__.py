"""`vla_transformer`: cross-attention between words and picture patches; action, value and policy heads."""
