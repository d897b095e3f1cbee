"""Metadata of LeRobot datasets from elsewhere: what can be derived is derived; else one error names file and field."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from foreign_lerobot import write_lines, write_v21, write_v30
from small_datasets import make_episode, make_info, write

from vla_isaac.cli.dataset_inspection import Info
from vla_isaac.core.errors import DatasetError, UsageError, VlaIsaacError
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.datasets.verification import verify_path

TABLE = ["push the box", "lift the cube"]
EPISODES = [[0] * 4, [1] * 5]
WRITE = {"lerobot-v2.1": write_v21, "lerobot": write_v30}
VERSIONS = sorted(WRITE)


def summary(path: Path) -> tuple:
    """Open a dataset and read all of it."""
    with contextlib.closing(open_dataset(path)) as reader:
        episodes = [reader.episode(n) for n in range(len(reader))]
        return reader.format, [len(e) for e in episodes], [e.meta.instruction for e in episodes]


def expected(version: str) -> tuple:
    return version, [4, 5], TABLE


@pytest.mark.parametrize("numbers", [[0, 2], [5, 6], [7, 3]])
@pytest.mark.parametrize("version", VERSIONS)
def test_episodes_keep_their_numbers_where_these_have_gaps_or_begin_later(tmp_path, version, numbers):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE, numbers=numbers)
    with contextlib.closing(open_dataset(path)) as reader:
        assert [reader.number(n) for n in range(2)] == sorted(numbers)
    lengths, texts = ([4, 5], TABLE) if numbers == sorted(numbers) else ([5, 4], TABLE[::-1])
    assert summary(path) == (version, lengths, texts)
    found = [f for f in verify_path(path) if "list of episodes" in f.what]
    assert len(found) == 1
    assert all("copy" not in f.what for f in found)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_converted_dataset_numbers_them_from_0(tmp_path, version):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE, numbers=[5, 9])
    done = convert(path, tmp_path / "new", version)
    with contextlib.closing(open_dataset(done.path)) as reader:
        assert [reader.number(n) for n in range(2)] == [0, 1]
        assert np.array_equal(reader.columns(1)["action"], open_dataset(path).columns(1)["action"])
    assert verify_path(done.path) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_two_episodes_of_one_number_are_an_error(tmp_path, version):
    path = WRITE[version](tmp_path / "set", [EPISODES[0], EPISODES[0]], TABLE, numbers=[3, 3])
    with pytest.raises(DatasetError, match=r"meta/episodes.*: episode 3 is there twice; give each a number of its own"):
        open_dataset(path)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("said", ["v2.1", "v3.0", "2.1", 2.1, 3, "v2.0", None, ..., "v9.9", "unknown"])
def test_the_files_decide_which_version_it_is(tmp_path, version, said):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE, codebase_version=said)
    assert summary(path) == expected(version)
    is_right = str(said).lstrip("v").startswith("2" if version == "lerobot-v2.1" else "3")
    assert [f.file for f in verify_path(path) if "codebase_version" in f.what] == ([] if is_right else ["meta/info.json"])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_template_of_the_other_version_is_not_taken(tmp_path, version):
    other = write_v30 if version == "lerobot-v2.1" else write_v21
    theirs = json.loads((other(tmp_path / "other", EPISODES, TABLE) / "meta/info.json").read_text())
    changes = {name: theirs[name] for name in ("codebase_version", "data_path", "video_path")}
    assert summary(WRITE[version](tmp_path / "set", EPISODES, TABLE, **changes)) == expected(version)


def test_a_version_without_known_files_is_named(tmp_path):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/info.json").write_text('{"codebase_version": "v1.6"}')
    with pytest.raises(DatasetError, match=r"info.json: codebase_version is 'v1.6', supported are v2.0, v2.1 and v3.0"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "changes",
    [
        {"chunks_size": ...},
        {"chunks_size": None},
        {"data_path": ...},
        {"data_path": None, "video_path": ...},
        {"robot_type": ...},
        {"robot_type": None},
        {"splits": ..., "total_tasks": ..., "total_episodes": ..., "total_frames": ...},
        {"fps": 10.0},
    ],
    ids=str,
)
def test_a_field_that_is_not_needed_or_has_a_default_may_lack(tmp_path, version, changes):
    assert summary(WRITE[version](tmp_path / "set", EPISODES, TABLE, **changes)) == expected(version)


WRONG = [None, ..., "ten", [], {}, True, -1, float("nan"), float("inf"), 10**400]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:9])
@pytest.mark.parametrize("field", ["fps", "chunks_size", "features", "robot_type", "data_path", "codebase_version"])
def test_every_field_of_info_is_right_or_named(tmp_path, version, field, value):
    if (field, value) in (("data_path", "ten"), ("features", {})):
        return  # a file that is not there, and a dataset without columns
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE, **{field: value})
    try:
        assert summary(path) == expected(version)
    except VlaIsaacError as error:
        assert "info.json" in str(error) and field in str(error), error


@pytest.mark.parametrize("part", ["dtype", "shape"])
@pytest.mark.parametrize("value", [..., None, 3, "x", [0], ["a"], {}, True], ids=str)
def test_every_part_of_a_feature_is_right_or_named(tmp_path, part, value):
    path = write_v21(tmp_path / "set", EPISODES, TABLE)
    data = json.loads((path / "meta/info.json").read_text())
    data["features"]["action"][part] = value
    if value is ...:
        del data["features"]["action"][part]
    (path / "meta/info.json").write_text(json.dumps(data))
    if part == "dtype" and value == "x":
        with pytest.raises(UsageError, match=r"'action'"):
            convert(path, tmp_path / "new", "lerobot")
        return
    with pytest.raises(DatasetError, match=rf"info.json: features.action: {part} is "):
        open_dataset(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '{"features": []}', '{"features": {"action": 3}}'])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_broken_info_is_one_error_with_its_name(tmp_path, version, text):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE)
    (path / "meta/info.json").write_text(text)
    with pytest.raises(DatasetError, match=r"info\.json"):
        open_dataset(path)


def test_a_missing_rate_is_that_of_a_camera(tmp_path):
    path = write_v21(tmp_path / "set", EPISODES, TABLE)
    data = json.loads((path / "meta/info.json").read_text())
    del data["fps"]
    data["features"]["observation.images.front"] = {"dtype": "video", "shape": [48, 64, 3], "video_info": {"video.fps": 12}}
    (path / "meta/info.json").write_text(json.dumps(data))
    assert open_dataset(path).info.fps == 12.0


# ------------------------------------------------------------------ the list of episodes


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("field", ["length", "tasks", "episode_index"])
@pytest.mark.parametrize("value", [..., None, "ten", ["a"], -2, 1.5, True, 10**30], ids=str)
def test_every_field_of_an_episode_is_right_or_named(tmp_path, version, field, value):
    def change(place, entry):
        entry = {**entry, field: value} if place else entry
        return {name: entry[name] for name in entry if entry[name] is not ...}

    name, file = ("line", "episodes.jsonl") if version == "lerobot-v2.1" else ("row", "file-000.parquet")
    try:
        path = WRITE[version](tmp_path / "set", EPISODES, TABLE, **{name: change})
    except (pa.ArrowException, OverflowError):
        pytest.skip("a Parquet file cannot hold this")
    try:
        assert summary(path)[:2] == expected(version)[:2]
    except VlaIsaacError as error:
        assert file in str(error) and field in str(error), error


@pytest.mark.parametrize("field", ["data/chunk_index", "data/file_index", "dataset_from_index", "meta/episodes/chunk_index"])
@pytest.mark.parametrize("value", [..., None, "x", -1])
def test_every_place_of_an_episode_is_right_or_named(tmp_path, field, value):
    def change(place, entry):
        return {name: v for name, v in {**entry, field: value}.items() if v is not ...}

    path = write_v30(tmp_path / "set", EPISODES, TABLE, row=change)
    try:
        assert summary(path) == expected("lerobot")
    except DatasetError as error:
        assert f"file-000.parquet, row 0: {field} is " in str(error)


def test_missing_lengths_are_those_of_the_files(tmp_path):
    def without(place, entry):
        return {"episode_index": entry["episode_index"], "tasks": entry["tasks"]}

    assert summary(write_v21(tmp_path / "set", EPISODES, TABLE, line=without)) == expected("lerobot-v2.1")


def test_missing_numbers_are_the_places_in_the_list(tmp_path):
    path = write_v21(tmp_path / "set", EPISODES, TABLE, line=lambda place, entry: {"tasks": entry["tasks"]})
    assert summary(path) == expected("lerobot-v2.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_list_of_episodes_that_is_missing_is_named(tmp_path, version):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE)
    for file in (*path.glob("meta/episodes*/*/*"), *path.glob("meta/episodes.jsonl")):
        file.unlink()
    with pytest.raises(DatasetError, match=r"meta/episodes.* (is missing|has no chunk)"):
        open_dataset(path)


def test_texts_with_line_separators_of_unicode_and_without_a_last_line_end_are_read(tmp_path):
    path = write_v21(tmp_path / "set", EPISODES, ["push\u2028the box", "lift\x85the cube"])
    for file in path.glob("meta/*.jsonl"):
        lines = [json.dumps(json.loads(line), ensure_ascii=False) for line in file.read_text().splitlines()]
        file.write_text("\n".join(lines), encoding="utf-8")
    assert summary(path)[2] == ["push\u2028the box", "lift\x85the cube"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("number", "text"), [(None, "a"), ("x", "a"), (-1, "a"), (0, None), (0, 7)])
def test_a_table_of_tasks_with_anything_but_numbers_and_texts_is_named(tmp_path, version, number, text):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE)
    if version == "lerobot":
        pq.write_table(pa.table({"task_index": [number], "task": [text]}), path / "meta/tasks.parquet")
    else:
        write_lines(path / "meta/tasks.jsonl", [{"task_index": number, "task": text}])
    with pytest.raises(
        DatasetError, match=r"meta/tasks\.(parquet, row 0|jsonl, entry 1): (task_index|the text of the task) is"
    ):
        verify_path(path)


# ------------------------------------------------------------------ statistics


@pytest.mark.parametrize("version", VERSIONS)
def test_missing_statistics_are_one_finding_with_one_remedy(tmp_path, version):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE)
    found = [f for f in verify_path(path) if "stats" in f.file]
    assert len(found) == 1
    assert found[0].what == (
        "the file is missing; compute the statistics again: write a new dataset with vla-isaac dataset convert"
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "value", [None, 3, "x", [], {"mean": "x"}, {"mean": None}, {"count": []}, {"min": [[]]}, {"q01": {}}]
)
def test_statistics_of_another_type_are_findings(tmp_path, version, value):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE)
    stats = {"action": value}
    if version == "lerobot":
        (path / "meta/stats.json").write_text(json.dumps(stats))
    else:
        write_lines(path / "meta/episodes_stats.jsonl", [{"episode_index": n, "stats": stats} for n in range(2)])
    found = [f.what for f in verify_path(path) if "stats" in f.file and "action" in f.what]
    assert found
    assert all(what.startswith("action: ") for what in found)


@pytest.mark.parametrize(
    "line", [{}, {"episode_index": 0}, {"episode_index": "x", "stats": {}}, {"episode_index": 0, "stats": 3}]
)
def test_a_line_of_statistics_without_its_fields_is_a_finding(tmp_path, line):
    path = write_v21(tmp_path / "set", EPISODES, TABLE)
    write_lines(path / "meta/episodes_stats.jsonl", [line])
    found = [f.what for f in verify_path(path) if "stats" in f.file]
    assert len(found) == 1
    assert "episodes_stats.jsonl, entry 1: " in found[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_byte_order_marks_and_line_ends_of_windows_are_read(tmp_path, version):
    path = WRITE[version](tmp_path / "set", EPISODES, TABLE)
    for file in (*path.glob("meta/*.json"), *path.glob("meta/*.jsonl")):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert summary(path) == expected(version)


def test_statistics_of_the_whole_dataset_are_those_of_version_20(tmp_path):
    path = write_v21(tmp_path / "set", EPISODES, TABLE, codebase_version="v2.0")
    (path / "meta/stats.json").write_text(json.dumps({"action": {"mean": [9.0] * 7}}))
    found = [f for f in verify_path(path) if "stats" in f.file]
    assert {f.file for f in found} == {"meta/stats.json"}
    assert any("action: mean[0] is 9" in f.what for f in found)


@pytest.mark.parametrize("version", VERSIONS)
def test_info_names_the_numbers_of_the_files(tmp_path, capsys, version):
    Info(path=WRITE[version](tmp_path / "set", EPISODES, TABLE, numbers=[5, 7]), json=True).run()
    out = capsys.readouterr().out
    assert "numbers      5, 7 in its files; a new dataset made of it counts from 0" in out
    assert json.loads(out.splitlines()[-1])["numbers"] == [5, 7]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_dataset_of_ours_that_lost_an_episode_is_read_but_not_continued(tmp_path, version):
    path = tmp_path / "set"
    episodes = [make_episode(n, 5, cameras=()) for n in range(3)]
    write(path, episodes, version, cameras={})
    if version == "lerobot":
        sorted(path.glob("meta/episodes/*/*"))[1].unlink()
    else:
        lines = (path / "meta/episodes.jsonl").read_text().splitlines(keepends=True)
        (path / "meta/episodes.jsonl").write_text("".join([lines[0], lines[2]]))
    before = sorted(path.rglob("*.parquet"))
    assert summary(path)[1] == [5, 5]
    with pytest.raises(DatasetError, match="has episode 2 where 1 should be, so it cannot be continued"):
        create_dataset(path, make_info(cameras={}), version, resume=True)
    assert sorted(path.rglob("*.parquet")) == before
