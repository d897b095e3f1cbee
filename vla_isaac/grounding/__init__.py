"""What a sentence means in a scene: the grammar where it can read it, else the grounding network with its confidence."""

from vla_isaac.grounding.understanding import Understanding, understand

__all__ = ["Understanding", "understand"]
