"""Small collections on the stub backend, and what is in them."""

from __future__ import annotations

import pytest

from vla_isaac.collection.collector import Collector
from vla_isaac.collection.plan import CollectionPlan


@pytest.fixture
def plan():
    """Make a plan for the stub with tiny pictures."""

    def make(**changes) -> CollectionPlan:
        usual = {"tasks": ("reach", "lift"), "episodes": 4, "backend": "stub", "cameras": ("front",), "image_hw": (32, 32)}
        return CollectionPlan(**{**usual, **changes})

    return make


@pytest.fixture
def failing(monkeypatch):
    """Every attempt in this process fails at once, as one that runs out of time does after hundreds of steps."""
    monkeypatch.setattr(Collector, "run", lambda self, attempt, subscribers: ("timed_out", 0))
