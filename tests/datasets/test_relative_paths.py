"""A dataset is read, verified and converted by a relative path, and from within its folder, as by an absolute one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.datasets.conftest import make_episode, make_info
from vla_isaac.cli.main import main
from vla_isaac.datasets.formats import create_dataset
from vla_isaac.datasets.verification import verify_path

CAMERAS = {"front": (64, 64), "wrist": (64, 64)}


@pytest.mark.parametrize("format", ["lerobot", "lerobot-v2.1", "manifest", "hdf5"])
def test_every_command_takes_a_relative_path(tmp_path, monkeypatch, format):
    name = "set.hdf5" if format == "hdf5" else "set"
    monkeypatch.chdir(tmp_path)
    with create_dataset(tmp_path / name, make_info(CAMERAS), format) as writer:
        writer.add(make_episode(0, 12, cameras=CAMERAS))
        writer.add(make_episode(1, 12, cameras=CAMERAS))
    assert main(["dataset", "info", name]) == 0
    found = verify_path(tmp_path / name)
    assert verify_path(Path(name)) == found
    assert main(["dataset", "convert", name, "copy", "--to", "manifest"]) == 0
    both = "both.hdf5" if format == "hdf5" else "both"
    assert main(["dataset", "merge", name, name, "--out", both]) == 0
    assert main(["dataset", "info", both]) == 0
    if format != "hdf5":
        monkeypatch.chdir(tmp_path / name)
        assert verify_path(Path()) == found
