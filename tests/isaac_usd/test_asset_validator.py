"""Exported scenes before NVIDIA's asset validator, the one that Isaac Sim ships: its default rules, all of them."""

from __future__ import annotations

import pytest

pytest.importorskip("pxr", reason="needs usd-core; run: make test-isaac")
pytest.importorskip("omni.asset_validator", reason="needs omniverse-asset-validator; run: make test-isaac")

import omni.asset_validator as validator
from pxr import Usd

EXCLUDED: dict[str, str] = {}
"""Rules not asked, with the reason; none so far: the default rules need no Kit and find nothing."""


def findings(subject) -> list[str]:
    """Return what the rules have to say about a file or stage, of whatever severity."""
    engine = validator.ValidationEngine()
    for rule in engine.initialized_rules:
        if rule.__name__ in EXCLUDED:
            engine.disable_rule(rule)
    return [f"{issue.severity.name} {issue.rule.__name__}: {issue.message}" for issue in engine.validate(subject).issues()]


def test_an_exported_scene_has_no_errors_and_no_warnings(exported):
    assert findings(str(exported.file)) == []


def test_the_rules_are_the_forty_defaults_and_none_is_left_out():
    names = {rule.__name__ for rule in validator.ValidationEngine().initialized_rules}
    assert len(names) == 40
    assert {"ArticulationChecker", "ColliderChecker", "MassChecker", "PhysicsJointChecker", "RigidBodyChecker"} <= names
    assert not EXCLUDED


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (lambda s: s.ClearDefaultPrim(), "DefaultPrimChecker"),
        (lambda s: joint(s).GetRelationship("physics:body0").SetTargets(["/World/gone"]), "PhysicsJointChecker"),
        (lambda s: link(s).GetAttribute("physics:diagonalInertia").Set((-1.0, 0.1, 0.1)), "RigidBodyChecker"),
        (lambda s: link(s).GetAttribute("physics:principalAxes").Clear(), "MassChecker"),
        (lambda s: cube(s).RemoveAppliedSchema("MaterialBindingAPI"), "UsdMaterialBindingApi"),
    ],
    ids=["no default prim", "joint to nowhere", "negative inertia", "half an inertia", "binding without its schema"],
)
def test_the_validator_sees_what_is_wrong_with_a_scene_that_was_harmed(exported, harm, rule):
    stage = Usd.Stage.Open(str(exported.file))
    harm(stage)
    try:
        assert any(rule in finding for finding in findings(stage))
    finally:
        stage.Reload()


def joint(stage):
    return stage.GetPrimAtPath("/World/Robot/joints/panda_joint1")


def link(stage):
    return stage.GetPrimAtPath("/World/Robot/panda_link1")


def cube(stage):
    return stage.GetPrimAtPath("/World/Objects").GetChildren()[0]
