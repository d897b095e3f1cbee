"""The chapter's manifest: ours is read by the chapter's own code, and the chapter's by ours."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_datasets import make_episode, make_info, write

from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.datasets.verification import verify_path


@pytest.fixture
def plain(tmp_path):
    """Give what the chapter describes: JSON with image_path, instruction, action, and JPEG pictures."""
    (tmp_path / "images").mkdir()
    entries = []
    for i in range(5):
        path = f"images/sample_{i:04d}.jpg"
        Image.fromarray(np.full((32, 40, 3), 40 * i + 20, np.uint8)).save(tmp_path / path)
        sentence = "Lift the red cube" if i < 3 else "Open the drawer"
        entries.append({"image_path": path, "instruction": sentence, "action": [0.1 * i, *[0.0] * 6]})
    (tmp_path / "manifest.json").write_text(json.dumps(entries, indent=2))
    return tmp_path


def test_a_plain_manifest_is_read_with_an_episode_per_run_of_the_same_sentence(plain, opened):
    reader = opened(plain)
    assert (reader.format, [reader.length(n) for n in range(len(reader))]) == ("manifest", [3, 2])
    assert [reader.meta(n).instruction for n in range(2)] == ["Lift the red cube", "Open the drawer"]
    episode = reader.episode(1)
    assert episode.columns["action"].dtype == np.float32
    assert episode.columns["action"][:, 0] == pytest.approx([0.3, 0.4])
    assert episode.images["image"].shape == (2, 32, 40, 3)
    assert abs(int(episode.images["image"][0].mean()) - 140) < 3


def test_the_manifest_file_itself_may_be_named(plain, opened):
    assert len(opened(plain / "manifest.json")) == 2


def test_ours_is_read_by_the_chapters_loader(clean):
    """The lines of the chapter's CustomVLADataset, without torch."""
    data = json.loads((clean["manifest"] / "manifest.json").read_text(encoding="utf-8"))
    assert len(data) == 46
    sample = data[13]
    picture = Image.open(os.path.join(clean["manifest"], sample["image_path"])).convert("RGB")  # noqa: PTH118
    assert picture.size == (64, 48)
    assert sample["instruction"] == "Put the red cube on box 1 – langsam"
    assert np.asarray(sample["action"], np.float32).shape == (7,)


WRITE_AND_DIE = """
import os, signal, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from small_datasets import make_episode, make_info
from vla_isaac.datasets.formats import create_dataset
writer = create_dataset(Path({path!r}), make_info(), {format!r})
writer.add(make_episode(0)); writer.add(make_episode(1, 9))
episode = make_episode(2)
class Deadly:
    shape, __len__ = (12, 48, 64, 3), lambda self: 12
    def __getitem__(self, index):
        if index == 5: os.kill(os.getpid(), signal.SIGKILL)
        return episode.images["hand"][index]
writer.add(type(episode)(meta=episode.meta, columns=episode.columns, images={{**episode.images, "hand": Deadly()}}))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
@pytest.mark.parametrize(("format", "left"), [("manifest", "d"), ("hdf5", "d.hdf5.parts")])
def test_after_a_kill_the_finished_episodes_can_be_read_and_the_writer_goes_on(tmp_path, format, left):
    path = tmp_path / ("d.hdf5" if format == "hdf5" else "d")
    code = WRITE_AND_DIE.format(here=str(Path(__file__).parent), path=str(path), format=format)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    reader = open_dataset(tmp_path / left)
    assert [reader.length(n) for n in range(len(reader))] == [12, 9]
    assert reader.meta(1) == make_episode(1, 9).meta
    reader.close()
    with create_dataset(path, make_info(), format, resume=True) as writer:
        assert writer.add(make_episode(2, 7)) == 2
    assert verify_path(path) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", r"manifest.json is not valid JSON: .*; copy the dataset again"),
        ("{}", "expected a list of steps, got dict"),
        ('[{"instruction": "x"}]', "entry 0 has no 'action'"),
        ('[{"instruction": "x", "action": "up"}]', "row 0: the action is 'up', expected a list of numbers"),
        ('[{"instruction": "x", "action": [1], "image_path": "no.png"}]', "the picture is missing"),
    ],
)
def test_a_broken_manifest_is_one_clear_message(tmp_path, text, message):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DatasetError, match=message):
        open_dataset(tmp_path)


def test_a_manifest_without_steps_is_said_to_be_none(tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(UsageError, match="has no steps"):
        open_dataset(tmp_path)


def test_actions_of_another_width_are_named_by_episode_and_row(plain):
    entries = json.loads((plain / "manifest.json").read_text())
    entries[4]["action"] = [1.0, 2.0]
    (plain / "manifest.json").write_text(json.dumps(entries))
    with pytest.raises(DatasetError, match=r"episode 1, row 1: 'action' has shape \(2,\), expected \(7,\)"):
        open_dataset(plain).columns(1)


def test_an_episode_that_does_not_belong_is_refused_and_leaves_no_pictures(tmp_path, episodes):
    path = write(tmp_path / "d", episodes[:1], "manifest")
    with (
        create_dataset(path, make_info(), "manifest", resume=True) as writer,
        pytest.raises(DatasetError, match="camera 'hand'"),
    ):
        writer.add(make_episode(4, cameras=("front",)))
    assert len(open_dataset(path)) == 1
    assert not (path / "images/front/episode_000001").exists()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("instruction", 7, "expected text"),
        ("instruction", None, "expected text"),
        ("episode", "first", "expected a whole number"),
        ("episode", True, "expected a whole number"),
        ("images", ["a.png"], "expected a path for each camera"),
        ("columns", 3, "expected a row for each column"),
    ],
)
def test_an_entry_of_another_type_is_named(tmp_path, key, value, expected):
    step = {"instruction": "lift", "action": [0.0], key: value}
    (tmp_path / "manifest.json").write_text(json.dumps([step]))
    with pytest.raises(DatasetError, match=rf"manifest.json: entry 0: {key} is .*, {expected}"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("held", [3, [3], [{}], [{"instruction": 3}], [{"instruction": "x", "sentences": [{"row": 4}]}]])
def test_descriptions_of_another_type_name_the_file(clean, tmp_path, held):
    shutil.copytree(clean["manifest"], tmp_path / "set")
    about = json.loads((tmp_path / "set/dataset.json").read_text())
    (tmp_path / "set/dataset.json").write_text(json.dumps({**about, "episodes": held}))
    with pytest.raises(DatasetError, match=r"dataset\.json"):
        open_dataset(tmp_path / "set")
