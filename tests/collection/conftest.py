"""Small collections on the stub backend, and what is in them."""

from __future__ import annotations

import pytest

from vla_isaac.collection.plan import CollectionPlan


@pytest.fixture
def plan():
    """Make a plan for the stub with tiny pictures."""

    def make(**changes) -> CollectionPlan:
        usual = {"tasks": ("reach", "lift"), "episodes": 4, "backend": "stub", "cameras": ("front",), "image_hw": (32, 32)}
        return CollectionPlan(**{**usual, **changes})

    return make
