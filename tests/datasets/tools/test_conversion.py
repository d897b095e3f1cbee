"""Every format into every other: numbers come back to the last bit, descriptions whole, pictures too unless it is video."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from small_datasets import FORMATS, make_episode, path_of, write

from vla_isaac.core.errors import DatasetError, UnknownNameError, UsageError
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.meta_json import meta_to_json
from vla_isaac.datasets.verification import verify_path

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
