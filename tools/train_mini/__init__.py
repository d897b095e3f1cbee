"""How the shipped policy `mini` is made, from nothing: ``make train-mini``."""
