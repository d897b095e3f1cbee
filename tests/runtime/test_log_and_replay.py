"""The log holds an episode to the last bit; the replay says whether it comes out the same."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from vla_isaac.backends import BACKENDS
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import ReplayError
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
    with pytest.raises(ReplayError, match=r"noise\.jsonl is not UTF-8 text"):
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
