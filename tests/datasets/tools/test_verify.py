"""Each planted fault is found, with its file, episode and row; a clean dataset has none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_datasets import FORMATS, FPS, SPEC, make_episode, make_info, write

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.episode import Episode, Feature
from vla_isaac.datasets.formats import create_dataset
from vla_isaac.datasets.verification import verify_path
from vla_isaac.datasets.video_files import encode_video

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
LEROBOT = ("lerobot", "lerobot-v2.1")


@pytest.mark.parametrize("format", FORMATS)
def test_a_clean_dataset_has_no_finding(clean, format):
    assert verify_path(clean[format]) == []


@pytest.mark.parametrize("format", FORMATS)
def test_progress_is_told_after_each_episode(clean, format):
    told = []
    verify_path(clean[format], progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.fixture
def copy_of(clean, tmp_path):
    """Return a copy of a clean dataset that may be spoilt."""

    def call(format: str) -> Path:
        path = tmp_path / clean[format].name
        shutil.copytree(clean[format], path) if clean[format].is_dir() else shutil.copy(clean[format], path)
        return path

    return call


def data_file(path: Path, episode: int) -> Path:
    return sorted((path / "data").rglob("*.parquet"))[episode]


def video_file(path: Path, camera: str, episode: int) -> Path:
    return sorted(p for p in (path / "videos").rglob("*.mp4") if f".{camera}/" in p.as_posix())[episode]


def edit(path: Path, change) -> None:
    """Change a Parquet file: `change` takes and returns columns by name."""
    table = pq.read_table(path)
    columns = change({name: table[name].combine_chunks() for name in table.column_names})
    pq.write_table(pa.table(columns), path)


def replaced(name: str, row: int, value):
    def change(columns):
        values = columns[name].to_pylist()
        values[row] = value if not isinstance(values[row], list) else [value, *values[row][1:]]
        return {**columns, name: pa.array(values, columns[name].type)}

    return change


def only(path: Path):
    """Return the one finding that is not about statistics, which every change of a number upsets too."""
    found = [f for f in verify_path(path) if "stats" not in f.file]
    assert len(found) == 1, [str(f) for f in found]
    return found[0]


# ------------------------------------------------------------------ files


@pytest.mark.parametrize("format", LEROBOT)
def test_a_missing_video(copy_of, format):
    path = copy_of(format)
    video = video_file(path, "hand", 2)
    video.unlink()
    found = only(path)
    assert (found.file, found.episode) == (video.relative_to(path).as_posix(), 2)
    assert "is missing" in found.what


@pytest.mark.parametrize("format", LEROBOT)
def test_a_truncated_video(copy_of, format):
    path = copy_of(format)
    video = video_file(path, "front", 1)
    video.write_bytes(video.read_bytes()[:-400])
    found = only(path)
    assert (found.file, found.episode) == (video.relative_to(path).as_posix(), 1)
    assert "broken or truncated" in found.what


@pytest.mark.parametrize(
    ("length", "row", "words"), [(7, 7, "7 pictures for the 9 rows"), (11, 9, "11 pictures, its episodes")]
)
def test_a_video_of_another_length(copy_of, episodes, length, row, words):
    path = copy_of("lerobot")
    pictures = np.resize(episodes[1].images["front"], (length, 48, 64, 3))
    video_file(path, "front", 1).write_bytes(encode_video(pictures, FPS))
    found = [f for f in verify_path(path) if words in f.what]
    assert [(f.episode, f.row) for f in found] == [(1, row)]


def test_a_video_of_another_rate(copy_of, episodes):
    path = copy_of("lerobot")
    video_file(path, "front", 1).write_bytes(encode_video(episodes[1].images["front"], 10.0))
    found = [f for f in verify_path(path) if "10 pictures per second, the dataset at 20" in f.what]
    assert [f.episode for f in found] == [1]


@pytest.mark.parametrize("format", LEROBOT)
def test_a_missing_parquet_file(copy_of, format):
    path = copy_of(format)
    data = data_file(path, 3)
    data.unlink()
    found = [f for f in verify_path(path) if "stats" not in f.file]
    assert [(f.file, f.episode) for f in found] == [(data.relative_to(path).as_posix(), 3)]


@pytest.mark.parametrize("format", LEROBOT)
def test_a_truncated_parquet_file(copy_of, format):
    path = copy_of(format)
    data = data_file(path, 2)
    data.write_bytes(data.read_bytes()[:-300])
    found = [f for f in verify_path(path) if "stats" not in f.file]
    assert [(f.file, f.episode) for f in found] == [(data.relative_to(path).as_posix(), 2)]
    assert "broken or truncated" in found[0].what


def test_a_truncated_list_of_episodes_is_one_clear_message(copy_of):
    path = copy_of("lerobot")
    rows = sorted((path / "meta/episodes").rglob("*.parquet"))[1]
    rows.write_bytes(rows.read_bytes()[:-300])
    with pytest.raises(DatasetError, match=r"file-001.parquet is broken or truncated"):
        verify_path(path)


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: {n: v for n, v in c.items() if n != "observation.velocity"}, "'observation.velocity' is missing"),
        (lambda c: {n: v for n, v in c.items() if n != "timestamp"}, "'timestamp' is missing"),
        (lambda c: {**c, "index": c["index"].cast("int32")}, "'index' holds int32, meta/info.json says int64"),
        (lambda c: {**c, "action": c["action"].cast(pa.list_(pa.float64()))}, "'action' holds float64"),
        (
            lambda c: {**c, "action": pa.array([v[:5] for v in c["action"].to_pylist()], pa.list_(pa.float32()))},
            "of another width",
        ),
        (lambda c: {**c, "next.done": pa.array(["no"] * len(c["next.done"]))}, "'next.done' holds string"),
        (lambda c: {**c, "extra": c["index"]}, "'extra' is not in meta/info.json"),
    ],
)
def test_a_wrong_column(copy_of, format, change, words):
    path = copy_of(format)
    edit(data_file(path, 1), change)
    found = [f for f in verify_path(path) if words in f.what]
    assert [(f.file, f.episode) for f in found] == [(data_file(path, 1).relative_to(path).as_posix(), 1)]


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize(
    ("name", "row", "value", "words"),
    [
        ("frame_index", 4, 3, "frame_index 3 is there twice"),
        ("frame_index", 4, 40, "frame_index 40 where 4 should be"),
        ("index", 4, 15, "index 15 is there twice"),
        ("timestamp", 4, 0.31, "timestamp is 0.3100 s, row 4 at 20 Hz is at 0.2000 s"),
        ("episode_index", 4, 2, "rows of episode 2 are in the wrong file"),
    ],
)
def test_wrong_numbering(copy_of, format, name, row, value, words):
    path = copy_of(format)
    edit(data_file(path, 1), replaced(name, row, value))
    found = [f for f in verify_path(path) if words in f.what]
    assert [f.file for f in found] == [data_file(path, 1).relative_to(path).as_posix()]
    assert found[0].row in (row, None)


@pytest.mark.parametrize("format", LEROBOT)
def test_a_rate_that_the_timestamps_do_not_have(copy_of, format):
    path = copy_of(format)
    info = json.loads((path / "meta/info.json").read_text())
    (path / "meta/info.json").write_text(json.dumps({**info, "fps": 10}))
    found = [f for f in verify_path(path) if "timestamp is 0.0500 s, row 1 at 10 Hz is at 0.1000 s" in f.what]
    assert [(f.episode, f.row) for f in found] == [(0, 1), (1, 1), (2, 1), (3, 1)]


@pytest.mark.parametrize("key", ["total_episodes", "total_frames"])
def test_a_count_that_is_not_the_datasets(copy_of, key):
    path = copy_of("lerobot")
    info = json.loads((path / "meta/info.json").read_text())
    (path / "meta/info.json").write_text(json.dumps({**info, key: 7}))
    assert f"{key} is 7" in only(path).what


def test_statistics_that_do_not_match_the_rows(copy_of):
    path = copy_of("lerobot")
    stats = json.loads((path / "meta/stats.json").read_text())
    stats["action"]["mean"][2] += 0.01
    stats["observation.state"].pop("std")
    del stats["next.progress"]
    (path / "meta/stats.json").write_text(json.dumps(stats))
    said = [str(f) for f in verify_path(path)]
    assert len(said) == 3
    assert any("meta/stats.json: action: mean[2] is" in words for words in said)
    assert any("observation.state: std is missing" in words for words in said)
    assert any("next.progress: has no statistics" in words for words in said)


@pytest.mark.parametrize(
    ("key", "change", "words"),
    [
        ("mean", lambda v: v[:6], "action: mean is of 6 numbers, a row has 7"),
        ("min", lambda v: [*v, 0.0], "action: min is of 8 numbers, a row has 7"),
        ("std", lambda v: v[:1], "action: std is of 1 numbers, a row has 7"),
        ("max", lambda v: [], "action: max is of 0 numbers, a row has 7"),
        ("count", lambda v: [45], "action: count is 45, there are 46 rows"),
        ("q90", lambda v: [*v[:6], 9.0], "action: q90 lies outside of the range of the rows"),
        ("q10", lambda v: [-9.0, *v[1:]], "action: q10 lies outside of the range of the rows"),
    ],
)
def test_statistics_of_another_width_count_or_range(copy_of, key, change, words):
    path = copy_of("lerobot")
    stats = json.loads((path / "meta/stats.json").read_text())
    stats["action"][key] = change(stats["action"][key])
    (path / "meta/stats.json").write_text(json.dumps(stats))
    assert [(f.file, f.episode, f.what) for f in verify_path(path)] == [("meta/stats.json", None, words)]


def test_statistics_of_an_episode_that_do_not_match_its_rows(copy_of):
    path = copy_of("lerobot-v2.1")
    lines = [json.loads(line) for line in (path / "meta/episodes_stats.jsonl").read_text().splitlines()]
    lines[2]["stats"]["action"]["max"][0] = 9.0
    (path / "meta/episodes_stats.jsonl").write_text("\n".join(json.dumps(line) for line in [lines[0], *lines[2:]]) + "\n")
    found = verify_path(path)
    assert [(f.episode, f.file) for f in found] == [(n, "meta/episodes_stats.jsonl") for n in (1, 2)]
    assert "max[0] is 9" in found[1].what


def test_steps_of_a_manifest_that_are_there_twice_or_not_at_all(copy_of):
    path = copy_of("manifest")
    steps = json.loads((path / "manifest.json").read_text())
    steps[14]["step"] = 1
    del steps[-3]
    (path / "manifest.json").write_text(json.dumps(steps))
    found = {(f.episode, f.row): f.what for f in verify_path(path)}
    assert found[1, 2] == "step 1 is there twice"
    assert found[3, 7] == "step 8 is in place of step 7"


@pytest.mark.parametrize("spoil", ["remove", "cut", "size"])
def test_pictures_of_a_manifest_that_are_missing_or_broken(copy_of, spoil):
    from PIL import Image

    path = copy_of("manifest")
    picture = path / "images/hand/episode_000001/00004.png"
    data = picture.read_bytes()
    picture.unlink()
    if spoil == "cut":
        picture.write_bytes(data[:200])
    if spoil == "size":
        Image.new("RGB", (10, 10)).save(picture)
    found = only(path)
    assert found.episode == 1
    assert "episode_000001/00004.png" in found.what.replace("\\", "/")
    assert "row 4" in found.what


def test_arrays_of_an_hdf5_file_that_differ_in_length(copy_of):
    h5py = pytest.importorskip("h5py")
    path = copy_of("hdf5")
    with h5py.File(path, "a") as file:
        demo = file["data/demo_1"]
        kept = demo["obs/state"][:-2]
        del demo["obs/state"]
        demo["obs/state"] = kept
        file["data/demo_3"].attrs["num_samples"] = 99
        file["data"].attrs["total"] = 1
    said = [str(f) for f in verify_path(path)]
    assert any("episode 3: num_samples is 99, the actions have 10 rows" in words for words in said)
    assert any("total is 1, the demos have 46 rows" in words for words in said)
    assert any("episode 1" in words and "has 7 rows, the actions have 9" in words for words in said)


def test_a_demo_that_was_taken_out_of_ours(copy_of):
    h5py = pytest.importorskip("h5py")
    path = copy_of("hdf5")
    with h5py.File(path, "a") as file:
        del file["data/demo_1"]
    assert any("demo_2 is in place of demo_1" in f.what for f in verify_path(path))


# ------------------------------------------------------------------ numbers and pictures, in every format


def spoilt(tmp_path, spoil, *, format="hdf5", **info):
    """Write two episodes, the second spoilt by a function that changes its columns and pictures."""
    first, second = make_episode(0), make_episode(1, 14)
    given = {name: values.copy() for name, values in second.columns.items()}
    images = {name: pictures.copy() for name, pictures in second.images.items()}
    meta = spoil(given, images) or {}
    from dataclasses import replace

    second = Episode(meta=replace(second.meta, **meta), columns=given, images=images)
    return write(tmp_path / ("d.hdf5" if format == "hdf5" else "d"), [first, second], format, **info)


def put(name, row, number, value):
    def spoil(columns, images):
        columns[name][row, number] = value

    return spoil


@pytest.mark.parametrize("format", FORMATS)
def test_an_action_that_is_not_a_number(tmp_path, format):
    path = spoilt(tmp_path, put("action", 5, 2, np.nan), format=format)
    found = only(path)
    assert (found.episode, found.row) == (1, 5)
    assert "action[2] is nan (1 rows)" in found.what


@pytest.mark.parametrize("format", LEROBOT)
def test_what_is_not_a_number_is_not_told_again_of_its_statistics(tmp_path, format):
    found = verify_path(spoilt(tmp_path, put("action", 5, 2, np.nan), format=format))
    assert [(f.episode, f.row) for f in found] == [(1, 5)]


@pytest.mark.parametrize(
    ("name", "number", "value", "words"),
    [
        ("action", 1, 5.0, "action[1] is 5, beyond 1.5 times what the end effector can do in a step"),
        ("action", 4, -3.0, "action[4] is -3, beyond 1.5 times"),
        ("action", 6, 0.5, "action[6] is 0.5, beyond the gripper's range of 'width_m'"),
        ("action.target", 3, 0.4, "action.target[3] is 0.4, beyond the joint limits"),
        ("observation.state", 7, 0.3, "observation.state[7] is 0.3, beyond the joint limits"),
        ("observation.velocity", 6, 40.0, "observation.velocity: joint 7 moves at 40.0 rad/s, its limit is 2.61"),
        ("observation.ee_pose", 0, np.inf, "observation.ee_pose[0] is inf"),
    ],
)
def test_a_number_beyond_its_limits(tmp_path, name, number, value, words):
    found = only(spoilt(tmp_path, put(name, 6, number, value)))
    assert (found.file, found.episode, found.row) == ("d.hdf5", 1, 6)
    assert found.what.startswith(words)


@pytest.mark.parametrize(
    ("spec", "good", "bad", "words"),
    [
        ({"joints": "position_rad"}, 0.0, 3.5, "the joint limits"),
        ({"joints": "velocity_rad_s"}, 1.0, 9.0, "what the joints can do"),
        (
            {"translation": "delta_base_m", "rotation": "axis_angle_rad", "command_limit": 1.0},
            -0.9,
            1.2,
            "the command limit",
        ),
        ({"translation": "position_base_m", "rotation": "absolute_rpy_rad"}, 0.4, 4.0, "the arm's reach"),
    ],
)
def test_limits_follow_the_action_convention(tmp_path, spec, good, bad, words):
    full = {**spec, "gripper": "open_is_one", "rate_hz": FPS}
    width = 8 if "joints" in spec else 7
    joints = spec == {"joints": "position_rad"}
    episode = make_episode(0)
    action = np.full((12, width), good, np.float32)
    if joints:
        action[:, :7] = episode.columns["observation.state"][:, :7]
    features = {**make_info().features, "action": Feature("float32", (width,))}
    for name, value in (("good", None), ("bad", bad)):
        rows = action.copy()
        rows[:, -1] = 1.0
        if value is not None:
            rows[3, 0] = value
        columns = {**episode.columns, "action": rows}
        found = Episode(meta=episode.meta, columns=columns, images=episode.images)
        path = write(tmp_path / f"{name}.hdf5", [found], "hdf5", features=features, action_spec=full)
        said = [(f.row, f.what) for f in verify_path(path)]
        assert (said == []) if value is None else (len(said) == 1 and said[0][0] == 3 and words in said[0][1])


def test_joints_that_were_flung(tmp_path):
    def spoil(columns, images):
        columns["action.executed"][7:, 1] += 0.5

    found = only(spoilt(tmp_path, spoil))
    assert (found.episode, found.row) == (1, 7)
    assert "action.executed: joint 2 moves at 10.4 rad/s" in found.what


@pytest.mark.parametrize("name", ["next.object_positions", "next.objects.pose"])
def test_an_object_that_was_flung(tmp_path, name):
    width = 6 if "positions" in name else 14
    features = {**make_info().features, name: Feature("float32", (width,))}
    episode = make_episode(0)
    values = np.full((12, width), 0.1, np.float32)
    values[5:, width // 2] += 0.4
    columns = {**episode.columns, name: values}
    path = tmp_path / "d.hdf5"
    with create_dataset(path, make_info(features=features), "hdf5") as writer:
        writer.add(Episode(meta=episode.meta, columns=columns, images=episode.images))
    found = only(path)
    assert (found.episode, found.row) == (0, 5)
    assert "object 1 moves at 8.0 m/s, more than 3; it was flung" in found.what


def test_an_object_that_left_the_world_and_a_goal_that_changes_to_another_object(tmp_path):
    name = "privileged.goal_objects"
    features = {**make_info().features, name: Feature("float32", (6,))}
    episode = make_episode(0)
    values = np.full((12, 6), 0.1, np.float32)
    values[6:, 3:] = 0.5
    for left in (False, True):
        values[9:, 0] = -7.0 if left else 0.1
        path = tmp_path / f"{left}.hdf5"
        columns = {**episode.columns, name: values}
        write(path, [Episode(meta=episode.meta, columns=columns, images=episode.images)], "hdf5", features=features)
        said = [(f.row, f.what) for f in verify_path(path)]
        assert (said == []) if not left else (said[0][0] == 9 and "object 0 is 7.0 m away" in said[0][1])


def test_an_object_speed_that_the_recorder_noted(tmp_path):
    found = only(spoilt(tmp_path, lambda columns, images: {"extra": {"max_object_speed": {"red_cube": 21.5}}}))
    assert found.what.startswith("red_cube reached 21.5 m/s as recorded")


@pytest.mark.parametrize("format", FORMATS)
def test_a_black_picture(tmp_path, format):
    def spoil(columns, images):
        images["hand"][8] = 0

    found = only(spoilt(tmp_path, spoil, format=format))
    assert (found.episode, found.row) == (1, 8)
    assert "camera 'hand': the picture is black (1 of 14)" in found.what
    assert "hand" in found.file or format == "hdf5"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("last", [6, 8, 13])
def test_pictures_that_stay_while_the_arm_moves(tmp_path, format, last):
    def spoil(columns, images):
        images["front"][4 if last < 13 else 0 : last + 1] = images["front"][3 if last < 13 else 0]

    found = only(spoilt(tmp_path, spoil, format=format))
    assert (found.episode, found.row) == (1, 4 if last < 13 else 1)
    assert "camera 'front': the picture is that of row" in found.what


def test_one_picture_that_is_there_twice(tmp_path):
    def spoil(columns, images):
        images["front"][6] = images["front"][5]

    assert only(spoilt(tmp_path, spoil, format="manifest")).row == 6


def test_pictures_may_stay_while_the_arm_rests(tmp_path):
    def spoil(columns, images):
        for name in ("observation.state", "action.executed"):
            columns[name][:] = columns[name][0]
        columns["observation.velocity"][:] = 0
        for pictures in images.values():
            pictures[:] = pictures[0]

    assert verify_path(spoilt(tmp_path, spoil)) == []


@pytest.mark.parametrize(
    ("before", "words"), [(-1, "is the last one of the episode before"), (0, "is the first one of the")]
)
@pytest.mark.parametrize("format", FORMATS)
def test_a_first_picture_of_the_episode_before(tmp_path, format, before, words):
    def spoil(columns, images):
        images["front"][0] = make_episode(0).images["front"][before]

    found = only(spoilt(tmp_path, spoil, format=format))
    assert (found.episode, found.row) == (1, 0)
    assert words in found.what


def test_a_success_that_the_rows_do_not_show(tmp_path):
    def spoil(columns, images):
        columns["next.success"][:] = False

    found = only(spoilt(tmp_path, spoil))
    assert (found.episode, found.row) == (1, 13)
    assert "success=True, its last row says next.success=False" in found.what


def test_a_failure_that_the_rows_call_a_success(tmp_path):
    found = only(spoilt(tmp_path, lambda columns, images: {"success": False}))
    assert "success=False, its last row says next.success=True" in found.what


def test_an_episode_of_another_rate(tmp_path):
    assert "recorded at 5 Hz, the dataset says 20 Hz" in only(spoilt(tmp_path, lambda c, i: {"fps": 5.0})).what


@pytest.mark.parametrize("spec", [{**SPEC, "rotation": "nonsense"}, {**SPEC, "gripper": "none"}])
def test_an_action_convention_that_does_not_fit(tmp_path, spec):
    path = write(tmp_path / "d.hdf5", [make_episode(0)], "hdf5", action_spec=spec)
    assert any(word in only(path).what for word in ("cannot be read", "its convention 6"))


def test_a_dataset_without_episodes(tmp_path):
    assert [f.what for f in verify_path(write(tmp_path / "d", [], "manifest"))] == ["there are no episodes in it"]


def test_a_broken_picture_is_of_its_own_camera_whatever_the_folder_is_called(copy_of, tmp_path):
    path = copy_of("manifest").rename(tmp_path / "front")
    (path / "images/hand/episode_000001/00004.png").write_bytes(b"no picture")
    assert only(path).what.startswith("camera 'hand': ")
