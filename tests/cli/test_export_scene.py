"""What ``vla-isaac export-scene`` refuses, with or without usd-core."""

from __future__ import annotations

import json
import sys

import pytest

from vla_isaac.cli.main import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scene.xml"], "scene.xml: the name must end in .usda, .usd or .usdc, for example scene.usda"),
        (["scene"], "for example scene.usda"),
        (["scene.usda", "--seed", "-1"], "seeds are whole numbers from 0"),
        (["/dev/null/scene.usda"], "cannot write to /dev/null"),
        (["scene.usda", "--robot-asset", "franka.usd"], "only used with --robot reference"),
    ],
)
def test_wrong_usage_is_told_with_its_remedy(capsys, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    assert main(["export-scene", *words, "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "UsageError"
    assert message in said["error"]
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_file(capsys, tmp_path):
    (tmp_path / "s.usda").mkdir()
    assert main(["export-scene", str(tmp_path / "s.usda")]) == 2
    assert "is a folder; give a file name" in capsys.readouterr().err


def test_without_usd_core_the_extra_is_named(capsys, tmp_path, monkeypatch):
    for name in [m for m in sys.modules if m.partition(".")[0] == "pxr" or m.startswith("vla_isaac.scene.usd")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_NoPxr(), *sys.meta_path])
    assert main(["export-scene", str(tmp_path / "scene.usda"), "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "MissingDependencyError"
    assert "writing a scene as USD needs the package 'pxr'; run: " in said["error"]
    assert 'pip install -e ".[usd]"' in said["error"]


class _NoPxr:
    """An import system in which `pxr` does not exist."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pxr":
            raise ModuleNotFoundError(f"No module named {name!r}", name="pxr")
