"""Who acts where nobody was named."""

from __future__ import annotations

from dataclasses import replace

import pytest

import vla_isaac.api as api


@pytest.fixture
def has_checkpoint(monkeypatch):
    monkeypatch.setattr(api, "_has_learned", lambda: True)


def chosen(backend: str = "mujoco", **wanted) -> str:
    return api.choose_policy(backend, api.make_request(**wanted))


@pytest.mark.usefixtures("has_checkpoint")
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"task": "stack"},
        {"instruction": "Lift the red cube"},
        {"goal": "on(red_cube, blue_box)"},
        {"instruction": "put the red cube left of the blue box", "scene": "clutter"},
    ],
)
def test_the_learned_policy_does_what_it_was_trained_on(wanted):
    assert chosen(**wanted) == "mini"


@pytest.mark.usefixtures("has_checkpoint")
@pytest.mark.parametrize(
    "wanted",
    [
        {"task": "tower"},
        {"instruction": "Put the green cube in the white bowl", "scene": "clutter"},
        {"instruction": "Put the red cube on the blue box, then put the green cube on top of it"},
        {"instruction": "sing a song"},
        {"goal": "none"},
    ],
)
def test_the_expert_does_everything_else(wanted):
    assert chosen(**wanted) == "scripted"


@pytest.mark.usefixtures("has_checkpoint")
def test_on_other_backends_and_without_its_cameras_the_expert_acts():
    assert chosen("stub") == "scripted"
    request = api.make_request("Lift the red cube")
    blind = replace(request.scene, cameras=tuple(c for c in request.scene.cameras if c.name != "wrist"))
    assert api.choose_policy("mujoco", replace(request, scene=blind)) == "scripted"


def test_without_a_checkpoint_the_expert_acts(monkeypatch):
    monkeypatch.setattr(api, "_has_learned", lambda: False)
    assert chosen(task="stack") == "scripted"
