"""What is written comes back: numbers to the last bit, descriptions whole, pictures within what the codec loses."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.datasets.conftest import make_episode, make_info
from vla_isaac.core.errors import DatasetError, ShapeError, UsageError
from vla_isaac.datasets.formats import WRITERS, create_dataset, open_dataset
from vla_isaac.datasets.lerobot.merge import merge
from vla_isaac.datasets.lerobot.writer import LeRobotWriter
from vla_isaac.datasets.statistics import image_statistics
from vla_isaac.datasets.video_files import encode_video

FORMATS = ["lerobot", "lerobot-v2.1"]


def psnr(one, other) -> float:
    """Return how alike two pictures are [dB]."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def write(folder: Path, format: str, lengths=(12, 7, 9), **options) -> Path:
    with WRITERS.load(format)(folder, make_info(), **options) as writer:
        for seed, length in enumerate(lengths):
            writer.add(make_episode(seed, length, instruction=f"do {seed % 2}"))
    return folder


def check_same_episode(found, wanted) -> None:
    assert found.meta == wanted.meta
    assert set(found.columns) == set(wanted.columns)
    for name, values in wanted.columns.items():
        assert (found.columns[name].dtype, found.columns[name].shape) == (values.dtype, values.shape)
        assert found.columns[name].tobytes() == values.tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_numbers_and_descriptions_come_back_to_the_last_bit(tmp_path, format):
    reader = open_dataset(write(tmp_path / "set", format))
    assert (reader.format, len(reader)) == (format, 3)
    for seed, length in enumerate((12, 7, 9)):
        check_same_episode(reader.episode(seed), make_episode(seed, length, instruction=f"do {seed % 2}"))


@pytest.mark.parametrize("format", FORMATS)
def test_what_all_episodes_have_in_common_comes_back(tmp_path, format):
    info = open_dataset(write(tmp_path / "set", format)).info
    assert info == make_info()


@pytest.mark.parametrize("codec", ["h264", "av1"])
def test_pictures_come_back_within_what_the_codec_loses(tmp_path, codec):
    reader = open_dataset(write(tmp_path / "set", "lerobot", codec=codec))
    for seed, length in enumerate((12, 7, 9)):
        for name, pictures in make_episode(seed, length).images.items():
            assert psnr(reader.episode(seed).images[name][:], pictures) > 28.0


def test_a_picture_at_random_is_the_one_of_a_sequential_reading(tmp_path):
    images = open_dataset(write(tmp_path / "set", "lerobot", (40,))).episode(0).images["front"]
    in_order = [images[row] for row in range(40)]
    for row in np.random.default_rng(3).integers(0, 40, 60):
        assert np.array_equal(images[int(row)], in_order[row])
    assert np.array_equal(images[::-3], np.stack(in_order)[::-3])
    assert np.array_equal(images[-1], in_order[39])


def test_no_picture_is_decoded_until_one_is_asked_for(tmp_path):
    folder = write(tmp_path / "set", "lerobot", (5,))
    next(folder.glob("videos/*front*/*/*")).unlink()
    episode = open_dataset(folder).episode(0)
    assert episode.images["front"].shape == (5, 48, 64, 3)
    with pytest.raises(DatasetError, match=r"episode 0, camera front, row 2: the video .*file-000\.mp4 is missing"):
        episode.images["front"][2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_reads_pictures_after_its_parent_did(tmp_path):
    images = open_dataset(write(tmp_path / "set", "lerobot", (9,))).episode(0).images["front"]
    wanted = images[4].tobytes()
    read_end, write_end = os.pipe()
    if not (child := os.fork()):
        os.write(write_end, b"same" if images[4].tobytes() == wanted and images[1].any() else b"else")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read_end, 4) == b"same"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("pattern", "what"), [("data/*/*.parquet", "numbers"), ("videos/*front*/*/*.mp4", "pictures")])
def test_a_truncated_file_is_named_with_its_episode(tmp_path, format, pattern, what):
    folder = write(tmp_path / "set", format)
    pattern = pattern.replace("*front*/*", "*/*front*") if format != "lerobot" else pattern
    path = sorted(folder.glob(pattern))[1]
    path.write_bytes(path.read_bytes()[:-200])
    reader = open_dataset(folder)
    with pytest.raises(DatasetError, match=rf"episode 1.*{path.name}.*(broken|truncated)"):
        _ = reader.columns(1) if what == "numbers" else reader.episode(1).images["front"][3]
    check_same_episode(reader.episode(0), make_episode(0, 12, instruction="do 0"))


def test_resuming_goes_on_without_duplicates(tmp_path):
    folder = write(tmp_path / "set", "lerobot", (5, 6))
    with LeRobotWriter(folder, make_info(), resume=True) as writer:
        assert len(writer) == 2
        assert writer.add(make_episode(2, 7)) == 2
    reader = open_dataset(folder)
    assert [reader.length(number) for number in range(len(reader))] == [5, 6, 7]
    index = np.concatenate([reader.columns(number, ["index"])["index"][:, 0] for number in range(3)])
    assert index.tolist() == list(range(18))


def test_a_dataset_with_other_cameras_is_not_gone_on_with(tmp_path):
    folder = write(tmp_path / "set", "lerobot", (5,))
    with pytest.raises(UsageError, match=r"set: cameras, 'wrist': nothing does not fit \[48, 64\]; they cannot be one"):
        LeRobotWriter(folder, make_info({"front": (48, 64)}), resume=True)


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_that_holds_something_else_is_refused(tmp_path, format):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="holds something else"):
        create_dataset(tmp_path, make_info(), format)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("format", FORMATS)
def test_an_existing_dataset_is_not_overwritten(tmp_path, format):
    folder = write(tmp_path / "set", format, (5,))
    with pytest.raises(UsageError, match="exists; resume it with resume=True"):
        create_dataset(folder, make_info(), format)
    assert len(open_dataset(folder)) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_a_closed_writer_takes_no_episode_and_says_how_to_go_on(tmp_path, format):
    with create_dataset(tmp_path / "set", make_info(), format) as writer:
        writer.add(make_episode(0, 5))
    with pytest.raises(UsageError, match=r"the writer is closed; open another with resume=True"):
        writer.add(make_episode(1, 5))
    assert len(open_dataset(tmp_path / "set")) == 1


def test_a_closed_writer_takes_no_encoded_episode_either(tmp_path):
    with LeRobotWriter(tmp_path / "set", make_info({})) as writer:
        pass
    with pytest.raises(UsageError, match=r"the writer is closed; open another with resume=True"):
        writer.add_encoded(make_episode(1, 5, cameras={}), {})
    assert len(open_dataset(tmp_path / "set")) == 0


@pytest.mark.parametrize("format", FORMATS)
def test_closing_twice_leaves_the_lock_of_the_next_writer_alone(tmp_path, format):
    first = create_dataset(tmp_path / "set", make_info(), format)
    first.close()
    with create_dataset(tmp_path / "set", make_info(), format, resume=True):
        first.close()
        with pytest.raises(UsageError, match="is at work there"):
            create_dataset(tmp_path / "set", make_info(), format, resume=True)


def test_a_column_of_one_number_may_come_without_its_second_axis(tmp_path):
    whole = make_episode(0, 5)
    columns = {**whole.columns, "next.progress": whole.columns["next.progress"][:, 0]}
    with LeRobotWriter(tmp_path / "set", make_info()) as writer:
        writer.add(replace(whole, columns=columns))
    check_same_episode(open_dataset(tmp_path / "set").episode(0), whole)


@pytest.mark.parametrize(
    ("name", "change", "shapes"),
    [
        ("action", lambda v: v[:, 0], r"shape \(5,\), expected \(5, 7\)"),
        ("action", lambda v: v[:, :6], r"shape \(5, 6\), expected \(5, 7\)"),
        ("next.progress", lambda v: np.tile(v, 2), r"shape \(5, 2\), expected \(5, 1\)"),
        ("next.progress", lambda v: v[:, :, None], r"shape \(5, 1, 1\), expected \(5, 1\)"),
    ],
)
def test_a_column_of_another_shape_is_refused_with_both_shapes(tmp_path, name, change, shapes):
    whole = make_episode(0, 5)
    spoilt = replace(whole, columns={**whole.columns, name: change(whole.columns[name])})
    with (
        LeRobotWriter(tmp_path / "set", make_info()) as writer,
        pytest.raises(ShapeError, match=rf"column '{name}' has {shapes}"),
    ):
        writer.add(spoilt)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: {n: v for n, v in c.items() if n != "next.done"}, "an episode has the columns .*; this dataset has"),
        (lambda c: {**c, "extra": c["next.done"]}, "an episode has the columns .*extra; this dataset has"),
        (lambda c: {n: v[:0] for n, v in c.items()}, "an episode needs at least one row; it has none"),
    ],
)
def test_an_episode_with_a_column_too_few_or_too_many_or_without_rows_is_refused(tmp_path, change, message):
    whole = make_episode(0, 5, cameras={})
    with LeRobotWriter(tmp_path / "set", make_info({})) as writer, pytest.raises(ShapeError, match=message):
        writer.add(replace(whole, columns=change(whole.columns)))


def test_an_episode_that_does_not_fit_is_refused_and_leaves_nothing(tmp_path):
    with LeRobotWriter(tmp_path / "set", make_info()) as writer:
        writer.add(make_episode(0, 5))
        with pytest.raises(ShapeError, match="cameras front; this dataset has front, wrist"):
            writer.add(make_episode(1, 5, cameras={"front": (48, 64)}))
        with pytest.raises(ShapeError, match=r"expected \(5, 48, 64, 3\)"):
            writer.add(make_episode(1, 5, cameras={"front": (48, 64), "wrist": (32, 32)}))
        assert writer.add(make_episode(2, 6)) == 1
    assert len(list((tmp_path / "set").glob("videos/*/*/*"))) == 4


def test_a_picture_of_odd_size_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match=r"camera 'front' has 47 x 64 px; videos need even numbers"):
        LeRobotWriter(tmp_path / "set", make_info({"front": (47, 64)}))
    assert not (tmp_path / "set").exists()


def test_videos_that_workers_encoded_give_the_same_dataset(tmp_path):
    whole = make_episode(3, 8)
    bare = type(whole)(meta=whole.meta, columns=whole.columns)
    files = {}
    for name, images in whole.images.items():
        files[name] = tmp_path / f"{name}.mp4"
        files[name].write_bytes(encode_video(images, 20.0))
    with LeRobotWriter(tmp_path / "one", make_info()) as writer:
        writer.add(whole)
    with LeRobotWriter(tmp_path / "other", make_info()) as writer:
        writer.add_encoded(bare, files, {name: image_statistics(images) for name, images in whole.images.items()})
    made = {
        path.relative_to(tmp_path / "one"): path.read_bytes() for path in (tmp_path / "one").rglob("*.*") if path.is_file()
    }
    assert made == {path: (tmp_path / "other" / path).read_bytes() for path in made}
    assert not any(path.exists() for path in files.values())


def test_statistics_of_encoded_pictures_are_taken_from_the_videos_if_none_are_given(tmp_path):
    whole = make_episode(3, 8, cameras={"front": (48, 64)})
    video = tmp_path / "front.mp4"
    video.write_bytes(encode_video(whole.images["front"], 20.0))
    with LeRobotWriter(tmp_path / "set", make_info({"front": (48, 64)})) as writer:
        writer.add_encoded(type(whole)(meta=whole.meta, columns=whole.columns), {"front": video})
    statistics = json.loads((tmp_path / "set/meta/stats.json").read_text())["observation.images.front"]
    assert np.allclose(statistics["mean"], image_statistics(whole.images["front"])["mean"], atol=0.01)
    assert statistics["count"] == [8]


def test_the_same_pictures_give_the_same_file(tmp_path):
    pictures = make_episode(1, 11).images["wrist"]
    assert len({encode_video(pictures, 20.0) for _ in range(20)}) == 1


def test_a_worker_video_of_another_length_is_refused(tmp_path):
    whole = make_episode(3, 8)
    bare = type(whole)(meta=whole.meta, columns=whole.columns)
    short = tmp_path / "short.mp4"
    short.write_bytes(encode_video(whole.images["front"][:5], 20.0))
    with (
        LeRobotWriter(tmp_path / "set", make_info({"front": (48, 64)})) as writer,
        pytest.raises(ShapeError, match=r"\('h264', 5, 48, 64\), expected \('h264', 8, 48, 64\)"),
    ):
        writer.add_encoded(bare, {"front": short})
    assert short.exists()


def test_merging_keeps_every_number_and_every_decoded_picture(tmp_path):
    one, other = write(tmp_path / "one", "lerobot", (5, 6)), write(tmp_path / "other", "lerobot", (7,))
    assert merge([one, other], tmp_path / "all") == 3
    merged, sources = open_dataset(tmp_path / "all"), [open_dataset(one), open_dataset(other)]
    for number, (source, held) in enumerate([(0, 0), (0, 1), (1, 0)]):
        found, wanted = merged.episode(number), sources[source].episode(held)
        check_same_episode(found, wanted)
        for name in wanted.images:
            assert np.array_equal(found.images[name][:], wanted.images[name][:])
    assert merged.columns(2, ["index"])["index"][:, 0].tolist() == list(range(11, 18))
    assert len(list((tmp_path / "all").glob("videos/*/*/*"))) == 2
    assert len(list((tmp_path / "all").glob("data/*/*"))) == 1


@pytest.mark.parametrize("taken", ["folder", "file"])
def test_a_destination_that_is_taken_is_refused_before_any_source_is_opened(tmp_path, taken):
    destination = tmp_path / "all"
    if taken == "folder":
        destination.mkdir()
    thesis = destination / "thesis.tex" if taken == "folder" else destination
    thesis.write_text("years of work")
    with pytest.raises(UsageError, match="exists and is not empty; choose a new folder"):
        merge([tmp_path / "no such source"], destination)
    assert thesis.read_text() == "years of work"


def test_an_empty_folder_is_merged_into(tmp_path):
    (tmp_path / "all").mkdir()
    assert merge([write(tmp_path / "one", "lerobot", (5,))], tmp_path / "all") == 1
    assert len(open_dataset(tmp_path / "all")) == 1


def test_merging_nothing_is_refused(tmp_path):
    with pytest.raises(UsageError, match="nothing to merge; name at least one dataset"):
        merge([], tmp_path / "all")


def test_a_merged_file_is_closed_before_it_is_too_large(tmp_path):
    source = write(tmp_path / "one", "lerobot", (9, 9, 9, 9))
    size = max(path.stat().st_size for path in source.glob("videos/*/*/*"))
    merge([source], tmp_path / "all", video_mb=2.5 * size / 2**20)
    files = list((tmp_path / "all").glob("videos/*front*/*/*"))
    assert 1 < len(files) < 4
    assert all(path.stat().st_size < 2.5 * size for path in files)


def test_videos_of_different_codecs_are_merged_into_different_files(tmp_path):
    one, other = write(tmp_path / "one", "lerobot", (5,)), write(tmp_path / "other", "lerobot", (6,), codec="av1")
    merge([one, other], tmp_path / "all")
    assert len(list((tmp_path / "all").glob("videos/*front*/*/*"))) == 2
    merged, source = open_dataset(tmp_path / "all"), open_dataset(other)
    assert np.array_equal(merged.episode(1).images["front"][:], source.episode(0).images["front"][:])


def test_going_on_with_a_merged_dataset_begins_new_files(tmp_path):
    merge([write(tmp_path / "one", "lerobot", (5, 6))], tmp_path / "all")
    with LeRobotWriter(tmp_path / "all", make_info(), resume=True) as writer:
        assert writer.add(make_episode(2, 7)) == 2
    reader = open_dataset(tmp_path / "all")
    check_same_episode(reader.episode(1), make_episode(1, 6, instruction="do 1"))
    check_same_episode(reader.episode(2), make_episode(2, 7))


def test_groot_is_told_which_part_of_state_and_action_is_what(tmp_path):
    folder = write(tmp_path / "set", "lerobot-v2.1", (5,))
    modality = json.loads((folder / "meta/modality.json").read_text())
    assert modality["state"] == {"joint_position": {"start": 0, "end": 7}, "gripper_width": {"start": 7, "end": 8}}
    assert modality["action"] == {
        "eef_position_delta": {"start": 0, "end": 3},
        "eef_rotation_delta": {"start": 3, "end": 6},
        "gripper": {"start": 6, "end": 7},
    }
    assert modality["video"]["wrist"] == {"original_key": "observation.images.wrist"}
    assert modality["annotation"] == {"human.action.task_description": {}}
    rows = pq.read_table(folder / "data/chunk-000/episode_000000.parquet")
    assert rows["annotation.human.action.task_description"].to_pylist() == [0] * 5


def test_a_rate_that_is_no_whole_number_keeps_pictures_and_rows_together(tmp_path):
    info = make_info({"front": (48, 64)}, fps=100 / 3)
    with LeRobotWriter(tmp_path / "set", info) as writer:
        writer.add(make_episode(0, 50, cameras={"front": (48, 64)}, fps=100 / 3))
    images = open_dataset(tmp_path / "set").episode(0).images["front"]
    for row in (49, 0, 33):
        assert psnr(images[row], make_episode(0, 50, cameras={"front": (48, 64)}).images["front"][row]) > 28.0
