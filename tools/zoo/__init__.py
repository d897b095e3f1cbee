"""The comparison of models in docs/zoo.md: made by ``python -m tools.zoo``, written by ``python -m tools.zoo.table``."""
