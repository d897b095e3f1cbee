"""A dataset makes this machine open its own files only: no other file, no address, no playlist by the name of a video."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_datasets import FPS, make_episode, write

from vla_isaac.cli.main import main
from vla_isaac.core.errors import DatasetError, ForeignFileError
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.loading import SampleOptions, VLADataset
from vla_isaac.datasets.untrusted_paths import path_inside
from vla_isaac.datasets.verification import verify_path
from vla_isaac.datasets.video_files import encode_video, read_video_info

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("av")

LEROBOT = ("lerobot", "lerobot-v2.1")
ADDRESSES = (
    "http://127.0.0.1:PORT/x.mp4",
    "http:/127.0.0.1:PORT/x.mp4",
    "tcp://127.0.0.1:PORT",
    "tcp:127.0.0.1:PORT",
    "crypto+http://127.0.0.1:PORT/x.mp4",
    "cache:http://127.0.0.1:PORT/x.mp4",
)
FILES = (
    "concat:a.mp4|b.mp4",
    "subfile,,start,0,end,9,,:outside.mp4",
    "data:video/mp4;base64,AAAA",
    "pipe:0",
    "file:outside.mp4",
    "/etc/hostname",
    "../outside.mp4",
    "videos/../../outside.mp4",
    "videos\\..\\..\\outside.mp4",
    "",
)


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """Return the maker of a small dataset in the current folder, where a name such as http:/host/x is an address."""
    monkeypatch.chdir(tmp_path)

    def call(format: str = "lerobot") -> Path:
        write(tmp_path / "demos", [make_episode(0), make_episode(1, 9)], format)
        monkeypatch.chdir(tmp_path / "demos")
        return Path()

    return call


@pytest.fixture
def listener():
    """Give a port of this machine and the list of what connected to it."""
    connected: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            try:
                connection, address = server.accept()
            except OSError:
                return
            connected.append(address)
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1], connected
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def set_field(path: Path, field: str, value: object) -> None:
    file = path / "meta/info.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data[field] = value
    file.write_text(json.dumps(data), encoding="utf-8")


def videos_of(path: Path) -> list[Path]:
    return sorted((path / "videos").rglob("*.mp4"))


def read_everything(path: Path, out: Path) -> None:
    """Do all that reads a dataset; what is refused is refused by an error of ours."""
    verify_path(path)
    for work in (
        lambda: convert(path, out / "manifest", "manifest"),
        lambda: convert(path, out / "lerobot", "lerobot"),
        lambda: VLADataset(path, SampleOptions(chunk=2))[0],
    ):
        with pytest.raises(DatasetError):
            work()


# ------------------------------------------------------------------ names in info.json


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize("name", ADDRESSES)
def test_a_video_path_that_is_an_address_is_not_connected_to(dataset, listener, tmp_path, format, name):
    port, connected = listener
    path = dataset(format)
    set_field(path, "video_path", name.replace("PORT", str(port)))
    read_everything(path, tmp_path / "out")
    assert connected == []


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize("field", ["video_path", "data_path"])
@pytest.mark.parametrize("name", FILES)
def test_a_path_that_leads_out_of_the_dataset_is_refused(dataset, format, field, name):
    path = dataset(format)
    shutil.copy(videos_of(path)[0], path / "../outside.mp4")
    set_field(path, field, name)
    if not name:
        assert verify_path(path) == []  # an empty field is a missing one: the usual place is taken
        return
    with pytest.raises(ForeignFileError, match=rf"meta/info\.json: {field} is .*: it .*; expected a path below"):
        open_dataset(path)


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize("key", ["../../../x", "http://127.0.0.1/x", "a/../../../x", "/x"])
def test_a_camera_whose_name_leads_out_of_the_dataset_is_refused(dataset, tmp_path, format, key):
    path = dataset(format)
    file = path / "meta/info.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["features"] = {key if name.endswith("front") else name: f for name, f in data["features"].items()}
    data["video_path"] = "{video_key}/x.mp4"
    file.write_text(json.dumps(data), encoding="utf-8")
    if format == "lerobot":
        for rows in (path / "meta/episodes").rglob("*.parquet"):
            table = pq.read_table(rows)
            pq.write_table(
                table.rename_columns([n.replace("observation.images.front", key) for n in table.column_names]), rows
            )
    with pytest.raises(ForeignFileError, match="video_path"):
        open_dataset(path)
    assert [finding.file for finding in verify_path(path)] == ["meta/info.json"]


@pytest.mark.parametrize(
    "template",
    ["{video_key.__class__}.mp4", "{secret}.mp4", "{}.mp4", "{0}.mp4", "{video_key", "{video_key:999999999}", 5, ["x"]],
)
def test_a_template_takes_the_known_fields_only(dataset, template):
    path = dataset()
    set_field(path, "video_path", template)
    with pytest.raises(ForeignFileError, match=r"video_path is .*than \{chunk_index\}.*\{video_key\}"):
        open_dataset(path)


@pytest.mark.parametrize("format", LEROBOT)
def test_the_command_line_says_it_in_one_line(dataset, capsys, format):
    path = dataset(format)
    set_field(path, "video_path", "/etc/hostname")
    assert main(["dataset", "info", str(path)]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "meta/info.json: video_path is '/etc/hostname'" in said
    assert main(["dataset", "convert", str(path), "../out.hdf5", "--to", "hdf5"]) == 2
    assert main(["dataset", "verify", str(path)]) == 1
    assert not Path("../out.hdf5").exists()


# ------------------------------------------------------------------ what is in a file by the name of a video


@pytest.mark.parametrize("format", LEROBOT)
@pytest.mark.parametrize("kind", ["playlist", "playlist of the neighbour", "script", "script of the neighbour"])
def test_a_video_that_is_a_list_of_other_files_is_broken(dataset, listener, tmp_path, format, kind):
    port, connected = listener
    path = dataset(format)
    first, other = videos_of(path)[:2]
    target = f"http://127.0.0.1:{port}/x.ts" if "neighbour" not in kind else os.path.relpath(other, first.parent)
    first.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
        if "playlist" in kind
        else f"ffconcat version 1.0\nfile '{target}'\n",
        encoding="utf-8",
    )
    with pytest.raises(DatasetError, match="is broken or truncated"):
        read_video_info(first)
    read_everything(path, tmp_path / "out")
    assert connected == []


def test_a_script_by_the_name_of_a_video_does_not_open_the_file_that_it_lists(tmp_path):
    pictures = np.zeros((5, 48, 64, 3), np.uint8)
    (tmp_path / "private.mp4").write_bytes(encode_video(pictures, FPS))
    (tmp_path / "file.mp4").write_text("ffconcat version 1.0\nfile 'private.mp4'\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="is broken or truncated"):
        read_video_info(tmp_path / "file.mp4")


@pytest.mark.parametrize("name", ["video.m3u8", "video.ffconcat", "video.sdp", "video"])
def test_only_videos_of_a_known_container_are_opened(tmp_path, name):
    (tmp_path / name).write_bytes(encode_video(np.zeros((5, 48, 64, 3), np.uint8), FPS))
    with pytest.raises(DatasetError, match=r"has an unknown ending; expected one of \.mp4, "):
        read_video_info(tmp_path / name)


@pytest.mark.parametrize("ending", [".m4v", ".mov", ".MP4"])
def test_other_endings_of_the_same_container_are_read(dataset, ending):
    path = dataset()
    for video in videos_of(path):
        video.rename(video.with_suffix(ending))
    set_field(path, "video_path", f"videos/{{video_key}}/chunk-{{chunk_index:03d}}/file-{{file_index:03d}}{ending}")
    assert verify_path(path) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
@pytest.mark.parametrize("place", ["videos", "data"])
def test_a_pipe_in_the_place_of_a_file_is_refused_instead_of_waited_for(dataset, place):
    path = dataset()
    file = sorted(file for file in (path / place).rglob("*") if file.is_file())[0]
    file.unlink()
    os.mkfifo(file)
    assert any("is no regular file" in finding.what for finding in verify_path(path))


# ------------------------------------------------------------------ pictures


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "http://127.0.0.1/x.png", "images/../../secret.png", 5])
def test_a_manifest_whose_pictures_lie_elsewhere_is_refused(dataset, name):
    path = dataset("manifest")
    Image.new("RGB", (64, 48), (1, 2, 3)).save(path / "../secret.png")
    steps = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    steps[2]["images"]["front"] = name
    (path / "manifest.json").write_text(json.dumps(steps), encoding="utf-8")
    with pytest.raises(ForeignFileError, match=r"manifest\.json: the path of a picture is .*expected a path below"):
        convert(path, path / "../out", "lerobot")
    assert not (path / "../out").exists()
    assert [(f.episode, "the path of a picture" in f.what) for f in verify_path(path)] == [(0, True)]


def test_a_plain_manifest_is_not_judged_by_a_picture_elsewhere(tmp_path):
    Image.new("RGB", (64, 48)).save(tmp_path / "secret.png")
    (tmp_path / "demos").mkdir()
    steps = [{"image_path": str(tmp_path / "secret.png"), "instruction": "push", "action": [0.0] * 7}]
    (tmp_path / "demos/manifest.json").write_text(json.dumps(steps), encoding="utf-8")
    with pytest.raises(ForeignFileError, match=r"the path of a picture is .*it is absolute"):
        open_dataset(tmp_path / "demos")


def test_a_picture_given_as_a_path_in_the_rows_is_not_opened(dataset, tmp_path):
    path = dataset()
    Image.new("RGB", (64, 48)).save(tmp_path / "secret.png")
    data = json.loads((path / "meta/info.json").read_text(encoding="utf-8"))
    data["features"]["observation.images.front"]["dtype"] = "image"
    (path / "meta/info.json").write_text(json.dumps(data), encoding="utf-8")
    for file in (path / "data").rglob("*.parquet"):
        table = pq.read_table(file)
        cells = [{"bytes": None, "path": str(tmp_path / "secret.png")}] * table.num_rows
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        pq.write_table(table.append_column("observation.images.front", pa.array(cells, kind)), file)
    with pytest.raises(DatasetError, match=r"is given as the path .*secret\.png.*not as bytes, and no such file is opened"):
        convert(path, tmp_path / "out", "manifest")


@pytest.mark.parametrize("kind", ["EPS", "PCX"])
def test_only_pictures_of_the_usual_kinds_are_decoded(dataset, kind):
    """Pillow would give EPS to Ghostscript; whether that is installed must not matter."""
    path = dataset("manifest")
    picture = min(path.rglob("*.png"))
    Image.new("RGB", (64, 48)).save(picture, format=kind)
    assert any("the picture is broken or truncated" in finding.what for finding in verify_path(path))


def test_a_picture_of_more_pixels_than_memory_is_an_error_of_ours(dataset, monkeypatch):
    path = dataset("manifest")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(DatasetError, match=r"the picture is broken .*Image size \(3072 pixels\) exceeds limit"):
        convert(path, path / "../out", "lerobot")


# ------------------------------------------------------------------ what is accepted


@pytest.mark.parametrize("format", LEROBOT)
def test_a_dataset_of_the_hugging_face_cache_is_read_through_its_links(dataset, tmp_path, format):
    """``snapshots/<revision>/videos/...`` are links to ``blobs/<hash>``, without the ending of the name."""
    path = dataset(format).absolute()
    hub = tmp_path / "datasets--owner--demos"
    snapshot, blobs = hub / "snapshots/0123abc", hub / "blobs"
    blobs.mkdir(parents=True)
    for number, file in enumerate(sorted(file for file in path.rglob("*") if file.is_file())):
        shutil.copy(file, blobs / f"{number:040x}")
        link = snapshot / file.relative_to(path)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blobs / f"{number:040x}", link.parent))
    assert verify_path(snapshot) == []
    assert convert(snapshot, tmp_path / "out", "manifest").episodes == 2


def test_a_dataset_is_read_through_links_to_it_and_within_it(dataset, tmp_path):
    path = dataset().absolute()
    (path / "videos").rename(path / "big disk: videos")
    (path / "videos").symlink_to(path / "big disk: videos")
    (tmp_path / "link").symlink_to(path)
    assert verify_path(tmp_path / "link") == []


@pytest.mark.parametrize("format", [*LEROBOT, "manifest"])
@pytest.mark.parametrize("kind", ["a file", "a folder"])
def test_a_link_that_leads_out_of_a_dataset_is_refused_with_what_to_do(dataset, tmp_path, format, kind):
    """An archive from a stranger may hold a link to any file of this machine."""
    path = dataset(format).absolute()
    ending = "*.png" if format == "manifest" else "*.mp4"
    inside = min(path.rglob(ending)) if kind == "a file" else path / ("images" if format == "manifest" else "videos")
    inside.rename(tmp_path / "outside")
    inside.symlink_to(tmp_path / "outside")
    words = r"is a link to .*outside.* and is not followed; .* cp -rL "
    assert any(re.search(words, finding.what) for finding in verify_path(path))
    with pytest.raises(ForeignFileError, match=words):
        convert(path, tmp_path / "out", "lerobot" if format == "manifest" else "manifest")


@pytest.mark.parametrize("name", ["a.mp4", "a/b.mp4", "a/..b/c..mp4", "a/front:0/b.mp4", "./a.mp4"])
def test_names_below_the_dataset_are_accepted(name):
    assert path_inside(Path("demos"), name, source="x") == Path("demos") / name
