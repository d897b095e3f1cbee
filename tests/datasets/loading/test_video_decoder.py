import os
from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av", reason="videos need PyAV; pip install av")

from vla_isaac.core.errors import DatasetError  # noqa: E402
from vla_isaac.datasets.video_decoder import PictureSource  # noqa: E402
from vla_isaac.datasets.video_files import encode_video  # noqa: E402

RATE = Fraction(20)
NUMBERS = [40, 3, 4, 5, 12, 0, 41, 59, 58, 59, 1, 7]


def moving(count=60, size=32):
    pictures = np.zeros((count, size, size, 3), np.uint8)
    for t in range(count):
        pictures[t, :, : 1 + t % size] = (4 * t, 255 - 4 * t, 128)
    return pictures


def with_reordered_pictures(path, pictures):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=20, options={"g": "12", "bf": "3", "b-adapt": "0"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(params=["h264", "av1", "reordered"])
def path(request, tmp_path):
    path = tmp_path / "video.mp4"
    if request.param == "reordered":
        with_reordered_pictures(path, moving())
    else:
        path.write_bytes(encode_video(moving(), 20.0, request.param))
    return path


def test_any_order_gives_the_pictures_that_decoding_from_the_start_gives(path):
    with av.open(str(path)) as container:
        expected = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    source = PictureSource()
    for number in NUMBERS:
        assert np.array_equal(source.picture(path, number, RATE), expected[number])


def test_a_process_that_is_forked_off_decodes_on_its_own(path):
    source = PictureSource()
    before = source.picture(path, 5, RATE)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(source.picture(path, 5, RATE), before) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_file_that_is_replaced_is_read_anew(tmp_path):
    path, source = tmp_path / "video.mp4", PictureSource()
    path.write_bytes(encode_video(np.full((5, 32, 32, 3), 40, np.uint8), 20.0))
    assert source.picture(path, 2, RATE).mean() == pytest.approx(40, abs=3)
    path.write_bytes(encode_video(np.full((6, 32, 32, 3), 200, np.uint8), 20.0))
    assert source.picture(path, 2, RATE).mean() == pytest.approx(200, abs=3)


def test_what_is_wrong_with_a_file_is_told_with_its_name(tmp_path):
    path, source = tmp_path / "video.mp4", PictureSource()
    with pytest.raises(DatasetError, match=r"video\.mp4 is missing"):
        source.picture(path, 0, RATE)
    path.write_bytes(encode_video(moving(10), 20.0)[:900])
    with pytest.raises(DatasetError, match=r"video\.mp4 is broken or truncated"):
        source.picture(path, 0, RATE)
    path.write_bytes(encode_video(moving(10), 20.0))
    with pytest.raises(DatasetError, match="picture 10 is not in it"):
        source.picture(path, 10, RATE)
