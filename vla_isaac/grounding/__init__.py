"""What a sentence means in a scene: the grammar where it can read it, else the grounding network with its confidence."""

from vla_isaac.grounding.understanding import Understanding, places_of, understand, words_understood

__all__ = ["Understanding", "places_of", "understand", "words_understood"]
