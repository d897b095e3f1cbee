"""Recordings made inside Kit: plain numpy, no pickle, whole or not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from vla_isaac.api import make_request, make_session
from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.runtime import spool

ROOT = Path(__file__).resolve().parents[2]


def record(folder, *, policy="scripted", seed=0, max_steps=6):
    recorder = spool.SpoolRecorder(folder)
    with make_session("stub", policy) as session:
        result = session.run(make_request(seed=seed, max_steps=max_steps), [recorder])
    assert recorder.wait(5.0)
    return result


def test_an_episode_holds_what_was_seen_decided_sent_and_what_came_of_it(tmp_path):
    record(tmp_path)
    arrays, meta = spool.read_episode(spool.episodes(tmp_path)[0])
    assert {
        name: array.shape for name, array in arrays.items() if name in ("time", "qpos", "target_qpos", "object_pos")
    } == {
        "time": (6,),
        "qpos": (6, 7),
        "target_qpos": (6, 7),
        "object_pos": (6, 6, 3),
    }
    np.testing.assert_allclose(arrays["next_time"][:-1], arrays["time"][1:])
    assert meta["policy"] == "scripted" and meta["goal"] == "on(red_cube, blue_box)" and meta["seed"] == 0


def test_the_folder_explains_its_own_arrays(tmp_path):
    record(tmp_path)
    about = json.loads((tmp_path / "meta.json").read_text(encoding="utf-8"))
    arrays, _ = spool.read_episode(spool.episodes(tmp_path)[0])
    assert about["kind"] == "vla_isaac spool" and set(arrays) <= set(about["fields"])


def test_pictures_are_stored_as_the_policy_saw_them(tmp_path):
    from vla_isaac.core.specs import ActionSpec, PolicySpec
    from vla_isaac.core.types import ActionChunk

    class Seeing:
        spec = PolicySpec(action=ActionSpec(joints="delta_rad", rate_hz=10.0), cameras=("front",), image_hw=(24, 32))

        def reset(self, context):
            pass

        def act(self, observation):
            return ActionChunk.single(np.zeros(7), None)

    record(tmp_path, policy=Seeing(), max_steps=2)
    arrays, _ = spool.read_episode(spool.episodes(tmp_path)[0])
    assert arrays["rgb_front"].shape == (2, 24, 32, 3) and arrays["rgb_front"].dtype == np.uint8
    assert np.isnan(arrays["action_gripper"]).all()


def test_further_episodes_are_added_to_those_that_are_there(tmp_path):
    record(tmp_path)
    record(tmp_path, seed=1)
    assert [spool.read_episode(path)[1]["seed"] for path in spool.episodes(tmp_path)] == [0, 1]


def test_no_file_of_it_is_a_pickle(tmp_path):
    record(tmp_path)
    with np.load(spool.episodes(tmp_path)[0], allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_after_a_kill_every_episode_that_had_ended_is_there_and_nothing_half(tmp_path):
    script = f"""
        import os, sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from tests.runtime.test_recording_spool import record, spool
        record(Path({str(tmp_path)!r}))
        def killed(file, **arrays):
            file.write(b"half of it")
            file.flush()
            os._exit(9)
        spool.np.savez = killed
        record(Path({str(tmp_path)!r}), seed=1)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, check=False)
    assert done.returncode == 9, done.stderr.decode()
    (whole,) = spool.episodes(tmp_path)
    assert spool.read_episode(whole)[1]["seed"] == 0
    record(tmp_path, seed=2)
    assert [spool.read_episode(path)[1]["seed"] for path in spool.episodes(tmp_path)] == [0, 2]


def test_a_folder_of_something_else_is_refused_and_the_episode_goes_on(tmp_path):
    (tmp_path / "meta.json").write_text('{"kind": "a dataset"}', encoding="utf-8")
    with pytest.raises(UsageError, match="choose another folder"):
        spool._prepare(tmp_path)
    result = record(tmp_path)
    assert result.steps == 6 and "choose another folder" in result.warnings[0]


def test_a_file_that_is_no_episode_is_refused_in_words(tmp_path):
    path = tmp_path / "episode_000000.npz"
    path.write_bytes(os.urandom(64))
    with pytest.raises(ConfigError, match=r"give one of the episode_\*.npz files"):
        spool.read_episode(path)


def test_an_episode_with_too_many_pictures_goes_on_without_them(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "MOST_PICTURES", 1000)
    recorder = spool.SpoolRecorder(tmp_path)
    recorder._pictures, recorder._bytes = {}, 0
    for _ in range(3):
        recorder._keep_pictures({"front": np.zeros((10, 20, 3), np.uint8)})
    assert recorder._pictures == {} and recorder._bytes > 1000
