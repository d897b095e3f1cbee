"""`verify` names episodes with another's pictures or rows, and files of no episode; no command writes such a dataset."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from small_datasets import FPS, make_episode, path_of, write

from vla_isaac.cli.main import main
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.lerobot.merge import merge as lerobot_merge
from vla_isaac.datasets.merging import merge
from vla_isaac.datasets.verification import verify_path
from vla_isaac.datasets.video_files import encode_video

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("av")
LEROBOT = ("lerobot", "lerobot-v2.1")
FRONT = "videos/observation.images.front"
ROWS = "meta/episodes/chunk-000/file-000.parquet"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Give three episodes of ten rows in one file per camera; not to be changed."""
    folder = tmp_path_factory.mktemp("shared")
    lerobot_merge([write(folder / "parts", [make_episode(n, 10) for n in range(3)], "lerobot")], folder / "demos")
    return folder / "demos"


@pytest.fixture(scope="module")
def separate(tmp_path_factory):
    """Give three episodes of ten rows with files of their own in both versions; not to be changed."""
    folder = tmp_path_factory.mktemp("separate")
    return {format: write(folder / format, [make_episode(n, 10) for n in range(3)], format) for format in LEROBOT}


@pytest.fixture
def copied(tmp_path):
    """Return a function that copies a dataset, so that it may be changed."""
    return lambda path: shutil.copytree(path, tmp_path / "demos")


def change_cells(file, changes: dict[tuple[str, int], object]) -> None:
    """Change cells of a Parquet file by column and row."""
    table = pq.read_table(file)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    for (name, row), value in changes.items():
        columns[name][row] = value
    pq.write_table(pa.table({name: pa.array(columns[name], table.schema.field(name).type) for name in columns}), file)


def found(path) -> list[tuple[str, int | None, str]]:
    return [(f.file, f.episode, f.what) for f in verify_path(path) if "stats" not in f.file]


def videos(path, camera: str = "front"):
    return sorted(file for file in path.rglob("*.mp4") if f".{camera}/" in file.as_posix())


# ------------------------------------------------------------------ pictures in a shared file


def test_a_dataset_with_shared_files_has_no_finding(shared):
    assert verify_path(shared) == []


def test_two_episodes_that_show_the_same_pictures_of_a_file_are_named(copied, shared, capsys):
    path = copied(shared)
    key = "videos/observation.images.front"
    change_cells(path / ROWS, {(f"{key}/from_timestamp", 2): 10 / FPS, (f"{key}/to_timestamp", 2): 20 / FPS})
    file = f"{FRONT}/chunk-000/file-000.mp4"
    said = found(path)
    words = "its pictures 10 to 19 are those of episode 1, too; one of the two points to a wrong place"
    assert (file, 2, words) in said
    assert (file, 1, "the video has 30 pictures, its episodes have 30 rows; pictures 20 to 29 belong to no episode") in said
    assert {(f, episode) for f, episode, _ in said} <= {(file, 1), (file, 2)}  # the other camera is right
    assert main(["dataset", "verify", str(path)]) == 1
    assert f"{file}, episode 2: its pictures 10 to 19 are those of episode 1" in capsys.readouterr().out


def test_an_overlap_of_some_pictures_is_named_with_its_range(copied, shared):
    path = copied(shared)
    key = "videos/observation.images.front"
    change_cells(path / ROWS, {(f"{key}/from_timestamp", 1): 7 / FPS, (f"{key}/to_timestamp", 1): 17 / FPS})
    said = [what for _, _, what in found(path)]
    assert any(what.startswith("its pictures 7 to 9 are those of episode 0, too") for what in said)
    assert any(what.endswith("pictures 17 to 19 belong to no episode") for what in said)


def test_pictures_before_the_first_episode_are_named(copied, shared):
    path = copied(shared)
    file = videos(path)[0]
    more = [make_episode(9, 5).images["front"], *(make_episode(n, 10).images["front"] for n in range(3))]
    file.write_bytes(encode_video(np.concatenate(more), FPS))
    key = "videos/observation.images.front"
    change_cells(path / ROWS, {(f"{key}/from_timestamp", n): (5 + 10 * n) / FPS for n in range(3)})
    said = found(path)
    what = "the video has 35 pictures, its episodes have 30 rows; pictures 0 to 4 belong to no episode"
    assert (f"{FRONT}/chunk-000/file-000.mp4", None, what) in said
    assert [words for _, _, words in said if "listed to end at" in words] == [
        f"it is listed to end at {0.5 + 0.5 * n:g} s of the video, its 10 rows end at {0.75 + 0.5 * n:g} s" for n in range(3)
    ]


def test_an_episode_that_begins_after_the_end_of_its_file_is_named(copied, shared):
    path = copied(shared)
    change_cells(path / ROWS, {("videos/observation.images.front/from_timestamp", 2): 4.0})
    assert any("the video has 0 pictures for the 10 rows" in what for _, episode, what in found(path) if episode == 2)


def test_an_episode_that_begins_between_two_pictures_is_named(copied, shared):
    path = copied(shared)
    change_cells(path / ROWS, {("videos/observation.images.front/from_timestamp", 1): 0.52})
    assert [what for _, episode, what in found(path) if episode == 1] == [
        "it begins at 0.52 s of the video, between two pictures at 20 Hz"
    ]


@pytest.mark.parametrize("start", [-1.0, float("nan"), float("inf"), 1e300])
def test_an_episode_that_begins_at_no_time_is_an_error_with_its_number(copied, shared, start):
    path = copied(shared)
    change_cells(path / ROWS, {("videos/observation.images.front/from_timestamp", 1): start})
    assert main(["dataset", "info", str(path)]) == 2


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("dataset_from_index", 5, "dataset_from_index is 5, the episodes before have 10 rows"),
        ("dataset_to_index", 19, "dataset_to_index is 19, its 10 rows from 10 on end at 20"),
    ],
)
def test_a_range_of_rows_that_contradicts_the_lengths_is_named(copied, shared, column, value, words):
    path = copied(shared)
    change_cells(path / ROWS, {(column, 1): value})
    assert ("meta/episodes", 1, words) in found(path)


# ------------------------------------------------------------------ files


def test_an_episode_that_points_to_the_file_of_another_is_named_with_the_file_of_none(copied, separate):
    path = copied(separate["lerobot"])
    row = sorted((path / "meta/episodes").rglob("*.parquet"))[2]
    change_cells(row, {("videos/observation.images.front/file_index", 0): 1})
    said = found(path)
    file = f"{FRONT}/chunk-000/file-001.mp4"
    assert (file, 2, "its pictures 0 to 9 are those of episode 1, too; one of the two points to a wrong place") in said
    words = "no episode refers to this file; remove it, or list its episode"
    assert (f"{FRONT}/chunk-000/file-002.mp4", None, words) in said


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize("place", ["data", "videos"])
def test_a_file_of_no_episode_is_named(copied, separate, format, place):
    path = copied(separate[format])
    last = max(file for file in (path / place).rglob("*") if file.is_file())
    more = last.with_name(last.name.replace("2.", "7."))
    shutil.copy(last, more)
    (last.parent / "notes.txt").write_text("of somebody")
    words = "no episode refers to this file; remove it, or list its episode"
    assert found(path) == [(more.relative_to(path).as_posix(), None, words)]


def test_a_file_of_a_camera_that_is_not_declared_is_named(copied, separate):
    path = copied(separate["lerobot"])
    other = path / "videos/observation.images.old/chunk-000/file-000.mp4"
    other.parent.mkdir(parents=True)
    shutil.copy(videos(path)[0], other)
    assert [file for file, _, _ in found(path)] == [other.relative_to(path).as_posix()]


def test_episodes_without_files_of_their_own_are_named(copied, separate):
    path = copied(separate["lerobot-v2.1"])
    data = json.loads((path / "meta/info.json").read_text())
    data["video_path"] = "videos/chunk-000/{video_key}/episode_000000.mp4"
    (path / "meta/info.json").write_text(json.dumps(data))
    said = [
        (episode, what) for file, episode, what in found(path) if file == f"videos/chunk-000/{FRONT[7:]}/episode_000000.mp4"
    ]
    assert {1, 2} <= {episode for episode, what in said if "are those of episode" in what}
    assert sum("no episode refers to this file" in what for _, _, what in found(path)) == 4


# ------------------------------------------------------------------ videos with the right form and another content


@pytest.mark.parametrize("format", LEROBOT)
def test_videos_that_changed_places_are_named(copied, separate, format):
    path = copied(separate[format])
    one, other = videos(path)[1:]
    one.rename(path / "between")
    other.rename(one)
    (path / "between").rename(other)
    words = "camera 'front': the pictures are those that the statistics of episode {} describe"
    assert found(path) == [
        (one.relative_to(path).as_posix(), 1, words.format(2)),
        (other.relative_to(path).as_posix(), 2, words.format(1)),
    ]


@pytest.mark.parametrize("format", LEROBOT)
def test_a_copy_of_another_episodes_video_is_named(copied, separate, format):
    path = copied(separate[format])
    first, _, last = videos(path)
    shutil.copy(first, last)
    said = found(path)
    name = last.relative_to(path).as_posix()
    assert (name, 2, "camera 'front': all pictures are those of episode 0, whose numbers differ") in said
    assert (name, 2, "camera 'front': the pictures are those that the statistics of episode 0 describe") in said
    assert {(file, episode) for file, episode, _ in said} == {(name, 2)}


@pytest.mark.parametrize("format", ["manifest", "hdf5"])
def test_pictures_of_another_episode_are_named_in_other_formats(tmp_path, format):
    episodes = [make_episode(n, 10) for n in range(3)]
    episodes[2].images["hand"][:] = episodes[1].images["hand"]
    said = found(write(path_of(tmp_path, format), episodes, format))
    assert [(episode, what) for _, episode, what in said if "all pictures" in what] == [
        (2, "camera 'hand': all pictures are those of episode 1, whose numbers differ")
    ]


def test_an_episode_that_is_there_twice_shows_its_own_pictures(tmp_path):
    path = write(tmp_path / "demos", [make_episode(0), make_episode(0)], "manifest")
    assert not any("all pictures" in what for _, _, what in found(path))


def test_a_camera_that_sees_nothing_of_the_arm_may_show_the_same_in_all_episodes(tmp_path):
    episodes = [make_episode(n, 10) for n in range(3)]
    for episode in episodes:
        episode.images["hand"][:] = episodes[0].images["hand"][0]
    for format in ("lerobot", "hdf5"):
        said = found(write(path_of(tmp_path, format), episodes, format))
        assert not any("those of episode" in what or "statistics of episode" in what for _, _, what in said)


# ------------------------------------------------------------------ rows


def test_rows_in_the_file_of_another_episode_are_named(copied, separate):
    for format in LEROBOT:
        path = copied(separate[format])
        one, other = sorted((path / "data").rglob("*.parquet"))[1:]
        one.rename(path / "between")
        other.rename(one)
        (path / "between").rename(other)
        said = found(path)
        for episode, file in ((1, other), (2, one)):
            words = f"rows of episode {episode} are in the wrong file"
            assert (file.relative_to(path).as_posix(), episode, words) in said
        shutil.rmtree(path)


@pytest.mark.parametrize("format", LEROBOT)
def test_rows_of_an_episode_that_is_not_listed_are_named(copied, separate, format):
    path = copied(separate[format])
    file = max((path / "data").rglob("*.parquet"))
    change_cells(file, {("episode_index", row): 8 for row in range(10)})
    words = "rows of episode 8 are in it, and the list of episodes has no such episode"
    assert (file.relative_to(path).as_posix(), 8, words) in found(path)


def test_rows_of_two_episodes_that_are_mixed_are_named(copied, shared):
    path = copied(shared)
    file = next((path / "data").rglob("*.parquet"))
    table = pq.read_table(file)
    order = [*range(9), 10, 9, *range(11, 30)]
    pq.write_table(table.take(order), file)
    words = "rows of another episode are between those of this one"
    assert [(episode, what) for _, episode, what in found(path)] == [(0, words), (1, words)]


def test_files_in_another_order_than_their_episodes_are_named(copied, separate):
    path = copied(separate["lerobot"])
    rows = sorted((path / "meta/episodes").rglob("*.parquet"))
    files = sorted((path / "data").rglob("*.parquet"))
    for row, index in ((rows[0], 1), (rows[1], 0)):
        change_cells(row, {("data/file_index", 0): index})
    files[0].rename(path / "between")
    files[1].rename(files[0])
    (path / "between").rename(files[1])
    ((file, episode, what),) = found(path)
    assert (file, episode) == ("data/chunk-000/file-000.parquet", 1)
    assert what.startswith("the file comes before data/chunk-000/file-001.parquet, which has the episode before")


# ------------------------------------------------------------------ what we write


@pytest.fixture(scope="module")
def sources(shared, separate, tmp_path_factory):
    """Give datasets with shared files and with files of their own, in all formats."""
    folder = tmp_path_factory.mktemp("sources")
    for format in ("manifest", "hdf5"):
        write(path_of(folder, format, format), [make_episode(n, 10) for n in range(3)], format)
    return {"shared": shared, **separate, "manifest": folder / "manifest", "hdf5": folder / "hdf5.hdf5"}


@pytest.mark.parametrize("source", ["shared", "lerobot", "lerobot-v2.1", "manifest", "hdf5"])
@pytest.mark.parametrize("to", LEROBOT)
def test_no_command_writes_a_dataset_that_shares_pictures(sources, tmp_path, source, to):
    path = sources[source]
    convert(path, tmp_path / "converted", to)
    merge([path, sources["shared"]], tmp_path / "merged", to)
    assert main(["dataset", "split", str(path), str(tmp_path / "parts"), "--share", "0.4", "--to", to]) == 0
    assert main(["dataset", "filter", str(path), str(tmp_path / "good"), "--text", "box 1", "--to", to]) == 0
    for name in ("converted", "merged", "parts/train", "parts/val", "good"):
        assert verify_path(tmp_path / name) == [], name


def test_a_merge_without_encoding_of_shared_and_own_files_shares_nothing(sources, tmp_path):
    lerobot_merge([sources["lerobot"], sources["shared"], sources["shared"]], tmp_path / "all", video_mb=0.005)
    assert len(videos(tmp_path / "all")) > 1
    assert verify_path(tmp_path / "all") == []
