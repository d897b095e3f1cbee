"""The first line of `vla-isaac run`: which policy acts, what it sees, and why."""

from __future__ import annotations

import json

import pytest

from vla_isaac.api import policy_choice
from vla_isaac.cli.main import main

STAND_IN = (
    "policy: scripted (expert; it sees the true state of the scene) because mini is not made for the family 'tower'; "
    "choose one with --policy"
)
MINI = (
    "policy: mini (learned; sees the cameras, the joints and the sentence), "
    "the default: it is made for this goal and these objects"
)
SHORT = "--max-steps 2 --no-video"


@pytest.fixture
def run(capfd):
    """Run a command line in this process; return the lines of standard output and of standard error."""

    def call(line: str, *more: str) -> tuple[list[str], list[str]]:
        main(["run", *more, *line.split()])
        out, err = capfd.readouterr()
        return out.splitlines(), err.splitlines()

    return call


@pytest.fixture
def can_run(monkeypatch):
    pytest.importorskip("onnxruntime", reason="mini needs onnxruntime")
    monkeypatch.setattr(policy_choice, "_why_not_here", lambda: None)


@pytest.mark.gl
@pytest.mark.usefixtures("can_run")
@pytest.mark.parametrize(
    "words",
    [
        ("--scene tabletop", "Pick up the red cube and place it on the blue box"),
        ("--scene clutter", "Put the green cube in the white bowl"),
        ("--task stack",),
        ("--task stack --episodes 2",),
    ],
)
def test_the_shipped_policy_is_named_first_with_what_it_sees(run, words):
    options, *sentence = words
    out, _ = run(f"{options} {SHORT}", *sentence)
    assert out[0] == MINI


@pytest.mark.usefixtures("can_run")
@pytest.mark.parametrize("options", ["", "--episodes 2"])
def test_the_expert_is_named_first_with_what_it_sees_and_why_it_stands_in(run, options):
    pytest.importorskip("mujoco")
    out, _ = run(f"--task tower {options} {SHORT}")
    assert out[0] == STAND_IN
    assert sum(line.startswith("policy: ") for line in out) == 1


def test_a_policy_that_was_named_is_said_to_be_chosen_by_the_option(run):
    out, _ = run(f"--backend stub --policy scripted {SHORT}")
    assert out[0] == "policy: scripted (expert; it sees the true state of the scene), chosen by --policy"


def test_with_json_the_line_goes_to_standard_error_and_the_object_has_the_reason(run):
    out, err = run(f"--backend stub --json {SHORT}")
    result = json.loads(out[-1])
    assert not any(line.startswith("policy: ") for line in out)
    why = "mini has not been measured on the backend 'stub', which draws a flat picture"
    assert (result["policy"], result["policy_reason"]) == ("scripted", why)
    assert err[0].startswith(f"policy: scripted (expert; it sees the true state of the scene) because {why}")


def test_the_json_of_several_episodes_says_which_policy_acted_and_why(run):
    out, _ = run(f"--backend stub --json --policy hold --episodes 2 {SHORT}")
    summary = json.loads(out[-1])
    assert (summary["policy"], summary["policy_reason"]) == ("hold", "chosen by --policy")
