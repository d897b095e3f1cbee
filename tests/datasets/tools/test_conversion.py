"""Every format into every other: numbers come back to the last bit, descriptions whole, pictures too unless it is video."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from small_datasets import FORMATS, make_episode, path_of, write

from vla_isaac.core.errors import DatasetError, UnknownNameError, UsageError
from vla_isaac.datasets import video_files
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.lerobot.merge import merge as lerobot_merge
from vla_isaac.datasets.meta_json import meta_to_json
from vla_isaac.datasets.verification import verify_path
from vla_isaac.datasets.video_files import VideoImages, encode_video, read_video_info, write_video

LOSSLESS = ("manifest", "hdf5")


@pytest.mark.parametrize(("source", "to"), list(itertools.product(FORMATS, FORMATS)))
def test_numbers_and_descriptions_come_through_any_conversion_unchanged(clean, episodes, opened, tmp_path, source, to):
    done = convert(clean[source], path_of(tmp_path, to), to)
    reader = opened(done.path)
    assert (done.episodes, done.rows, reader.format, len(reader)) == (4, 46, to, 4)
    for number, wanted in enumerate(episodes):
        found = reader.episode(number)
        assert meta_to_json(found.meta) == meta_to_json(wanted.meta)
        assert list(found.columns) == list(reader.info.features)
        for name, values in wanted.columns.items():
            assert found.columns[name].dtype == values.dtype
            assert found.columns[name].tobytes() == values.tobytes(), name
    assert verify_path(done.path) == []


@pytest.mark.parametrize(("source", "to"), list(itertools.product(LOSSLESS, LOSSLESS)))
def test_pictures_come_through_the_formats_without_video_unchanged(clean, episodes, opened, tmp_path, source, to):
    reader = opened(convert(clean[source], path_of(tmp_path, to), to).path)
    for number, wanted in enumerate(episodes):
        for camera, images in reader.episode(number).images.items():
            assert np.array_equal(images[:], wanted.images[camera])
            assert np.array_equal(images[-1], wanted.images[camera][-1])


def test_pictures_of_a_video_are_kept_as_they_are_decoded(clean, opened, tmp_path):
    before = opened(clean["lerobot"]).episode(1)
    after = opened(convert(clean["lerobot"], tmp_path / "m", "manifest").path).episode(1)
    assert np.array_equal(after.images["hand"][:], before.images["hand"][:])


VIDEOS = ("lerobot", "lerobot-v2.1")


@pytest.mark.parametrize(("source", "to"), list(itertools.product(VIDEOS, VIDEOS)))
def test_a_video_that_fits_is_copied_and_not_encoded_again(clean, opened, tmp_path, source, to, monkeypatch):
    monkeypatch.setattr(video_files, "encode_video", None)
    before, after = opened(clean[source]), opened(convert(clean[source], path_of(tmp_path, to), to).path)
    for number in range(4):
        for camera, images in after.episode(number).images.items():
            assert np.array_equal(images[:], before.episode(number).images[camera][:])


def test_episodes_that_share_a_video_file_are_copied_out_of_it(clean, opened, tmp_path, monkeypatch):
    lerobot_merge([clean["lerobot"]], tmp_path / "compact")
    assert len(list((tmp_path / "compact").glob("videos/*/*/*.mp4"))) == 2
    monkeypatch.setattr(video_files, "encode_video", None)
    before, after = opened(clean["lerobot"]), opened(convert(tmp_path / "compact", tmp_path / "v2", "lerobot-v2.1").path)
    for number in range(4):
        for camera, images in after.episode(number).images.items():
            assert np.array_equal(images[:], before.episode(number).images[camera][:])


@pytest.mark.parametrize("why", ["no key frame", "pictures that depend on later ones", "another rate", "another codec"])
def test_a_video_that_does_not_fit_is_encoded_again(episodes, tmp_path, why, monkeypatch):
    pictures, encoded = episodes[0].images["front"], []
    if why == "pictures that depend on later ones":
        name, options = video_files.ENCODERS["h264"]
        monkeypatch.setitem(video_files.ENCODERS, "h264", (name, {**options, "bf": "2", "g": "50"}))
    fps, codec = 10.0 if why == "another rate" else 20.0, "av1" if why == "another codec" else "h264"
    (tmp_path / "old.mp4").write_bytes(encode_video(pictures, fps, codec))
    monkeypatch.setattr(video_files, "encode_video", lambda *args: encoded.append(args) or encode_video(*args))
    about = {"length": 5, "resolution_hw": pictures.shape[1:3], "about": "episode 0"}
    old = VideoImages(tmp_path / "old.mp4", first=2 if why == "no key frame" else 0, fps=fps, **about)
    write_video(old, tmp_path / "new.mp4", 20.0)
    new = VideoImages(tmp_path / "new.mp4", first=0, fps=20.0, **about)
    assert len(encoded) == 1
    assert read_video_info(tmp_path / "new.mp4").num_frames == 5
    assert np.abs(new[:].astype(int) - old[:].astype(int)).mean() < 4.0


@pytest.mark.parametrize("to", FORMATS)
def test_awkward_numbers_keep_their_bits(opened, tmp_path, to):
    episode = make_episode(5, 6, cameras=("front", "hand"))
    bits = np.array([0x00000001, 0x80000000, 0x7F7FFFFF, 0x3DCCCCCD, 0xBF800001, 0x7F800000, 0x3F7FFFFF], np.uint32)
    episode.columns["action"][2] = bits.view(np.float32)
    source = write(tmp_path / "awkward.hdf5", [episode], "hdf5")
    found = opened(convert(source, path_of(tmp_path, to, "after"), to).path).columns(0)["action"]
    assert found[2].tobytes() == bits.tobytes()


def test_progress_is_told_after_each_episode(clean, tmp_path):
    told = []
    convert(clean["manifest"], tmp_path / "d.hdf5", "hdf5", progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_existing_destination_is_refused_and_untouched(clean, tmp_path):
    (tmp_path / "there").write_text("mine")
    with pytest.raises(UsageError, match="there exists already; give a path that does not"):
        convert(clean["hdf5"], tmp_path / "there", "manifest")
    assert (tmp_path / "there").read_text() == "mine"


def test_a_conversion_that_fails_leaves_nothing_behind(clean, tmp_path):
    import shutil

    source = tmp_path / "source"
    shutil.copytree(clean["manifest"], source)
    (source / "images/front/episode_000002/00003.png").unlink()
    with pytest.raises(DatasetError, match=r"episode 2.*row 3.*the picture is missing"):
        convert(source, tmp_path / "new.hdf5", "hdf5")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize(
    ("to", "name", "error", "message"),
    [
        ("rlds", "new", UnknownNameError, "no dataset format named 'rlds'"),
        ("hdf5", "new", UsageError, "an HDF5 dataset is one file; name it for example"),
        ("lerobot", "new.hdf5", UsageError, "the format lerobot is a folder"),
    ],
)
def test_a_wrong_wish_is_refused_before_any_work(clean, tmp_path, to, name, error, message):
    with pytest.raises(error, match=message):
        convert(clean["manifest"], tmp_path / name, to)
    assert not list(tmp_path.iterdir())


def test_a_dataset_without_episodes_is_not_converted(tmp_path):
    write(tmp_path / "empty", [], "manifest")
    with pytest.raises(UsageError, match="has no episodes, so there is nothing to convert"):
        convert(tmp_path / "empty", tmp_path / "new.hdf5", "hdf5")


def test_the_writer_of_every_format_can_go_on(episodes, tmp_path):
    from small_datasets import make_info

    from vla_isaac.datasets.formats import create_dataset

    for format in FORMATS:
        path = write(path_of(tmp_path, format, format), episodes[:2], format)
        with pytest.raises(UsageError, match="exists"):
            create_dataset(path, make_info(), format)
        with pytest.raises(UsageError):
            create_dataset(path, make_info(fps=5.0), format, resume=True)
        writer = create_dataset(path, make_info(), format, resume=True)
        with pytest.raises(UsageError, match=r"another writer|at work"):
            create_dataset(path, make_info(), format, resume=True)
        assert writer.add(episodes[2]) == 2
        writer.close()
        writer.close()
        reader = open_dataset(path)
        assert [reader.length(n) for n in range(len(reader))] == [12, 9, 15]
        assert verify_path(path) == []
        reader.close()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("number", [-1, 4])
def test_the_reader_of_every_format_refuses_an_episode_before_the_first_or_after_the_last(clean, opened, format, number):
    reader = opened(clean[format])
    assert len(reader) == 4
    for ask in (reader.episode, reader.meta, reader.columns, reader.length):
        with pytest.raises(UsageError, match=rf"no episode {number}; it has 4, (counted|numbered) from 0"):
            ask(number)
