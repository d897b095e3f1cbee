"""Datasets that name files and hosts outside themselves: nothing is asked for, nothing is copied, and one line says why."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.datasets.conftest import make_episode, make_info
from vla_isaac.core.errors import DatasetError, ForeignFileError
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.datasets.untrusted_paths import fill_template, path_inside

SECRET = b"what only the owner of this machine may read, thirty-two numbers long......" * 4


@pytest.fixture
def host():
    """A server on this machine that notes who knocks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def assert_nobody_connected(host: socket.socket) -> None:
    with pytest.raises(TimeoutError):
        host.accept()


def command(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "vla_isaac", "dataset", *map(str, words)], capture_output=True, text=True, check=False
    )


def assert_refused(done: subprocess.CompletedProcess, *words: str, code: tuple[int, ...] = (2,)) -> None:
    """Fail unless it ended with one line of ours that has these words."""
    told = done.stdout + done.stderr
    assert done.returncode in code, told
    assert "Traceback" not in told
    assert all(word in told for word in words), told


# ------------------------------------------------------------------ paths and videos


@pytest.fixture(params=["lerobot", "lerobot-v2.1"])
def lerobot(request, tmp_path) -> Path:
    path = tmp_path / "set"
    writer = create_dataset(path, make_info({"front": (48, 64)}), request.param)
    writer.add(make_episode(cameras={"front": (48, 64)}))
    writer.close()
    return path


def change(path: Path, **fields: object) -> None:
    info = path / "meta" / "info.json"
    info.write_text(json.dumps(json.loads(info.read_text(encoding="utf-8")) | fields), encoding="utf-8")


@pytest.mark.parametrize(
    "template",
    [
        "http://127.0.0.1:{port}/x.mp4",
        "tcp://127.0.0.1:{port}/x.mp4",
        "concat:/etc/hostname|/etc/hostname",
        "subfile,,start,0,end,0,,:http://127.0.0.1:{port}/x.mp4",
        "file:/etc/hostname",
        "/etc/hostname",
        "../outside.mp4",
        "videos/../../outside.mp4",
        "C:\\Windows\\x.mp4",
        "videos\\..\\..\\outside.mp4",
        7,
    ],
)
@pytest.mark.parametrize("field", ["video_path", "data_path"])
def test_a_path_that_leads_out_of_the_dataset_is_refused_and_no_host_is_asked(lerobot, host, field, template):
    hostile = template.replace("{port}", str(host.getsockname()[1])) if isinstance(template, str) else template
    change(lerobot, **{field: hostile})
    (lerobot.parent / "outside.mp4").write_bytes(SECRET)
    with pytest.raises(ForeignFileError, match=rf"info.json: {field} is .*; expected"):
        open_dataset(lerobot)
    assert_nobody_connected(host)


def test_the_commands_say_it_in_one_line(lerobot, host, tmp_path):
    change(lerobot, video_path=f"http://127.0.0.1:{host.getsockname()[1]}/x.mp4")
    for words in (("convert", lerobot, tmp_path / "out.hdf5", "--to", "hdf5"), ("verify", lerobot)):
        assert_refused(command(*words), "video_path", "protocol", code=(1 if words[0] == "verify" else 2,))
    assert_nobody_connected(host)


def test_a_camera_whose_name_leads_out_is_refused(lerobot):
    info = json.loads((lerobot / "meta" / "info.json").read_text(encoding="utf-8"))
    features = info["features"]
    features["observation.images.../../../etc"] = features.pop("observation.images.front")
    change(lerobot, features=features)
    with pytest.raises(DatasetError):
        open_dataset(lerobot).episode(0).images["../../../etc"][0]


@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile http://127.0.0.1:{port}/x.mp4\n",
        "ffconcat version 1.0\nfile {outside}\n",
    ],
    ids=["playlist", "list of addresses", "list of files"],
)
def test_a_list_of_other_files_called_mp4_is_no_video(lerobot, host, content):
    video = next(lerobot.rglob("*.mp4"))
    outside = lerobot.parent / "outside.mp4"
    shutil.copy(video, outside)
    video.write_text(content.format(port=host.getsockname()[1], outside=outside), encoding="utf-8")
    with pytest.raises(DatasetError, match="is broken or truncated"):
        open_dataset(lerobot).episode(0).images["front"][0]
    assert_nobody_connected(host)


def test_a_snapshot_of_links_as_the_hub_keeps_it_is_read(lerobot, tmp_path):
    hub = tmp_path / "datasets--owner--set"
    snapshot, blobs = hub / "snapshots" / "main", hub / "blobs"
    blobs.mkdir(parents=True)
    for number, file in enumerate(path for path in sorted(lerobot.rglob("*")) if path.is_file()):
        shutil.copy(file, blobs / str(number))
        link = snapshot / file.relative_to(lerobot)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blobs / str(number))
    found, wanted = open_dataset(snapshot).episode(0), open_dataset(lerobot).episode(0)
    assert np.array_equal(found.images["front"][3], wanted.images["front"][3])


@pytest.mark.parametrize(
    "template", ["{chunk_index.__class__}", "{chunk_index:099999999d}", "{other}", "{", "x{chunk_index!r}"]
)
def test_a_template_with_anything_but_numbers_and_names_is_refused(template):
    with pytest.raises(DatasetError, match=r"data_path is .*with no other placeholders than \{chunk_index\}"):
        fill_template(template, source="data_path", chunk_index=3)


@pytest.mark.parametrize("text", ["data/x.mp4", "a b/ä.png", "..x/y..", "x/...", "videos/observation.images.front/f.mp4"])
def test_an_ordinary_path_is_taken(text, tmp_path):
    assert path_inside(tmp_path, text, source="here") == tmp_path / text


def test_pictures_of_a_manifest_stay_in_its_folder(tmp_path):
    from PIL import Image

    folder = tmp_path / "set"
    folder.mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "private.png")
    step = {"image_path": "../private.png", "instruction": "lift", "action": [0.0] * 7}
    (folder / "manifest.json").write_text(json.dumps([step]), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"the path of a picture is '../private.png': it leads out of the folder"):
        open_dataset(folder).episode(0)


# ------------------------------------------------------------------ HDF5


def demo(file: h5py.File) -> h5py.Group:
    group = file.create_group("data/demo_0")
    group.create_dataset("actions", data=np.zeros((4, 7), np.float32))
    return group


def by_external_storage(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        demo(file).create_dataset("obs/x", (4, 16), "u1", external=[(str(secret), 0, 64)])


def by_external_link(path: Path, secret: Path) -> None:
    other = path.with_name("other.hdf5")
    with h5py.File(other, "w") as file:
        file["x"] = np.frombuffer(SECRET[:64], "u1").reshape(4, 16)
    with h5py.File(path, "w") as file:
        demo(file).require_group("obs")["x"] = h5py.ExternalLink(other, "/x")


def by_an_external_link_as_demo(path: Path, secret: Path) -> None:
    other = path.with_name("other.hdf5")
    with h5py.File(other, "w") as file:
        demo(file)
    with h5py.File(path, "w") as file:
        file.create_group("data")["demo_0"] = h5py.ExternalLink(other, "/data/demo_0")


def by_virtual_dataset(path: Path, secret: Path) -> None:
    other = path.with_name("other.hdf5")
    with h5py.File(other, "w") as file:
        file["x"] = np.frombuffer(SECRET[:64], "u1").reshape(4, 16)
    layout = h5py.VirtualLayout(shape=(4, 16), dtype="u1")
    layout[:] = h5py.VirtualSource(str(other), "x", shape=(4, 16))
    with h5py.File(path, "w") as file:
        demo(file).require_group("obs").create_virtual_dataset("x", layout)


HOSTILE = (by_external_storage, by_external_link, by_an_external_link_as_demo, by_virtual_dataset)


@pytest.mark.parametrize("make", HOSTILE)
def test_an_hdf5_file_that_takes_from_other_files_is_refused(make, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_bytes(SECRET)
    path = tmp_path / "set.hdf5"
    make(path, secret)
    with pytest.raises(DatasetError, match="a dataset must contain all its data"):
        open_dataset(path)


@pytest.mark.parametrize("make", HOSTILE)
def test_nothing_of_another_file_reaches_a_converted_dataset(make, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_bytes(SECRET)
    path, out = tmp_path / "set.hdf5", tmp_path / "out"
    make(path, secret)
    assert_refused(command("convert", path, out, "--to", "lerobot"), "set.hdf5", "contain all its data")
    assert_refused(command("info", path), "contain all its data")
    assert_refused(command("verify", path), "contain all its data", code=(1,))
    assert not [file for file in out.rglob("*") if file.is_file()]


def test_an_array_that_is_declared_larger_than_it_can_be_is_refused(tmp_path):
    path = tmp_path / "set.hdf5"
    with h5py.File(path, "w") as file:
        demo(file).create_dataset("obs/x", (10**12, 7), "f4", chunks=(1000, 7))
    with pytest.raises(DatasetError, match=r"data/demo_0/obs/x is declared as 28000000000000 bytes and stores 0"):
        open_dataset(path)


def test_links_within_a_file_and_well_compressed_pictures_are_read(tmp_path):
    path = tmp_path / "set.hdf5"
    with h5py.File(path, "w") as file:
        group = demo(file)
        black = np.zeros((4, 3000, 3000, 3), np.uint8)
        group.create_dataset("obs/front_image", data=black, chunks=(1, 3000, 3000, 3), compression="gzip")
        group["obs/again"] = h5py.SoftLink("/data/demo_0/actions")
    episode = open_dataset(path).episode(0)
    assert np.array_equal(episode.columns["observation.again"], np.zeros((4, 7)))
