"""The log holds an episode to the last bit; the replay says whether it comes out the same."""

from __future__ import annotations

import copy
import json
import re

import numpy as np
import pytest

from vla_isaac.backends import BACKENDS
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import ReplayError, VlaIsaacError
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.log import EpisodeLog
from vla_isaac.runtime.replay import read_log, replay
from vla_isaac.runtime.session import Session


def record(backend, request, path) -> list[dict]:
    with Session(backend, ScriptedPolicy(), policy_name="scripted") as session:
        session.run(request, [EpisodeLog(path)])
    return read_log(path)


@pytest.fixture
def lines(episode, tmp_path):
    """A short log of the stub."""
    return record(StubBackend(), episode(max_steps=8), tmp_path / "episode.jsonl")


# ------------------------------------------------------------------ the log


def test_a_log_is_a_start_a_line_per_step_and_an_end(lines):
    assert [line["kind"] for line in lines] == ["start", *["step"] * 8, "end"]
    assert [line["step"] for line in lines[1:-1]] == list(range(1, 9))
    assert (lines[-1]["steps"], lines[-1]["seed"], lines[-1]["failure"]) == (8, 1, "never_reached")


def test_the_first_line_says_all_that_set_the_stage(lines):
    start = lines[0]
    assert start["instruction"] == "Put the red cube on the blue box"
    assert (start["goal"], start["seed"]) == ("on(red_cube, blue_box)", 1)
    assert (start["policy"], start["backend"]) == ("scripted", "stub")
    assert [o["name"] for o in start["scene"]["objects"]] == ["red_cube", "green_cube", "blue_box"]


def test_numbers_come_back_from_the_log_to_the_last_bit(episode, tmp_path, witness):
    with Session(StubBackend(), ScriptedPolicy()) as session:
        session.run(episode(max_steps=8), [EpisodeLog(tmp_path / "a.jsonl"), witness])
    for line, step in zip(read_log(tmp_path / "a.jsonl")[1:-1], witness.steps, strict=True):
        assert np.array_equal(line["target"]["qpos"], step.target.qpos)
        assert np.array_equal(line["state"]["object_pos"], step.state.object_pos)
        assert np.array_equal(line["action"]["arm"], step.action.arm)


def test_a_log_is_under_a_temporary_name_until_its_episode_has_ended(episode, tmp_path):
    runner = Session(StubBackend(), ScriptedPolicy()).prepare(episode(), [EpisodeLog(tmp_path / "a.jsonl")])
    runner.tick()
    assert not (tmp_path / "a.jsonl").exists()
    runner.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_every_finished_step_is_on_the_disk_at_once(episode, tmp_path):
    runner = Session(StubBackend(), ScriptedPolicy()).prepare(episode(), [EpisodeLog(tmp_path / "a.jsonl")])
    for _ in range(4):
        runner.tick()
    (part,) = tmp_path.iterdir()
    whole = part.read_text(encoding="utf-8").splitlines()
    runner.stop()
    assert [json.loads(line)["kind"] for line in whole] == ["start", *["step"] * 4]


def test_after_a_kill_a_log_is_readable_up_to_the_last_whole_line(lines, tmp_path):
    text = (tmp_path / "episode.jsonl").read_text(encoding="utf-8")
    killed = tmp_path / "killed.jsonl"
    killed.write_text(text[: text.index('"step":5') + 40], encoding="utf-8")
    assert [line["kind"] for line in read_log(killed)] == ["start", *["step"] * 4]


# ------------------------------------------------------------------ the replay


@pytest.mark.parametrize("name", ["stub", "mujoco"])
def test_a_replay_gives_every_state_to_the_last_bit(name, episode, tmp_path):
    backend = BACKENDS.load(name)
    lines = record(backend(), episode(), tmp_path / "episode.jsonl")
    assert lines[-1]["success"], "the cube was grasped, carried and let go"
    report = replay(lines, backend())
    assert (report.steps, report.first_difference) == (lines[-1]["steps"], None)


def test_a_replay_works_on_a_backend_that_has_been_used(episode, tmp_path):
    backend = StubBackend()
    lines = record(backend, episode(max_steps=8), tmp_path / "episode.jsonl")
    assert replay(lines, backend).first_difference is None


@pytest.mark.parametrize(
    ("key", "place", "message"),
    [
        ("qpos", (2,), "step 5: qpos differs by 0.125"),
        ("object_pos", (1, 0), "step 5: object_pos differs by 0.125"),
        ("gripper_width", (), "step 5: gripper_width differs by 0.125"),
    ],
)
def test_a_changed_state_is_reported_with_its_step_and_by_how_much(lines, key, place, message):
    values = np.array(lines[5]["state"][key])
    values[place] += 0.125
    lines[5]["state"][key] = values.tolist()
    assert replay(lines, StubBackend()).first_difference == message


def test_the_last_bit_of_one_number_is_enough(lines):
    angles = lines[5]["state"]["qpos"]
    angles[2] = float(np.nextafter(angles[2], 9.0))
    assert re.match(r"step 5: qpos differs by \d\.\d+e-1\d$", replay(lines, StubBackend()).first_difference or "")


def test_a_changed_target_is_reported_where_the_arm_first_goes_elsewhere(lines):
    lines[3]["target"]["qpos"][0] += 0.01
    assert replay(lines, StubBackend()).first_difference == "step 3: qpos differs by 0.01"


def test_a_changed_layout_is_reported_at_the_start(lines):
    lines[0]["layout"]["objects"][0]["pos"][0] += 0.125
    assert replay(lines, StubBackend()).first_difference == "step 0: object_pos differs by 0.125"


# ------------------------------------------------------------------ broken files

BROKEN = {
    "an empty file": (lambda text: "", "does not begin with a 'start' line; logs are written by run --record DIR"),
    "no JSON": (lambda text: "so much for that\n" + text, "line 1, is not valid JSON: .*; logs are written by"),
    "another JSON": (lambda text: "[1, 2]\n", "line 1, holds list where a JSON object should be"),
    "without its start": (lambda text: text.split("\n", 1)[1], "does not begin with a 'start' line"),
    "a later format": (
        lambda text: text.replace('"format":1', '"format":9', 1),
        "has log format 9, this version reads 1; record it again",
    ),
}


@pytest.mark.parametrize(("breaking", "message"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_file_is_refused_with_its_name_and_what_is_wrong(lines, tmp_path, breaking, message):
    path = tmp_path / "broken.jsonl"
    path.write_text(breaking((tmp_path / "episode.jsonl").read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ReplayError, match=rf"broken\.jsonl,? {message}"):
        read_log(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "noise.jsonl").write_bytes(bytes(range(256)))
    with pytest.raises(ReplayError, match=r"noise\.jsonl, line 1, is not valid JSON"):
        read_log(tmp_path / "noise.jsonl")


@pytest.mark.parametrize("path", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, path):
    with pytest.raises(ReplayError, match=r" (is missing|is no regular file)"):
        read_log(tmp_path / path)


def _forget(lines, place, *keys):
    for key in keys:
        del lines[place][key]


INCOMPLETE = {
    "a start without a scene": lambda lines: _forget(lines, 0, "scene"),
    "a start without a state": lambda lines: _forget(lines, 0, "state"),
    "a step without a target": lambda lines: _forget(lines, 2, "target"),
    "a line that is no object": lambda lines: lines.__setitem__(2, 17),
}


@pytest.mark.parametrize("spoil", INCOMPLETE.values(), ids=list(INCOMPLETE))
def test_a_log_with_something_missing_inside_is_refused(lines, spoil):
    spoil(lines)
    with pytest.raises(ReplayError):
        replay(lines, StubBackend())


def _set(value, *path):
    def spoil(lines):
        place = lines
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return spoil


SPOILT = {
    "an empty state": (_set({}, 3, "state"), "step 3: the state lacks 'gripper_width'; the log is damaged"),
    "an empty first state": (_set({}, 0, "state"), "step 0: the state lacks 'gripper_width'"),
    "a state of another kind": (_set([], 3, "state"), "step 3: the state lacks"),
    "a value more": (_set(1.0, 3, "state", "speed"), "step 3: the state has an unknown 'speed'"),
    "a state with fewer joints": (_set([0.0] * 6, 3, "state", "qpos"), r"state.qpos has shape \(6,\), expected \(7,\)"),
    "a state with text": (_set("0", 3, "state", "gripper_width"), "state.gripper_width is '0'"),
    "a state that is not finite": (_set(float("nan"), 3, "state", "time"), "step 3: state.time is nan"),
    "a number too large": (_set(10**400, 3, "state", "time"), "step 3: state.time is 1000"),
    "a negative step": (_set(-3, 3, "step"), "the log has step -3 where step 3 should be"),
    "a step of zero": (_set(0, 1, "step"), "the log has step 0 where step 1 should be"),
    "a huge step": (_set(10**300, 3, "step"), "the log has step 1000.* where step 3 should be"),
    "a step that is no number": (_set(True, 1, "step"), "the log has step True where step 1 should be"),
    "a step left out": (lambda lines: lines.pop(4), "the log has 7 steps, its end says 8"),
    "two starts": (lambda lines: lines.insert(3, lines[0]), "the log has 9 steps, its end says 8"),
    "an end inside": (lambda lines: lines.insert(3, lines.pop()), "the log has a line 'end' where step 3 should be"),
    "a target with six joints": (_set([0.0] * 6, 3, "target", "qpos"), r"target.qpos has shape \(6,\)"),
    "a target that is not finite": (_set(float("inf"), 3, "target", "qpos", 2), r"target.qpos\[2\] is inf"),
    "a target beyond the joints": (_set(9.0, 3, "target", "qpos", 2), "step 3: the target is outside the limits"),
    "a negative width": (_set(-0.01, 3, "target", "gripper_width"), "step 3: the target is outside the limits"),
    "a negative mass": (_set(-0.05, 0, "layout", "objects", 0, "mass"), "key 'layout.objects.*': .*mass=-0.05 kg"),
    "a mass of zero": (_set(0.0, 0, "layout", "objects", 0, "mass"), "mass=0.0 kg"),
    "a negative mass in the scene": (_set(-0.05, 0, "scene", "objects", 0, "mass"), "mass=-0.05 kg must lie within"),
    "no rotation": (_set([0.0] * 4, 0, "layout", "objects", 0, "quat_wxyz"), "give a unit quaternion"),
    "a negative rate": (_set(-20.0, 0, "scene", "timing", "control_hz"), "control_hz=-20.0 must lie within"),
    "two rates": (_set(10.0, 0, "scene", "timing", "control_hz"), "the log's control_hz is 20.0, that of its scene 10.0"),
    "a huge physics step": (_set(9.0, 0, "scene", "timing", "max_physics_dt"), "max_physics_dt=9.0 s must lie within"),
    "too few objects": (lambda lines: lines[0]["layout"]["objects"].pop(), "places 2 objects"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILT.values(), ids=list(SPOILT))
def test_a_log_with_a_value_that_cannot_be_is_refused_with_its_place(lines, spoil, message):
    spoil(lines)
    with pytest.raises(VlaIsaacError, match=message):
        replay(lines, StubBackend())


def _leaves(value, path=()):
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _leaves(child, (*path, key))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def test_no_number_of_states_and_targets_can_change_unnoticed(lines):
    places = [(5, *path) for part in ("state", "target") for path in _leaves(lines[5][part], (part,))]
    assert len(places) == 1 + 7 + 7 + 1 + 3 * (3 + 4 + 3) + 8
    for path in places:
        spoilt = copy.deepcopy(lines)
        place = spoilt
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] -= 0.001
        assert replay(spoilt, StubBackend()).first_difference is not None, path
