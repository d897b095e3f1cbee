"""Recordings of the panel, read as episodes like any dataset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vla_isaac.api import make_request, make_session
from vla_isaac.collection.recorder import EpisodeRecorder, Recording
from vla_isaac.collection.spool import SpoolReader
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.types import ActionChunk
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.policies.random_walk import RandomPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.spool import SpoolRecorder


class Seeing(RandomPolicy):
    """Wanders, is shown the front camera, and says nothing of the gripper at first."""

    spec = replace(RandomPolicy.spec, cameras=("front",), image_hw=(32, 32))
    silent = 0

    def act(self, observation) -> ActionChunk:
        chunk = super().act(observation)
        return replace(chunk, gripper=None) if observation.time < self.silent / 20.0 - 1e-6 else chunk


@pytest.fixture
def recorded(tmp_path):
    """Record one run both ways and return the panel's recording and the recorder's episode."""

    def make(policy, max_steps=10):
        with make_session("stub", policy) as session:
            spool = SpoolRecorder(tmp_path / "spool")
            direct = EpisodeRecorder(session.backend, Recording(cameras=policy.spec.cameras, image_hw=policy.spec.image_hw))
            session.run(make_request(seed=2, max_steps=max_steps), [spool, direct])
            assert spool.wait(10.0)
        return tmp_path / "spool", direct.episode

    return make


def test_a_recording_gives_the_same_episode_as_the_recorder(recorded):
    path, expected = recorded(Seeing())
    episode = SpoolReader(path).episode(0)
    for name in episode.columns:
        values = expected.columns[name]
        rows = slice(None, -1) if name == "action.executed" else slice(None)
        assert np.array_equal(episode.columns[name][rows], values[rows]), name
        assert episode.columns[name].dtype == values.dtype
    assert np.array_equal(episode.images["front"], expected.images["front"][:])
    assert replace(episode.meta, extra={}, versions={}) == replace(expected.meta, extra={}, versions={})
    assert episode.meta.extra["layout"] == expected.meta.extra["layout"]


def test_success_is_in_the_last_row(recorded):
    path, expected = recorded(ScriptedPolicy(), max_steps=400)
    columns = SpoolReader(path).columns(0)
    assert columns["next.success"][-1, 0]
    assert np.array_equal(columns["next.success"], expected.columns["next.success"])
    assert np.array_equal(columns["next.done"], expected.columns["next.done"])


def test_a_gripper_that_was_not_spoken_of_keeps_its_number(tmp_path, monkeypatch):
    monkeypatch.setattr(Seeing, "silent", 3)
    with make_session("stub", Seeing()) as session:
        spool = SpoolRecorder(tmp_path)
        session.run(make_request(seed=2, max_steps=6), [spool])
        assert spool.wait(10.0)
    columns = SpoolReader(spool.folder).columns(0)
    assert columns["action"].shape == (6, 7)
    assert np.array_equal(columns["action"][:3, 6], np.repeat(columns["action"][3, 6], 3))


def test_a_recording_is_opened_by_its_path_alone_and_written_in_another_format(recorded, tmp_path):
    path, _ = recorded(Seeing())
    reader = open_dataset(path)
    assert (reader.format, len(reader), reader.length(0)) == ("spool", 1, 10)
    assert reader.info.cameras == {"front": (32, 32)}
    writer = create_dataset(tmp_path / "out", reader.info, "manifest")
    writer.add(reader.episode(0))
    writer.close()
    written = open_dataset(tmp_path / "out")
    assert np.array_equal(written.columns(0)["action"], reader.columns(0)["action"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rgb: rgb[..., :1].astype(np.uint16) * 200, "one channel of uint16 is depth, not color"),
        (lambda rgb: rgb[..., :1].astype(np.float32), "one channel of float32 is depth, not color"),
        (lambda rgb: rgb.astype(np.float32) / 255, "nothing says which value is white"),
        (lambda rgb: rgb[..., 0], "is not that of pictures with channels"),
    ],
)
def test_pictures_that_are_no_color_pictures_are_left_out_with_one_warning(recorded, caplog, change, words):
    path, _ = recorded(Seeing())
    with np.load(path / "episode_000000.npz") as file:
        arrays = dict(file)
    np.savez(path / "episode_000000.npz", **{**arrays, "rgb_depth": change(arrays["rgb_front"])})
    reader = open_dataset(path)
    assert reader.info.cameras == {"front": (32, 32)}
    assert set(reader.episode(0).images) == set(reader.meta(0).cameras) == {"front"}
    (said,) = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert "'depth'" in said
    assert words in said


def test_gray_pictures_with_the_channel_first_are_rgb(recorded):
    path, expected = recorded(Seeing())
    with np.load(path / "episode_000000.npz") as file:
        arrays = dict(file)
    np.savez(path / "episode_000000.npz", **{**arrays, "rgb_gray": arrays["rgb_front"][..., 0][:, None]})
    gray = open_dataset(path).episode(0).images["gray"]
    assert gray.shape == (10, 32, 32, 3)
    assert all(np.array_equal(gray[..., channel], expected.images["front"][:][..., 0]) for channel in range(3))


def test_a_folder_without_a_finished_episode_is_refused(tmp_path):
    with pytest.raises(UsageError, match="has no finished episode"):
        SpoolReader(tmp_path)


def test_a_broken_file_is_named(recorded):
    path, _ = recorded(Seeing())
    (path / "episode_000000.npz").write_bytes(b"not an archive")
    with pytest.raises(DatasetError, match=r"episode_000000\.npz is broken or truncated"):
        SpoolReader(path)
