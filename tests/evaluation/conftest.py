"""Small evaluations on the stub backend."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vla_isaac.evaluation import EvaluationPlan


@pytest.fixture
def plan():
    """Make a plan of a few lifts on the stub."""

    def make(**changes) -> EvaluationPlan:
        usual = {"policy": "scripted", "tasks": ("lift",), "episodes": 3, "backend": "stub"}
        return EvaluationPlan(**{**usual, **changes})

    return make


@pytest.fixture
def timeless():
    """Return outcomes without what differs from run to run, the wall time."""
    return lambda outcomes: [replace(outcome, wall_seconds=0.0) for outcome in outcomes]
