"""Sub-task labels: what the expert pursued in each row, from the recorder into every format and into training."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vla_isaac.api import make_backend, make_request
from vla_isaac.cli.dataset_inspection import Info
from vla_isaac.collection.collect import collect, dataset_info
from vla_isaac.collection.demonstrator import Demonstrator
from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.collection.recorder import EpisodeRecorder, Recording
from vla_isaac.collection.spool import SpoolReader
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.datasets.lerobot.merge import merge as lerobot_merge
from vla_isaac.datasets.loading import VLADataset, collate_fn
from vla_isaac.datasets.merging import merge
from vla_isaac.datasets.sentences import Annotation, subtasks
from vla_isaac.datasets.verification import verify_path
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.session import Session
from vla_isaac.runtime.spool import SpoolRecorder

GOAL = "near(gripper, red_cube) then on(red_cube, blue_box)"
LABELS = ["reach the red cube", "put the red cube on the blue box"]
FORMATS = ("lerobot", "lerobot-v2.1", "manifest", "hdf5")
PLAN = CollectionPlan(tasks=("reach",), episodes=1, cameras=(), backend="stub")


def run(policy, *subscribers, **request):
    with Session(make_backend("stub"), policy, policy_name="some policy") as session:
        made = [subscriber(session.backend) for subscriber in subscribers]
        result = session.run(make_request(seed=4, **request), made)
    assert result.warnings == ()
    return made


@pytest.fixture(scope="module")
def episode():
    """An episode of a plan with two steps."""

    def recorder(backend):
        return EpisodeRecorder(backend, Recording(cameras=(), task="lift"))

    (made,) = run(Demonstrator(ScriptedPolicy()), recorder, goal=GOAL, max_steps=400)
    assert made.episode.meta.success
    return made.episode


def labels_of(meta, length) -> list[str]:
    return list(dict.fromkeys(subtasks(meta.annotations, meta.fps, length)))


def info():
    return dataset_info(PLAN)


def written(folder, episodes, format="lerobot", **changes):
    path = folder / ("set.hdf5" if format == "hdf5" else "set")
    with create_dataset(path, replace(info(), **changes), format) as writer:
        for one in episodes:
            writer.add(one)
    return path


def test_the_recorder_labels_each_row_with_the_goal_that_the_expert_pursues(episode):
    found = subtasks(episode.meta.annotations, episode.meta.fps, len(episode))
    assert list(dict.fromkeys(found)) == LABELS
    change = found.index(LABELS[1])
    reached = np.linalg.norm(episode.columns["observation.ee_pose"][change, :3])
    assert 0 < change < len(episode) - 20
    assert np.isfinite(reached)
    assert found[change:] == [LABELS[1]] * (len(episode) - change)
    assert [note.style for note in episode.meta.annotations] == ["subtask", "subtask"]


def test_a_policy_that_names_no_sub_task_gives_none():
    def recorder(backend):
        return EpisodeRecorder(backend, Recording(cameras=()))

    (made,) = run(HoldPolicy(), recorder, max_steps=3)
    assert made.episode.meta.annotations == ()


def test_a_recording_of_the_panel_has_the_labels_too(tmp_path):
    (spool,) = run(ScriptedPolicy(), lambda backend: SpoolRecorder(tmp_path / "rec"), goal=GOAL, max_steps=400)
    assert spool.wait(20)
    reader = SpoolReader(tmp_path / "rec")
    assert labels_of(reader.meta(0), reader.length(0)) == LABELS


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_keeps_them(episode, tmp_path, to):
    path = written(tmp_path, [episode], to)
    with contextlib.closing(open_dataset(path)) as reader:
        assert reader.meta(0).annotations == episode.meta.annotations
    back = convert(path, tmp_path / "back", "lerobot")
    with contextlib.closing(open_dataset(back.path)) as reader:
        assert reader.meta(0).annotations == episode.meta.annotations
    assert verify_path(back.path) == []


def test_lerobot_finds_them_in_its_columns_of_language(episode, tmp_path):
    """The layout of lerobot 0.6.1: `datasets/language.py`, and `tools/check_lerobot/language.py` for a check by LeRobot."""
    path = written(tmp_path, [episode])
    features = json.loads((path / "meta/info.json").read_text())["features"]
    table = pq.read_table(next(path.glob("data/*/*.parquet")))
    times = table["timestamp"].to_pylist()
    change = subtasks(episode.meta.annotations, 20.0, len(episode)).index(LABELS[1])
    entry = {"role": "assistant", "style": "subtask", "camera": None, "tool_calls": None}
    starts = dict(zip(LABELS, (0.0, times[change]), strict=True))
    entries = [{**entry, "content": text, "timestamp": time} for text, time in starts.items()]
    assert all(features[n] == {"dtype": "language", "shape": [1], "names": None} for n in features if "language" in n)
    assert table["language_persistent"].to_pylist() == [entries] * len(episode)
    assert table["language_events"].to_pylist() == [[]] * len(episode)
    names = [field.name for field in table.schema.field("language_persistent").type.value_type]
    assert names == ["role", "content", "style", "timestamp", "camera", "tool_calls"]
    names = [field.name for field in table.schema.field("language_events").type.value_type]
    assert names == ["role", "content", "style", "camera", "tool_calls"]


def test_texts_of_all_kinds_come_through_files_and_merges(episode, tmp_path):
    call = json.dumps({"type": "function", "function": {"name": "say", "arguments": {"text": "done"}}})
    notes = (
        Annotation(time=0.0, style="plan", content="1. reach 2. put"),
        Annotation(time=float(np.float32(0.35)), style=None, content=None, tool_calls=(call,)),
        Annotation(time=1.0, style="interjection", content="stop", role="user"),
    )
    full = replace(episode, meta=replace(episode.meta, annotations=notes))
    one = written(tmp_path, [full, episode])
    without = written(tmp_path / "no", [replace(episode, meta=replace(episode.meta, annotations=()))], has_annotations=False)
    merge([without, one], tmp_path / "merged", "lerobot")
    lerobot_merge([without, one], tmp_path / "compact")
    for path in (tmp_path / "merged", tmp_path / "compact"):
        with contextlib.closing(open_dataset(path)) as reader:
            found = [reader.meta(n).annotations for n in range(3)]
        assert found == [(), notes, episode.meta.annotations]
        assert verify_path(path) == []


SPOILT = [
    ({"timestamp": 99.0}, "is after the last row"),
    ({"style": "vqa"}, "belongs into language_events"),
    ({"content": None}, "has neither content nor tool_calls"),
    ({"camera": "observation.images.front"}, "only vqa and trace do"),
    ({"timestamp": -1.0}, "language_persistent: timestamp is -1.0"),
]


@pytest.mark.parametrize(("change", "words"), SPOILT, ids=[words for _, words in SPOILT])
def test_verify_names_a_text_that_lerobot_cannot_use(episode, tmp_path, change, words):
    path = written(tmp_path, [episode])
    spoil(path, lambda row, entries: [{**entries[0], **change}, *entries[1:]])
    found = [f for f in verify_path(path) if "language" in f.what]
    assert found
    assert words in found[0].what


def test_verify_names_the_row_whose_lasting_texts_differ(episode, tmp_path):
    path = written(tmp_path, [episode])
    spoil(path, lambda row, entries: entries[:1] if row == 7 else entries)
    assert [f.row for f in verify_path(path) if "is not the same in all rows" in f.what] == [7]


def spoil(path, change) -> None:
    file = next(path.glob("data/*/*.parquet"))
    table = pq.read_table(file)
    place, column = table.column_names.index("language_persistent"), table["language_persistent"]
    values = [change(row, entries) for row, entries in enumerate(column.to_pylist())]
    pq.write_table(table.set_column(place, "language_persistent", pa.array(values, column.type)), file)


def test_a_dataset_begun_without_the_columns_is_resumed_without_them(episode, tmp_path):
    path = written(tmp_path, [replace(episode, meta=replace(episode.meta, annotations=()))], has_annotations=False)
    with create_dataset(path, info(), "lerobot", resume=True) as writer:
        writer.add(episode)
    with contextlib.closing(open_dataset(path)) as reader:
        assert [reader.meta(n).annotations for n in (0, 1)] == [(), episode.meta.annotations]
        assert not reader.info.has_annotations


def test_a_loader_gives_the_label_of_each_row(episode, tmp_path):
    data = VLADataset(written(tmp_path, [episode]))
    labels = subtasks(episode.meta.annotations, 20.0, len(episode))
    assert [data[n]["subtask"] for n in range(0, len(episode), 7)] == labels[::7]
    assert collate_fn([data[0], data[len(episode) - 1]])["subtask"] == [LABELS[0], LABELS[1]]


def test_collect_writes_labels_and_info_counts_them(tmp_path, capsys):
    collect(tmp_path / "set", PLAN)
    Info(path=tmp_path / "set").run()
    assert "sub-tasks    1 different labels" in capsys.readouterr().out
    with contextlib.closing(open_dataset(tmp_path / "set")) as reader:
        assert labels_of(reader.meta(0), reader.length(0))[0].startswith("reach the ")


def test_without_the_columns_older_lerobot_reads_the_dataset_and_the_labels_are_kept(tmp_path):
    collect(tmp_path / "set", replace(PLAN, language_columns=False))
    assert "language" not in (tmp_path / "set/meta/info.json").read_text()
    with contextlib.closing(open_dataset(tmp_path / "set")) as reader:
        assert labels_of(reader.meta(0), reader.length(0))[0].startswith("reach the ")


@pytest.mark.parametrize("value", ["text", [3], [{"role": 3}], [{"role": "user", "timestamp": "x"}]])
def test_a_broken_column_of_language_is_one_error(episode, tmp_path, value):
    from vla_isaac.core.errors import DatasetError
    from vla_isaac.datasets.lerobot.language import annotations_in

    table = pa.table({"language_persistent": pa.array([value]), "timestamp": pa.array([0.0])})
    with pytest.raises(DatasetError, match=r"^here: language_persistent"):
        annotations_in(table, source="here")
