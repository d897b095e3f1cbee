"""The video: what is in the file, and what happens when it cannot be written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import MissingDependencyError, RenderError
from vla_isaac.core.images import to_pil
from vla_isaac.runtime.result import End
from vla_isaac.runtime.video import BAR, VideoRecorder, caption

av = pytest.importorskip("av", reason="writing videos needs PyAV")


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def film(episode, backend, answering, tmp_path):
    """Run a filmed episode of six steps and return its result and recorder."""

    def make(path: Path = tmp_path / "new" / "episode.mp4", **options):
        recorder = VideoRecorder(backend, path, **options)
        return answering(backend).run(episode(max_steps=6), [recorder]), recorder

    return make


# ------------------------------------------------------------------ what is in it


def test_a_video_has_a_frame_per_step_the_first_and_a_second_of_the_verdict(film):
    _, recorder = film()
    with av.open(str(recorder.written)) as video:
        (stream,) = video.streams.video
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(stream)]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", 20)
    assert len(frames) == 1 + 6 + 20
    assert {frame.shape for frame in frames} == {(96 + BAR, 128, 3)}


def test_the_picture_is_that_of_the_scene_and_the_caption_is_underneath(film, backend):
    _, recorder = film()
    with av.open(str(recorder.written)) as video:
        frame = next(video.decode(video=0)).to_ndarray(format="rgb24")
    assert frame[:96].std() > 20, "the scene has light and dark in it"
    assert frame[-4:].mean() < 60, "the bar is dark"


def test_the_file_appears_under_its_name_only_and_its_folder_is_made(film, tmp_path):
    result, recorder = film()
    assert recorder.written == tmp_path / "new" / "episode.mp4"
    assert files_in(tmp_path) == ["episode.mp4"]
    assert result.warnings == ()


def test_a_scene_without_a_video_camera_is_filmed_by_its_first_one(film):
    _, recorder = film(camera="drone")
    with av.open(str(recorder.written)) as video:
        assert video.streams.video[0].height == 96 + BAR


def test_a_caption_keeps_the_picture_and_shortens_long_lines():
    picture = np.full((40, 200, 3), 128, dtype=np.uint8)
    captioned = caption(picture, [("word " * 60, (255, 255, 255))])
    assert captioned.shape == (40 + BAR, 200, 3)
    assert (captioned[:40] == picture).all()
    assert to_pil(captioned).crop((188, 40, 200, 40 + BAR)).getextrema()[0][1] < 60, "nothing runs over the edge"


# ------------------------------------------------------------------ what can go wrong


def test_a_folder_that_cannot_be_made_costs_only_the_video(film, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    result, recorder = film(tmp_path / "file" / "episode.mp4")
    assert (result.end, result.steps, recorder.written) == (End.TIMED_OUT, 6, None)
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith("VideoRecorder was detached: ")
    assert str(tmp_path / "file") in result.warnings[0]


def test_without_pyav_the_error_names_the_extra_and_the_way_around(monkeypatch, backend, tmp_path):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependencyError, match=r"'av'; run: .*pip install -e \"\.\[video\]\", or run with --no-video"):
        VideoRecorder(backend, tmp_path / "episode.mp4")


class DarkeningBackend(StubBackend):
    """A stub that cannot draw any more after a number of pictures."""

    def __init__(self, pictures: int) -> None:
        super().__init__()
        self._left = pictures

    def render(self, requests):
        self._left -= 1
        if self._left < 0:
            raise RenderError("no OpenGL")
        return (yield from super().render(requests))


@pytest.mark.parametrize(
    "pictures",
    [
        0,
        pytest.param(45),
    ],
)
def test_when_pictures_fail_the_episode_goes_on_and_no_half_file_is_left(episode, answering, tmp_path, pictures):
    backend = DarkeningBackend(pictures)
    recorder = VideoRecorder(backend, tmp_path / "episode.mp4")
    result = answering(backend).run(episode(max_steps=60), [recorder])
    assert (result.end, result.steps) == (End.TIMED_OUT, 60)
    assert result.warnings == ("VideoRecorder was detached: no OpenGL",)
    assert files_in(tmp_path) == []


FULL_DISK = """
    import json, resource, signal, sys
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing beyond the limit is then an error, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, MOST))
    sys.argv = ["vla-isaac", "run", "--backend", "stub", "--json", "--max-steps", "60", "--policy", "random", *sys.argv[1:]]
    from vla_isaac.cli.main import main
    sys.exit(main())
"""


def run_with_little_disk(limit: int, *options: str) -> subprocess.CompletedProcess:
    code = textwrap.dedent(FULL_DISK).replace("MOST", str(limit))
    return subprocess.run([sys.executable, "-c", code, *options], capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are a matter of POSIX")
@pytest.mark.parametrize("limit", [0, 2_000, 40_000], ids=["nothing fits", "a little fits", "all but the end"])
def test_on_a_full_disk_the_episode_still_ends_and_the_loss_is_reported(tmp_path, limit):
    done = run_with_little_disk(limit, "--video", str(tmp_path / "episode.mp4"))
    result = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, result["end"], result["steps"], result["video"]) == (3, "timed_out", 60, None), done.stderr
    assert len(result["warnings"]) == 1
    assert "VideoRecorder was detached" in result["warnings"][0]
    assert "File too large" in result["warnings"][0]
    assert done.stderr.count("VideoRecorder was detached") == 1, "people read it once"
    assert "Traceback" not in done.stderr
    assert files_in(tmp_path) == [], "no part of a video is left"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are a matter of POSIX")
def test_on_a_full_disk_the_loss_of_a_log_is_reported_too(tmp_path):
    done = run_with_little_disk(8_000, "--no-video", "--record", str(tmp_path))
    result = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, result["steps"]) == (3, 60), done.stderr
    assert len(result["warnings"]) == 1
    assert re.match(r"EpisodeLog was detached: .*\.jsonl cannot be written: File too large; ", result["warnings"][0])
    assert "Traceback" not in done.stderr


def test_inside_kit_another_process_encodes_and_the_video_is_the_same(episode, answering, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "omni.kit.app", object())
    recorder = VideoRecorder(StubBackend(), tmp_path / "kit.mp4")
    backend = recorder._backend
    answering(backend).run(episode(max_steps=5), [recorder])
    monkeypatch.delitem(sys.modules, "omni.kit.app")
    assert recorder.written == tmp_path / "kit.mp4"
    with av.open(str(recorder.written)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 26  # the start, five steps, a second of verdict


def test_an_encoder_process_that_dies_costs_only_the_video(episode, answering, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "omni.kit.app", object())
    monkeypatch.setattr("sys.executable", "/bin/false")
    backend = StubBackend()
    result = answering(backend).run(episode(max_steps=60), [VideoRecorder(backend, tmp_path / "kit.mp4")])
    assert result.end is End.TIMED_OUT
    assert "encoder process ended early" in result.warnings[0]
    assert files_in(tmp_path) == []
