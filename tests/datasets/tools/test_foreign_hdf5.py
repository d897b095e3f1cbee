"""An HDF5 file gives what lies inside it; external links, external storage and virtual datasets are refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_datasets import make_info

from vla_isaac.cli.main import main
from vla_isaac.core.errors import DatasetError, ForeignFileError
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.copying import all_of, copy_episodes
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.datasets.loading import SampleOptions, VLADataset
from vla_isaac.datasets.merging import merge
from vla_isaac.datasets.robomimic.layout import open_h5
from vla_isaac.datasets.verification import verify_path

h5py = pytest.importorskip("h5py")

SECRET = b"the password is swordfish, do not give it to anybody else; it is the same one as last year....."
LENGTH = 6
PLACES = ("actions", "obs/robot0_eef_pos", "obs/agentview_image", "rewards", "dones", "states")


@pytest.fixture
def plain(tmp_path):
    """Give a small robomimic file with two demos."""
    random = np.random.default_rng(0)
    path = tmp_path / "demos.hdf5"
    with h5py.File(path, "w") as file:
        for number in range(2):
            demo = file.create_group(f"data/demo_{number}")
            demo.attrs["num_samples"] = LENGTH
            demo["actions"] = random.normal(size=(LENGTH, 4))
            demo["states"] = random.normal(size=(LENGTH, 2))
            demo["rewards"], demo["dones"] = np.zeros(LENGTH), np.zeros(LENGTH, np.int64)
            demo["obs/robot0_eef_pos"] = random.normal(size=(LENGTH, 2))
            demo["obs/agentview_image"] = random.integers(0, 255, (LENGTH, 48, 64, 3), dtype=np.uint8)
    return path


def like(old: h5py.Dataset) -> dict[str, object]:
    return {"shape": old.shape, "dtype": old.dtype}


def external_storage(demo: h5py.Group, place: str, folder: Path) -> None:
    kind = like(demo[place])
    secret = folder / "secret.txt"
    secret.write_bytes(SECRET * (1 + int(np.prod(kind["shape"])) * kind["dtype"].itemsize // len(SECRET)))
    del demo[place]
    demo.create_dataset(place, **kind, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])


def other_file(demo: h5py.Group, place: str, folder: Path) -> Path:
    """Write an array like the one of a demo to another file, with the secret in it, and take the one of the demo away."""
    kind = like(demo[place])
    values = np.resize(np.frombuffer(SECRET, np.uint8), int(np.prod(kind["shape"])) * kind["dtype"].itemsize)
    with h5py.File(folder / "secret.hdf5", "w") as file:
        file["x"] = np.frombuffer(values.tobytes(), kind["dtype"]).reshape(kind["shape"])
    del demo[place]
    return folder / "secret.hdf5"


def external_link(demo: h5py.Group, place: str, folder: Path) -> None:
    demo[place] = h5py.ExternalLink(str(other_file(demo, place, folder)), "/x")


def virtual_dataset(demo: h5py.Group, place: str, folder: Path) -> None:
    kind = like(demo[place])
    layout = h5py.VirtualLayout(**kind)
    layout[:] = h5py.VirtualSource(str(other_file(demo, place, folder)), "x", **kind)
    demo.create_virtual_dataset(place, layout)


def soft_link_behind_an_external_one(demo: h5py.Group, place: str, folder: Path) -> None:
    demo.file["elsewhere"] = h5py.ExternalLink(str(other_file(demo, place, folder)), "/")
    demo[place] = h5py.SoftLink("/elsewhere/x")


KINDS = {
    external_storage: r"keeps its numbers in another file \(external storage\)",
    external_link: "is a link into another file",
    virtual_dataset: r"is composed of other files \(virtual dataset\)",
    soft_link_behind_an_external_one: "elsewhere is a link into another file",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("plant", KINDS, ids=lambda plant: plant.__name__)
def test_numbers_and_pictures_of_another_file_are_refused_and_never_copied(plain, tmp_path, plant, place):
    (tmp_path / "private").mkdir()
    with h5py.File(plain, "a") as file:
        plant(file["data/demo_1"], place, tmp_path / "private")
    shutil.copy(plain, tmp_path / "more.hdf5")
    out = tmp_path / "out"
    out.mkdir()
    for work in (
        lambda: convert(plain, out / "manifest", "manifest"),
        lambda: convert(plain, out / "again.hdf5", "hdf5"),
        lambda: merge([plain, tmp_path / "more.hdf5"], out / "merged.hdf5", "hdf5"),
        lambda: VLADataset(plain, SampleOptions(chunk=2))[LENGTH + 1],
    ):
        with pytest.raises(ForeignFileError, match=rf"demos\.hdf5: .*{KINDS[plant]}.*a dataset must contain all its data"):
            work()
    assert list(out.iterdir()) == []
    (finding,) = verify_path(plain)
    assert finding.file == "demos.hdf5"
    assert re.search(KINDS[plant], finding.what)
    assert not any(SECRET[:20] in file.read_bytes() for file in out.rglob("*") if file.is_file())


@pytest.mark.parametrize("place", ["data", "data/demo_0", "data/demo_0/obs", "mask"])
def test_a_group_of_another_file_is_refused_at_opening(plain, tmp_path, place):
    with h5py.File(tmp_path / "other.hdf5", "w") as other, h5py.File(plain, "a") as file:
        if place in file:
            file.copy(place, other, "x")
            del file[place]
        else:
            other["x/train"] = np.array([b"demo_0"])
        file[place] = h5py.ExternalLink("other.hdf5", "x")
    with pytest.raises(ForeignFileError, match=rf"demos\.hdf5: {place} is a link into another file"):
        open_dataset(plain)
    findings = verify_path(plain)
    assert [(f.file, f"{place} is a link" in f.what) for f in findings] == [("demos.hdf5", True)]


def test_verify_also_names_what_no_reader_looks_at(plain):
    with h5py.File(plain, "a") as file:
        file["data/demo_1/next_obs/x"] = h5py.ExternalLink("other.hdf5", "/x")
        file["data/demo_1/next_obs/again"] = file["data"]  # a group that contains itself
    found = [finding.what for finding in verify_path(plain)]
    assert len(found) == 1
    assert "data/demo_1/next_obs/x is a link" in found[0]


def test_the_command_line_says_it_in_one_line(plain, tmp_path, capsys):
    with h5py.File(plain, "a") as file:
        external_storage(file["data/demo_0"], "actions", tmp_path)
    for command in (["info"], ["stats", "--name", "x"], ["convert", "--to", "manifest"]):
        more = [str(tmp_path / "out")] if command[0] == "convert" else []
        assert main(["dataset", command[0], str(plain), *more, *command[1:]]) == 2
        said = capsys.readouterr().err.strip()
        assert "\n" not in said
        assert "data/demo_0/actions keeps its numbers in another file" in said
    assert main(["dataset", "verify", str(plain)]) == 1


def test_a_file_with_links_to_others_is_not_resumed(clean, episodes, tmp_path):
    path = Path(shutil.copy(clean["hdf5"], tmp_path / "demos.hdf5"))
    with h5py.File(path, "a") as file:
        file["data/demo_0/extra"] = h5py.ExternalLink("other.hdf5", "/x")
    with pytest.raises(ForeignFileError, match="data/demo_0/extra is a link"):
        create_dataset(path, make_info(), "hdf5", resume=True)


@pytest.mark.parametrize("place", ["actions", "obs/agentview_image"])
def test_an_array_that_is_declared_larger_than_the_file_can_hold_is_refused(plain, place):
    with h5py.File(plain, "a") as file:
        demo = file["data/demo_0"]
        kind = like(demo[place])
        del demo[place]
        shape = (10**12, *kind["shape"][1:])
        demo.create_dataset(place, shape, kind["dtype"], chunks=(1, *shape[1:]), maxshape=(None, *shape[1:]))
    with pytest.raises(ForeignFileError, match=rf"/{place} is declared as \d+ bytes and stores 0"):
        open_dataset(plain)


# ------------------------------------------------------------------ what is accepted


def test_soft_and_hard_links_inside_the_file_are_followed(plain, tmp_path):
    with h5py.File(plain, "a") as file:
        demo = file["data/demo_1"]
        file["elsewhere"] = demo["actions"]
        del demo["actions"]
        demo["actions"] = h5py.SoftLink("/elsewhere")
        demo["obs/position"] = h5py.SoftLink("robot0_eef_pos")
        file["data/demo_0/obs/position"] = file["data/demo_0/obs/robot0_eef_pos"]
        file["data"].attrs["reference"] = file["elsewhere"].ref
    assert verify_path(plain) == []
    assert convert(plain, tmp_path / "out.hdf5", "hdf5").rows == 2 * LENGTH


def test_soft_links_in_a_circle_end_in_an_error(plain):
    with h5py.File(plain, "a") as file:
        del file["data/demo_0/actions"]
        file["data/demo_0/actions"] = h5py.SoftLink("/data/demo_0/actions")
    with pytest.raises(DatasetError, match="data/demo_0/actions is a circular soft link"):
        open_dataset(plain)


def test_a_large_array_that_compresses_well_is_accepted(tmp_path):
    with h5py.File(tmp_path / "black.hdf5", "w") as file:
        file.create_dataset("x", data=np.zeros((100, 1000, 1000), np.uint8), chunks=(1, 1000, 1000), compression="gzip")
    with open_h5(tmp_path / "black.hdf5") as file:
        assert file["x"].shape == (100, 1000, 1000)


def test_clean_files_are_copied_as_before(clean, tmp_path):
    reader = open_dataset(clean["hdf5"])
    assert copy_episodes(all_of(reader), reader.info, tmp_path / "out.hdf5", "hdf5").episodes == 4
    reader.close()
