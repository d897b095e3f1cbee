"""Without SAPIEN the backend says what to do; its import leaves the rest of the process alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from vla_isaac.backends.physx import engine
from vla_isaac.backends.physx.backend import PhysxBackend
from vla_isaac.cli import doctor
from vla_isaac.cli.requirements import Requirement
from vla_isaac.core.errors import MissingDependencyError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def no_sapien(monkeypatch):
    """A Python without SAPIEN."""
    engine.sapien_module.cache_clear()
    monkeypatch.setitem(sys.modules, "sapien", None)  # an import of it raises, as if it were not there
    monkeypatch.setattr(engine, "is_installed", lambda name: False)
    monkeypatch.setattr(doctor, "is_installed", lambda name: False)
    yield
    engine.sapien_module.cache_clear()


def on(monkeypatch, system: str, machine: str) -> None:
    monkeypatch.setattr(engine.sys, "platform", {"Darwin": "darwin", "Windows": "win32"}.get(system, system.lower()))
    monkeypatch.setattr(engine.platform, "system", lambda: system)
    monkeypatch.setattr(engine.platform, "machine", lambda: machine)


def test_without_the_package_the_error_names_the_extra(no_sapien, monkeypatch):
    on(monkeypatch, "Linux", "x86_64")
    with pytest.raises(MissingDependencyError, match=r"the physx backend needs the package 'sapien'; .*\[physx\]"):
        PhysxBackend()


@pytest.mark.parametrize(("system", "machine"), [("Linux", "aarch64"), ("Windows", "ARM64"), ("FreeBSD", "amd64")])
def test_where_there_is_no_wheel_the_error_says_where_there_is_one(no_sapien, monkeypatch, system, machine):
    on(monkeypatch, system, machine)
    with pytest.raises(MissingDependencyError) as caught:
        PhysxBackend()
    assert f"SAPIEN has no wheel for {system} {machine}, CPython" in caught.value.message
    assert "it has wheels for Linux x86-64" in caught.value.message
    assert "choose --backend mujoco" in caught.value.remedy


def test_a_python_without_wheels_is_named(no_sapien, monkeypatch):
    on(monkeypatch, "Linux", "x86_64")
    monkeypatch.setattr(engine.sys, "version_info", (3, 15, 0))
    assert not engine.has_wheel()


def test_the_doctor_says_which_machine_has_no_wheel(no_sapien, monkeypatch):
    on(monkeypatch, "Linux", "aarch64")
    lacking = [Requirement("no-such-package", "physx")]
    monkeypatch.setattr(doctor, "declared_extras", lambda: ["physx"])
    assert [(row.ok, row.remedy) for row in doctor._extras(lacking, shown=set())] == [(None, "")]
    check = doctor._physx()
    assert check.ok is None
    assert "SAPIEN has no wheel for Linux aarch64" in check.words
    on(monkeypatch, "Linux", "x86_64")
    assert doctor._physx().remedy.endswith('[physx]"')


def test_the_doctor_reports_a_library_that_does_not_load(monkeypatch):
    def broken(name: str, **_: str) -> ModuleType:
        raise OSError("libsapien.so: cannot open shared object file")

    engine.sapien_module.cache_clear()
    monkeypatch.setattr(engine, "require", broken)
    monkeypatch.setattr(engine, "is_installed", lambda name: True)
    monkeypatch.setattr(doctor, "is_installed", lambda name: True)
    check = doctor._physx()
    engine.sapien_module.cache_clear()
    assert (check.ok, check.words) == (
        False,
        "the package 'sapien' cannot be loaded (libsapien.so: cannot open shared object file)",
    )


def test_variables_of_other_libraries_are_restored_after_the_import(monkeypatch):
    def meddling(name: str, **_: str) -> ModuleType:
        os.environ["__EGL_VENDOR_LIBRARY_FILENAMES"] = "sapien/10_nvidia.json"
        os.environ["VK_ICD_FILENAMES"] = "sapien/nvidia_icd.json"
        os.environ["SAPIEN_PACKAGE_PATH"] = "sapien"
        return ModuleType(name)

    engine.sapien_module.cache_clear()
    monkeypatch.setattr(engine, "require", meddling)
    monkeypatch.setattr(engine, "is_installed", lambda name: True)
    monkeypatch.setenv("VK_ICD_FILENAMES", "mine.json")
    monkeypatch.delenv("__EGL_VENDOR_LIBRARY_FILENAMES", raising=False)
    monkeypatch.setenv("SAPIEN_PACKAGE_PATH", "")
    engine.sapien_module()
    engine.sapien_module.cache_clear()
    assert os.environ["VK_ICD_FILENAMES"] == "mine.json"
    assert "__EGL_VENDOR_LIBRARY_FILENAMES" not in os.environ


def test_the_library_that_downloads_is_not_executed_but_works_when_used():
    pytest.importorskip("sapien")
    code = """
import sys
from vla_isaac.backends.physx.engine import sapien_module
used = sapien_module().physx.requests
print("requests" in sys.modules, used.codes.ok, "requests" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "200", "True"]


def test_the_import_warns_of_nothing_and_the_doctor_names_the_releases(tmp_path):
    pytest.importorskip("sapien")
    code = "from vla_isaac.cli.doctor import _physx; print(_physx().words)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.startswith("PhysX 5.")
    assert " in SAPIEN 3." in done.stdout
    assert done.stderr == ""
