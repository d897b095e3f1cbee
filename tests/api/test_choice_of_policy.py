"""Which policy acts where none was named, and why."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

import vla_isaac
import vla_isaac.api as api
from vla_isaac import FrankaSceneBuilder, IsaacVLASystem
from vla_isaac.api import policy_choice
from vla_isaac.core.errors import ConfigError
from vla_isaac.scene.cameras import CameraConfig

EXPERT_SEES = "scripted (expert; it sees the true state of the scene)"


@pytest.fixture
def can_run(monkeypatch):
    """Take it for granted that the shipped checkpoint can be run and pictures can be drawn."""
    monkeypatch.setattr(policy_choice, "_why_not_here", lambda: None)


def chosen(backend: str = "mujoco", **wanted) -> str:
    return api.choose_policy(backend, api.make_request(**wanted))


def reason(backend: str = "mujoco", **wanted) -> str:
    return policy_choice.default_choice(backend, api.make_request(**wanted)).reason


@pytest.mark.usefixtures("can_run")
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"task": "stack"},
        {"instruction": "Lift the red cube"},
        {"goal": "on(red_cube, blue_box)"},
        {"instruction": "put the red cube left of the blue box", "scene": "clutter"},
        {"instruction": "Put the green cube in the white bowl", "scene": "clutter"},
        {"instruction": "Put the yellow cylinder on the blue box", "scene": "clutter"},
        {"instruction": "put the crimson block on the navy platform"},
        {"instruction": "put red_cube on blue_box"},
        {"scene": "sorting"},
        {"instruction": "put the red cube in the blue bin and the green cube in the red bin", "scene": "sorting"},
        {"task": "stack", "scene": "tabletop"},
    ],
)
def test_the_learned_policy_is_the_default_for_what_its_checkpoint_declares(wanted):
    assert chosen(**wanted) == "mini"


@pytest.mark.usefixtures("can_run")
@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"task": "tower"}, "is not made for the family 'tower'"),
        ({"instruction": "put all the cubes in the red bin", "scene": "sorting"}, "is not made for the family 'clear'"),
        (
            {"instruction": "Put the red cube on the blue box, then put the green cube on top of it"},
            "is not made for 2 steps in a row",
        ),
        ({"instruction": "touch the red cube"}, "is not made for touching(red_cube)"),
        (
            {"instruction": "Sort the cubes into the matching bins", "scene": "sorting"},
            "is not made for 3 goals at once as in in(red_cube, red_bin) and in(green_cube, green_bin) and "
            "in(blue_cube, blue_bin)",
        ),
        ({"instruction": "sing a song"}, "is not made for an instruction that cannot be read as a goal"),
        ({"goal": "none"}, "is not made for runs without a goal"),
        ({"goal": "lifted(green_cube)"}, "is given the instruction only, and --goal asks for something else"),
        (
            {"instruction": "push the yellow cylinder forward", "scene": "clutter"},
            "is not made for yellow_cylinder in pushed_to(yellow_cylinder, forward); there it supports cube",
        ),
    ],
)
def test_the_expert_does_everything_else_and_the_reason_says_what_was_not_trained(wanted, why):
    assert chosen(**wanted) == "scripted"
    assert reason(**wanted) == f"mini {why}"


@pytest.mark.usefixtures("can_run")
@pytest.mark.parametrize(
    ("sentence", "scene"),
    [
        ("put the green cube in the bowl", "clutter"),
        ("stack red on yellow", "stacking"),
        ("would you mind hoisting the crimson cube for me", "tabletop"),  # only the network reads it
    ],
)
def test_objects_may_be_named_as_people_do(sentence, scene):
    assert chosen(instruction=sentence, scene=scene) == "mini"


def breakfast() -> FrankaSceneBuilder:
    return FrankaSceneBuilder("breakfast").add_cube("red").add("bowl", "white")


@pytest.mark.usefixtures("can_run")
@pytest.mark.parametrize(
    ("scene", "instruction", "why"),
    [
        (breakfast().add_cube("brown"), "put the brown cube in the white bowl", "was not trained on a brown cube"),
        (
            breakfast().add("cube", "green", name="sponge"),
            "put the sponge in the white bowl",
            "identifies objects by colour and shape, and the green cube is called 'sponge'",
        ),
        (
            breakfast().add("cube", "green", size=(0.05, 0.05, 0.05)),
            "put the green cube in the white bowl",
            "was not trained on a green cube of this size",
        ),
        (
            breakfast().add("cube", "red", name="spare"),
            "put the spare in the white bowl",
            "cannot distinguish one red cube of this scene from another",
        ),
    ],
)
def test_objects_that_the_checkpoint_does_not_declare_are_left_to_the_expert(scene, instruction, why):
    assert reason(scene=scene.build(), instruction=instruction) == f"mini {why}"


@pytest.mark.usefixtures("can_run")
def test_a_family_in_a_scene_with_an_unknown_object_is_left_to_the_expert():
    assert reason(task="lift", scene=breakfast().add_cube("black").build()) == "mini was not trained on a black cube"


@pytest.mark.usefixtures("can_run")
def test_the_name_of_the_scene_decides_nothing():
    scene = replace(api.make_request(scene="clutter").scene, name="my own")
    assert chosen(scene=scene, instruction="Put the green cube in the white bowl") == "mini"


@pytest.mark.usefixtures("can_run")
@pytest.mark.parametrize(
    ("backend", "why"),
    [
        ("isaac", "mini has not been measured on the backend 'isaac'"),
        ("stub", "mini has not been measured on the backend 'stub', which draws a flat picture"),
    ],
)
def test_on_other_backends_the_expert_acts(backend, why):
    assert (chosen(backend), reason(backend)) == ("scripted", why)


@pytest.mark.usefixtures("can_run")
def test_without_its_cameras_the_expert_acts():
    request = api.make_request("Lift the red cube")
    blind = replace(request.scene, cameras=tuple(c for c in request.scene.cameras if c.name != "wrist"))
    found = policy_choice.default_choice("mujoco", replace(request, scene=blind))
    assert (found.policy, "needs the cameras front and wrist" in found.reason) == ("scripted", True)


@pytest.mark.usefixtures("can_run")
def test_with_a_camera_that_looks_elsewhere_the_expert_acts():
    request = api.make_request("Lift the red cube")
    front = CameraConfig(name="front", eye=(0.5, 0.0, 1.2), target=(0.5, 0.0, 0.0), up=(1.0, 0.0, 0.0))
    others = tuple(c for c in request.scene.cameras if c.name != "front")
    found = policy_choice.default_choice("mujoco", replace(request, scene=replace(request.scene, cameras=(front, *others))))
    assert found.reason == "mini was trained with other cameras than those of the scene 'tabletop'"


@pytest.mark.parametrize(
    ("name", "broken", "why"),
    [
        ("is_installed", lambda _: False, "mini needs the package 'onnxruntime'"),
        ("headless_gl", lambda: "disable", "mini needs pictures, and this machine has no OpenGL to draw them"),
    ],
)
def test_where_the_learned_policy_cannot_run_the_expert_acts(monkeypatch, name, broken, why):
    monkeypatch.setattr(policy_choice, "is_installed", lambda _: True)
    monkeypatch.setattr(policy_choice, "headless_gl", lambda: "egl")
    monkeypatch.setattr(policy_choice, name, broken)
    assert (chosen(task="stack"), reason(task="stack")) == ("scripted", why)


def test_without_a_checkpoint_the_expert_acts(monkeypatch):
    def none(_name):
        raise ConfigError("made by the test")

    monkeypatch.setattr(policy_choice, "checkpoint_of", none)
    assert reason(task="stack") == "mini has no checkpoint in this installation"


def test_a_run_without_a_named_policy_warns_of_the_expert_and_keeps_the_reason(caplog):
    with caplog.at_level(logging.INFO):
        result = vla_isaac.run("Lift the red cube", backend="stub", max_steps=2)
    assert (result.policy, result.policy_reason) == ("scripted", reason("stub"))
    (record,) = (r for r in caplog.records if r.message.startswith("policy: "))
    assert record.levelno == logging.WARNING
    assert record.message.startswith(f"policy: {EXPERT_SEES} because mini has not been measured")
    assert record.message.endswith("choose one with policy=")


@pytest.mark.parametrize(
    ("policy", "why"),
    [(None, "the default of make_session, which sees the true state"), ("scripted", "chosen by the caller")],
)
def test_a_session_says_in_its_results_whether_the_policy_was_named(policy, why):
    with api.make_session("stub", policy) as session:
        result = session.run(api.make_request("Lift the red cube", max_steps=2))
    assert (result.policy, result.policy_reason) == ("scripted", why)


@pytest.mark.parametrize(
    ("model", "why"),
    [(None, "the default of IsaacVLASystem, which sees the true state"), ("scripted", "chosen by the caller")],
)
def test_the_system_of_the_chapter_says_in_its_results_whether_the_policy_was_named(model, why):
    with IsaacVLASystem(model, backend="stub") as system:
        result = system.setup_scene().run_vla_control_loop(max_steps=2)
    assert (result.policy, result.policy_reason) == ("scripted", why)
