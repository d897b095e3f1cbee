"""Episodes with several sentences: every row keeps its own, in every format and through every command."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from foreign_lerobot import write_v21, write_v30
from small_datasets import FORMATS, make_episode, path_of, write

from vla_isaac.cli.dataset_inspection import Info
from vla_isaac.core.errors import DatasetError, ShapeError
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.lerobot.merge import merge as lerobot_merge
from vla_isaac.datasets.lerobot.tasks import texts_of_rows
from vla_isaac.datasets.loading import VLADataset
from vla_isaac.datasets.merging import merge
from vla_isaac.datasets.selection import Condition, select
from vla_isaac.datasets.sentences import Sentence, sentences_of
from vla_isaac.datasets.verification import verify_path
from vla_isaac.datasets.view.contact_sheet import headline

REACH, GRASP, LIFT = "reach the cube", "grasp the cube", "lift the cube"
TABLE = [REACH, GRASP, LIFT]
ROWS = [REACH] * 4 + [GRASP] * 4 + [LIFT] * 4
NUMBERS = [0] * 4 + [1] * 4 + [2] * 4
WRITE = {"lerobot": write_v30, "lerobot-v2.1": write_v21}


def several(seed: int, instruction: str = "tidy up", **about):
    """Return an episode of twelve rows whose sentences change twice."""
    episode = make_episode(seed, 12, **about)
    return replace(episode, meta=replace(episode.meta, instruction=instruction, sentences=sentences_of(ROWS, instruction)))


def rows_of(path, episode: int) -> list[str]:
    with contextlib.closing(open_dataset(path)) as reader:
        meta = reader.meta(episode)
        return [meta.sentence(row) for row in range(reader.length(episode))]


@pytest.fixture(params=sorted(WRITE))
def foreign(request, tmp_path):
    return WRITE[request.param](tmp_path / "foreign", [NUMBERS, [0] * 5], TABLE)


def test_the_sentence_of_a_row_is_the_last_that_began():
    meta = EpisodeMeta(instruction="tidy up", sentences=sentences_of(ROWS, "tidy up"))
    assert [meta.sentence(row) for row in range(12)] == ROWS
    assert meta.texts == (REACH, GRASP, LIFT)
    assert meta.sentences == (Sentence(0, REACH), Sentence(4, GRASP), Sentence(8, LIFT))
    assert EpisodeMeta(instruction="tidy up").texts == ("tidy up",)
    assert sentences_of(["tidy up"] * 3, "tidy up") == ()


def test_sentences_begin_within_the_episode_and_in_order():
    with pytest.raises(DatasetError, match=r"begin at the rows \[1\]"):
        EpisodeMeta(instruction="", sentences=(Sentence(1, REACH),))
    episode = several(0)
    with pytest.raises(ShapeError, match="a sentence begins at row 8 of 6 rows"):
        replace(episode, columns={n: v[:6] for n, v in episode.columns.items()}, images={})


@pytest.mark.parametrize(("source", "to"), list(itertools.product(FORMATS, FORMATS)))
def test_every_conversion_keeps_the_sentence_of_each_row(tmp_path, source, to):
    path = write(path_of(tmp_path, source, "old"), [several(0), make_episode(1, 5)], source)
    done = convert(path, path_of(tmp_path, to, "new"), to)
    assert rows_of(done.path, 0) == ROWS
    with contextlib.closing(open_dataset(done.path)) as reader:
        assert reader.meta(0) == replace(several(0).meta, cameras=reader.meta(0).cameras)
        assert reader.meta(1).sentences == ()
    assert verify_path(done.path) == []


def test_rows_of_a_foreign_dataset_have_the_sentences_that_task_index_names(foreign):
    assert rows_of(foreign, 0) == ROWS
    assert rows_of(foreign, 1) == [REACH] * 5


@pytest.mark.parametrize("to", FORMATS)
def test_converting_a_foreign_dataset_keeps_them(foreign, tmp_path, to):
    done = convert(foreign, path_of(tmp_path, to, "new"), to)
    assert [rows_of(done.path, n) for n in (0, 1)] == [ROWS, [REACH] * 5]


def test_merging_renumbers_tasks_and_keeps_sentences(tmp_path):
    one = write_v30(tmp_path / "one", [NUMBERS], TABLE)
    other = write_v30(tmp_path / "other", [[0, 0, 1, 1]], ["push the box", GRASP])
    merge([one, other], tmp_path / "merged", "lerobot")
    lerobot_merge([one, other], tmp_path / "compact")
    for path in (tmp_path / "merged", tmp_path / "compact"):
        assert [rows_of(path, n) for n in (0, 1)] == [ROWS, ["push the box"] * 2 + [GRASP] * 2]
        assert [f for f in verify_path(path) if "task" in f.what] == []


def test_the_files_of_lerobot_list_every_sentence_and_number_every_row(tmp_path):
    path = write(tmp_path / "demos", [several(0), several(1)], "lerobot")
    row = pq.read_table(sorted(path.glob("meta/episodes/*/*.parquet"))[1]).to_pylist()[0]
    data = pq.read_table(sorted(path.glob("data/*/*.parquet"))[1])
    assert row["tasks"] == TABLE
    assert data["task_index"].to_pylist() == NUMBERS
    assert pq.read_table(path / "meta/tasks.parquet")["task_index"].to_pylist() == [0, 1, 2]


# ------------------------------------------------------------------ lists and tables that others write


@pytest.mark.parametrize(
    ("tasks", "found"),
    [(GRASP, [GRASP] * 4), ([GRASP], [GRASP] * 4), ([], [GRASP] * 4), (None, [GRASP] * 4), (..., [GRASP] * 4)],
)
def test_tasks_as_a_text_or_missing(tmp_path, tasks, found):
    def line(place, entry):
        return {name: value for name, value in {**entry, "tasks": tasks}.items() if value is not ...}

    assert rows_of(write_v21(tmp_path / "set", [[1] * 4], TABLE, line=line), 0) == found


def test_tasks_as_a_text_in_a_table_of_rows(tmp_path):
    path = write_v30(tmp_path / "set", [[1] * 4], TABLE, row=lambda place, entry: {**entry, "tasks": GRASP})
    assert rows_of(path, 0) == [GRASP] * 4


def test_a_table_of_placeholders_gives_way_to_the_sentences_that_an_episode_lists():
    table = {"task 0": 0, "task 1": 1}
    assert texts_of_rows([1, 1, 0], [REACH, GRASP], table, source="") == [REACH, REACH, GRASP]
    assert texts_of_rows([0, 0, 0], [REACH, GRASP], table, source="") == ["task 0"] * 3
    assert texts_of_rows([0, 1], ["task 1", "task 0"], table, source="") == ["task 0", "task 1"]
    assert texts_of_rows([0, 0], [], {}, source="") == ["", ""]


def test_a_row_whose_task_is_in_no_table_is_an_error_with_its_number(tmp_path):
    path = write_v30(tmp_path / "set", [[0, 0, 7]], TABLE, row=lambda place, entry: {**entry, "tasks": [REACH, LIFT, GRASP]})
    with pytest.raises(DatasetError, match=r"episode 0: task_index 7 is not in the table of tasks, which has 3"):
        open_dataset(path).meta(0)


# ------------------------------------------------------------------ commands


@pytest.mark.parametrize("version", sorted(WRITE))
def test_verify_names_a_task_that_the_table_lacks(tmp_path, version):
    path = WRITE[version](tmp_path / "set", [[0, 0, 5, 5]], TABLE)
    found = [f for f in verify_path(path) if "task_index is 5" in f.what]
    assert [(f.episode, f.row) for f in found] == [(0, 2)]


@pytest.mark.parametrize("version", sorted(WRITE))
def test_verify_names_a_task_that_the_list_of_episodes_does_not(tmp_path, version):
    def entry(place, found):
        return {**found, "tasks": [REACH]}

    changes = {"row": entry} if version == "lerobot" else {"line": entry}
    path = WRITE[version](tmp_path / "set", [[0, 0, 1, 1]], TABLE, **changes)
    found = [f for f in verify_path(path) if "'grasp the cube'; the list of episodes names reach the cube" in f.what]
    assert [(f.episode, f.row) for f in found] == [(0, 2)]


@pytest.mark.parametrize("version", sorted(WRITE))
def test_verify_names_a_number_that_two_tasks_have(tmp_path, version):
    path = WRITE[version](tmp_path / "set", [[0, 0]], TABLE)
    if version == "lerobot":
        pq.write_table(pa.table({"task_index": [0, 0], "task": [REACH, GRASP]}), path / "meta/tasks.parquet")
    else:
        (path / "meta/tasks.jsonl").write_text(
            '{"task_index": 0, "task": "a"}\n{"task_index": 0, "task": "reach the cube"}\n'
        )
    assert [f.what for f in verify_path(path) if "tasks" in f.file] == ["task_index 0 is there 2 times"]


def test_info_says_that_episodes_have_several_sentences(foreign, capsys):
    Info(path=foreign, json=True).run()
    out = capsys.readouterr().out
    assert "sentences    3 different; 1 of 2 episodes have several" in out
    assert '"several_sentences": 1' in out


def test_a_condition_and_a_caption_know_every_sentence(foreign, opened):
    reader = opened(foreign)
    assert select(reader, Condition(text="GRASP")) == [0]
    assert headline(0, reader.meta(0), 12).endswith("reach the cube; grasp the cube; lift the cube")


def test_a_loader_gives_the_sentence_of_its_row(foreign):
    data = VLADataset(foreign, chunk=2)
    assert [data[index]["instruction"] for index in range(12)] == ROWS
    assert data[14]["instruction"] == REACH
    assert data.instructions == (REACH, GRASP, LIFT)
    assert np.isclose(data[3]["steps_left"], 8)
