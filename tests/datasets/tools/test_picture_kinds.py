"""Depth never becomes a color camera, in any format; gray, palette and alpha become RGB; one rule finds the channels."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
from pictures_of_all_kinds import COLOR_FILES, DEPTH, GRAY, KEY, OTHER_FILES, RGB, H, W, change_feature, encode, put_in_rows
from small_datasets import FORMATS, make_episode, path_of, write

from vla_isaac.core.errors import DatasetError, ShapeError, VlaIsaacError
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.episode import Episode, Feature
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.lerobot.merge import merge as lerobot_merge
from vla_isaac.datasets.picture_kinds import PictureAxes, as_rgb, picture_axes
from vla_isaac.datasets.verification import verify_path

pytest.importorskip("pyarrow")
pytest.importorskip("av")
h5py = pytest.importorskip("h5py")
LEROBOT = ("lerobot", "lerobot-v2.1")


@pytest.fixture
def warned(caplog):
    """Return a function that gives the warnings so far and forgets them."""

    def call() -> list[str]:
        said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        caplog.clear()
        return said

    return call


def is_left_out(path, warned, camera: str, words: str) -> None:
    """Check that a camera is left out with one warning, that the rest is read, and that nothing is written of it."""
    reader = open_dataset(path)
    kept = set(reader.info.cameras)
    assert camera not in kept
    assert set(reader.episode(0).images) == kept
    reader.close()
    said = warned()
    assert len(said) == 1, said
    assert str(path) in said[0]
    assert repr(camera) in said[0]
    assert words in said[0]
    assert [f for f in verify_path(path) if "stats" not in f.file] == []
    out = path.parent / "out"
    convert(path, out, "lerobot")
    assert set(open_dataset(out).info.cameras) == kept
    assert {video.parts[-3].removeprefix("observation.images.") for video in out.rglob("*.mp4")} == kept
    assert verify_path(out) == []
    assert warned() == []  # once for the process, however often it is opened


# ------------------------------------------------------------------ axes


@pytest.mark.parametrize(
    ("shape", "names", "expected"),
    [
        ([48, 64, 3], None, PictureAxes((48, 64), 3, 2)),
        ([3, 48, 64], None, PictureAxes((48, 64), 3, 0)),
        ([3, 48, 64], ["channels", "height", "width"], PictureAxes((48, 64), 3, 0)),
        ([3, 48, 64], ["channel", "height", "width"], PictureAxes((48, 64), 3, 0)),
        ([3, 48, 64], ["height", "width", "channels"], PictureAxes((48, 64), 3, 0)),  # the names contradict the sizes
        ([48, 64, 3], ["channels", "height", "width"], PictureAxes((48, 64), 3, 2)),
        ([48, 64, 3], ["height", "width", "rgb"], PictureAxes((48, 64), 3, 2)),
        ([3, 4, 3], ["c", "h", "w"], PictureAxes((4, 3), 3, 0)),  # only the names tell
        ([3, 4, 3], None, PictureAxes((3, 4), 3, 2)),
        ([1, 48, 64], None, PictureAxes((48, 64), 1, 0)),
        ([48, 64, 1], {"axes": ["height", "width", "channels"]}, PictureAxes((48, 64), 1, 2)),
        ([48, 64], None, PictureAxes((48, 64), 1, None)),
        ([48, 64, 7], None, PictureAxes((48, 64), 7, 2)),
    ],
)
def test_the_channels_are_found_by_name_or_size(shape, names, expected):
    assert picture_axes(shape, names) == expected


@pytest.mark.parametrize(
    "shape", [[], [48], [48, 64, 3, 1], [0, 64, 3], [-48, 64, 3], ["a", 64, 3], None, 5, [None] * 3, "abc", [1e400, 2, 3]]
)
def test_what_is_no_shape_of_a_picture_is_an_error(shape):
    with pytest.raises(ShapeError, match="no shape of a picture"):
        picture_axes(shape)


@pytest.mark.parametrize("shape", [(H, W, 1), (1, H, W), (H, W, 4), (4, H, W), (3, H, W), (H, W, 3), (H, W)])
@pytest.mark.parametrize("rows", [(), (5,)])
def test_pictures_of_8_bits_become_rgb(shape, rows):
    axes = picture_axes(shape)
    values = np.random.default_rng(0).integers(0, 255, (*rows, *shape), np.uint8)
    rgb = as_rgb(values, axes)
    assert rgb.shape == (*rows, H, W, 3)
    red = values if axes.axis is None else values.take(0, axes.axis - 3)
    assert (rgb[..., 0] == red).all()
    assert axes.channels > 1 or (rgb[..., 2] == red).all()


# ------------------------------------------------------------------ LeRobot, video


@pytest.fixture
def with_video(tmp_path):
    """Return the maker of a dataset whose camera `front` has another video."""

    def call(format, frames, codec, pixels, **feature):
        path = write(tmp_path / "demos", [make_episode(0), make_episode(1)], format)
        for video in (path / "videos").rglob("*.mp4"):
            if ".front" in video.as_posix():
                encode(video, frames, codec, pixels)
        change_feature(path, **feature)
        return path

    return call


def depth_frames(number: int = 12):
    return [np.full((H, W), 100 + 150 * t, np.uint16) for t in range(number)]


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize(
    "info",
    [
        {"info": {"is_depth_map": True}},
        {"info": {"video.is_depth_map": True, "video.pix_fmt": "gray12le"}},
        {"info": None, "video_info": {"video.is_depth_map": True}},
    ],
)
def test_a_video_that_is_marked_as_a_depth_map_is_left_out(with_video, warned, format, info):
    path = with_video(format, depth_frames(), "libx265", "gray12le", shape=[H, W, 1], **info)
    is_left_out(path, warned, "front", "marked as a depth map")


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize(("codec", "pixels"), [("libx265", "gray12le"), ("ffv1", "gray16le")])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_depth_video_without_a_mark_is_left_out(with_video, warned, format, codec, pixels, channels):
    path = with_video(format, depth_frames(), codec, pixels, shape=[H, W, channels], info=None)
    is_left_out(path, warned, "front", f"({pixels}) is depth, not color")


@pytest.mark.parametrize("feature", [{"info": None}, {"shape": [H, W, 3], "info": {"video.pix_fmt": "gray10le"}}])
def test_a_depth_video_that_h264_stores_as_yuv_is_left_out(with_video, warned, feature):
    frames = [np.full((H, W), 100 + 50 * t, np.uint16) for t in range(12)]
    path = with_video("lerobot", frames, "libx264", "gray10le", **{"shape": [H, W, 1], **feature})
    is_left_out(path, warned, "front", "is depth, not color")


def test_a_color_video_that_shows_depth_is_left_out_by_its_mark(with_video, warned):
    path = with_video("lerobot", [RGB] * 12, "libx264", "yuv420p", info={"is_depth_map": True})
    is_left_out(path, warned, "front", "marked as a depth map")


def test_a_later_file_with_depth_is_an_error_instead_of_a_picture(with_video, tmp_path):
    path = with_video("lerobot", [RGB] * 12, "libx264", "yuv420p")
    encode(sorted((path / f"videos/{KEY}").rglob("*.mp4"))[1], depth_frames(), "libx265", "gray12le")
    with pytest.raises(DatasetError, match=r"episode 1.*is no color video: one channel of 12 bits \(gray12le\) is depth"):
        convert(path, tmp_path / "out", "manifest")


def gray_of(path, row: int):
    reader = open_dataset(path)
    picture = reader.episode(0).images["front"][row]
    reader.close()
    return picture


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize(("codec", "pixels"), [("libx265", "gray"), ("png", "gray")])
def test_a_gray_video_of_8_bits_is_rgb(with_video, warned, format, codec, pixels):
    path = with_video(format, [np.full((H, W), 20 + 15 * t, np.uint8) for t in range(12)], codec, pixels, shape=[H, W, 1])
    assert [gray_of(path, row)[3, 4].tolist() for row in (0, 5, 11)] == [[20] * 3, [95] * 3, [185] * 3]
    assert warned() == []


@pytest.mark.parametrize(("codec", "pixels"), [("libx264", "yuv420p10le"), ("libx264", "yuv422p10le"), ("png", "rgb48be")])
def test_a_color_video_of_more_than_8_bits_is_rgb_of_8(with_video, warned, codec, pixels):
    frames = [np.full((H, W, 3), (200, 100, 20 + 10 * t), np.uint8) for t in range(12)]
    path = with_video("lerobot", frames, codec, pixels)
    for row in (0, 5, 11):
        assert np.abs(gray_of(path, row).astype(int) - frames[row]).max() <= 4
    assert warned() == []


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize("names", [["channels", "height", "width"], None])
def test_a_camera_that_is_declared_channel_first_has_its_size(clean, tmp_path, format, names):
    path = write(path_of(tmp_path, format), [make_episode(0)], format)
    change_feature(path, shape=[3, H, W], names=names)
    reader = open_dataset(path)
    assert reader.info.cameras["front"] == (H, W)
    assert reader.episode(0).images["front"][3].shape == (H, W, 3)
    assert verify_path(path) == []


@pytest.mark.parametrize("shape", [[48], [48, 64, 3, 3], "abc", None])
def test_a_camera_without_the_shape_of_a_picture_is_named(tmp_path, shape):
    path = write(tmp_path / "demos", [make_episode(0)], "lerobot")
    data = json.loads((path / "meta/info.json").read_text())
    data["features"][KEY]["shape"] = shape
    (path / "meta/info.json").write_text(json.dumps(data))
    with pytest.raises(DatasetError, match=rf"meta/info\.json: features?.*{KEY}.*shape"):
        open_dataset(path)


# ------------------------------------------------------------------ LeRobot, pictures in the rows


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize("kind", COLOR_FILES)
def test_pictures_of_8_bits_in_the_rows_are_rgb(tmp_path, warned, format, kind):
    path = write(tmp_path / "demos", [make_episode(0)], format)
    data, right = COLOR_FILES[kind]
    put_in_rows(path, [data])
    picture = gray_of(path, 2)
    assert picture.shape == (H, W, 3)
    assert right is None or (picture == right).all()
    assert warned() == []


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize("kind", OTHER_FILES)
def test_other_pictures_in_the_rows_are_left_out(tmp_path, warned, format, kind):
    path = write(tmp_path / "demos", [make_episode(0)], format)
    data, words = OTHER_FILES[kind]
    put_in_rows(path, [data])
    is_left_out(path, warned, "front", words)


def test_a_later_row_with_depth_is_an_error_instead_of_a_picture(tmp_path):
    path = write(tmp_path / "demos", [make_episode(0), make_episode(1)], "lerobot")
    put_in_rows(path, [COLOR_FILES["rgb"][0], OTHER_FILES["16-bit gray png"][0]])
    with pytest.raises(DatasetError, match=r"episode 1, camera front, row 0: .*is depth, not color"):
        convert(path, tmp_path / "out", "manifest")


@pytest.mark.parametrize("kind", ["video", "rows"])
def test_a_merge_without_encoding_leaves_depth_out_too(with_video, warned, tmp_path, kind):
    if kind == "video":
        path = with_video("lerobot", depth_frames(), "libx265", "gray12le", shape=[H, W, 1], info={"is_depth_map": True})
    else:
        path = write(tmp_path / "demos", [make_episode(0), make_episode(1)], "lerobot")
        put_in_rows(path, [OTHER_FILES["16-bit gray png"][0]])
    assert lerobot_merge([path, path], tmp_path / "both") == 4
    assert set(open_dataset(tmp_path / "both").info.cameras) == {"hand"}
    assert verify_path(tmp_path / "both") == []
    assert len(warned()) == 1


def test_columns_of_unsigned_numbers_such_as_depth_are_kept(tmp_path):
    import pyarrow.parquet as pq
    from small_datasets import make_info

    feature = Feature("uint16", (6, 8))
    depth = np.arange(12 * 48, dtype=np.uint16).reshape(12, 6, 8) + 60_000
    given = make_episode(0)
    episode = Episode(meta=given.meta, columns={**given.columns, "observation.depth": depth}, images=given.images)
    info = {"features": {**make_info().features, "observation.depth": feature}}
    path = write(tmp_path / "demos", [episode], "lerobot", **info)
    assert pq.read_table(next((path / "data").rglob("*.parquet"))).num_rows == 12
    assert verify_path(path) == []
    for format in ("hdf5", "manifest", "lerobot-v2.1"):
        out = path_of(tmp_path, format, f"out-{format}")
        convert(path, out, format)
        assert (open_dataset(out).episode(0).columns["observation.depth"] == depth).all()


# ------------------------------------------------------------------ manifest


@pytest.fixture
def plain_manifest(tmp_path):
    """Return the maker of a manifest with only image, instruction and action, of some encoded pictures."""

    def call(cells):
        folder = tmp_path / "chapter"
        folder.mkdir()
        for t, cell in enumerate(cells):
            (folder / f"{t}.png").write_bytes(cell)
        steps = [{"image_path": f"{t}.png", "instruction": "push", "action": [0.0] * 7} for t in range(len(cells))]
        (folder / "manifest.json").write_text(json.dumps(steps))
        return folder

    return call


@pytest.mark.parametrize("kind", COLOR_FILES)
def test_pictures_of_8_bits_of_a_manifest_are_rgb(plain_manifest, warned, kind):
    data, right = COLOR_FILES[kind]
    picture = open_dataset(plain_manifest([data] * 3)).episode(0).images["image"][1]
    assert picture.shape == (H, W, 3)
    assert right is None or (picture == right).all()
    assert warned() == []


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_other_pictures_of_a_manifest_are_left_out(plain_manifest, warned, kind):
    data, words = OTHER_FILES[kind]
    reader = open_dataset(plain_manifest([data] * 3))
    assert reader.info.cameras == {}
    assert reader.episode(0).images == {}
    (said,) = warned()
    assert "'image'" in said
    assert words in said


def test_a_later_picture_of_a_manifest_with_depth_is_an_error(plain_manifest):
    path = plain_manifest([COLOR_FILES["rgb"][0], OTHER_FILES["16-bit gray png"][0]])
    with pytest.raises(DatasetError, match=r"1\.png: .*row 1: .*is depth, not color"):
        open_dataset(path).episode(0).images["image"][:]


# ------------------------------------------------------------------ HDF5


@pytest.fixture
def plain_hdf5(tmp_path):
    """Return the maker of a robomimic file with one more array in its observations."""

    def call(values):
        path = tmp_path / "demos.hdf5"
        with h5py.File(path, "w") as file:
            demo = file.create_group("data/demo_0")
            demo["actions"] = np.random.default_rng(0).normal(size=(len(values), 4))
            demo["obs/hand_image"] = np.stack([np.roll(RGB, t, axis=0) for t in range(len(values))])
            demo["obs/front_image"] = values
        return path

    return call


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.stack([DEPTH] * 6)[..., None], "one channel of uint16 is depth"),
        (np.stack([DEPTH] * 6)[..., None].astype(np.float32), "one channel of float32 is depth"),
        (np.stack([DEPTH] * 6)[:, None].astype(np.float64), "one channel of float64 is depth"),
        (np.stack([RGB] * 6).astype(np.float32) / 255, "float32, and nothing says which value is white"),
        (np.stack([RGB] * 6).astype(np.uint16) * 16, "uint16, and nothing says which value is white"),
        (np.stack([RGB[..., :2]] * 6), "2 channels, which is neither gray nor RGB"),
        (np.stack([np.dstack([RGB, RGB])] * 6), "6 channels, which is neither gray nor RGB"),
        (np.stack([DEPTH] * 6), "is not that of pictures with channels"),
    ],
)
def test_arrays_that_are_no_color_pictures_are_left_out(plain_hdf5, caplog, values, words):
    path = plain_hdf5(values)
    reader = open_dataset(path)
    assert set(reader.info.cameras) == {"hand"}
    assert not any("front" in name for name in reader.info.features)
    reader.close()
    (said,) = [record.getMessage() for record in caplog.records]
    assert words in said
    assert "front_image" in said
    assert convert(path, path.parent / "out", "lerobot").rows == 6
    assert {video.parts[-3] for video in (path.parent / "out").rglob("*.mp4")} == {"observation.images.hand"}


@pytest.mark.parametrize(
    "values",
    [GRAY[..., None], GRAY[None], np.dstack([RGB, GRAY]), RGB.transpose(2, 0, 1)],
    ids=["gray", "1hw", "rgba", "chw"],
)
def test_arrays_of_8_bits_are_rgb(plain_hdf5, warned, tmp_path, values):
    right = RGB if 3 in values.shape or 4 in values.shape else np.dstack([GRAY] * 3)
    path = plain_hdf5(np.stack([np.roll(values, t, axis=values.shape.index(W)) for t in range(6)]))
    reader = open_dataset(path)
    images = reader.episode(0).images["front"]
    assert images.shape == (6, H, W, 3)
    assert (images[4] == np.roll(right, 4, axis=1)).all()
    assert (images[2:4] == [np.roll(right, 2, axis=1), np.roll(right, 3, axis=1)]).all()
    reader.close()
    assert verify_path(path) == []
    convert(path, tmp_path / "out", "manifest")
    assert (open_dataset(tmp_path / "out").episode(0).images["front"][4] == np.roll(right, 4, axis=1)).all()
    assert warned() == []


def test_a_file_of_ours_whose_pictures_became_depth_is_an_error(clean, tmp_path):
    import shutil

    path = tmp_path / "demos.hdf5"
    shutil.copy(clean["hdf5"], path)
    with h5py.File(path, "a") as file:
        demo = file["data/demo_1/obs"]
        del demo["front_image"]
        demo["front_image"] = np.stack([DEPTH] * 9)[..., None]
    reader = open_dataset(path)
    with pytest.raises(DatasetError, match=r"episode 1.*'front'.*uint16"):
        reader.episode(1)
    reader.close()


# ------------------------------------------------------------------ writing


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", [np.uint16, np.float32, np.int8, bool])
def test_pictures_of_another_type_are_not_written(tmp_path, format, kind):
    given = make_episode(0)
    episode = Episode(
        meta=given.meta, columns=given.columns, images={**given.images, "front": given.images["front"].astype(kind)}
    )
    with pytest.raises(VlaIsaacError, match=rf"{np.dtype(kind)}.*expected.*uint8"):
        write(path_of(tmp_path, format), [episode], format)
