"""The command that installs an extra works where the user stands: a checkout, a wheel, Isaac Sim."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from vla_isaac.core import installation
from vla_isaac.core.installation import install_command, install_remedy, kind_of_installation
from vla_isaac.core.optional import missing

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own_pip(tmp_path, monkeypatch):
    """Put a Python with a pip next to it on the path, as in an activated environment."""
    for name in ("python", "pip"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_in_the_folder_of_a_checkout_it_is_an_editable_installation_of_this_folder(own_pip, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert install_command("data") == 'pip install -e ".[data]"'
    assert install_command("") == 'pip install -e "."'


def test_outside_the_checkout_it_names_the_checkout(own_pip, monkeypatch):
    monkeypatch.chdir(own_pip)
    assert install_command("data") == f'pip install -e "{ROOT}[data]"'


def test_a_pip_of_another_python_is_not_used(own_pip, monkeypatch):
    monkeypatch.chdir(own_pip)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert install_command("data") == f'{Path("bin", "python")} -m pip install -e "{ROOT}[data]"'


def test_an_installed_wheel_is_named_by_its_name(own_pip, monkeypatch):
    monkeypatch.setattr(installation, "_ABOVE_PACKAGE", own_pip)
    assert kind_of_installation() == "wheel"
    assert install_remedy("data") == 'run: pip install "vla_isaac[data]"'


def test_inside_kit_nothing_is_installed_over_kits_packages(monkeypatch):
    monkeypatch.setitem(sys.modules, "omni.kit.app", ModuleType("omni.kit.app"))
    assert kind_of_installation() == "kit"
    assert "make extension" in install_remedy("cli")
    assert install_remedy("policy") == 'in Isaac Sim\'s folder run: ./python.sh -m pip install "onnxruntime>=1.23"'
    assert "ordinary Python" in install_remedy("data")


def test_the_python_of_isaac_sims_binary_release_is_isaac_sims(own_pip, monkeypatch):
    monkeypatch.setenv("CARB_APP_PATH", str(own_pip))
    assert kind_of_installation() == "kit"


def test_a_variable_of_another_isaac_sim_does_not_matter(own_pip, monkeypatch, tmp_path):
    monkeypatch.setenv("CARB_APP_PATH", str(tmp_path / "isaac-sim" / "kit"))
    assert kind_of_installation() == "checkout"


def test_the_error_of_a_missing_package_has_that_command(own_pip, monkeypatch):
    monkeypatch.chdir(ROOT)
    error = missing("pyarrow.parquet", extra="data", need="the dataset format lerobot", instead="choose another format")
    assert error.message == "the dataset format lerobot needs the package 'pyarrow'"
    assert error.remedy == 'run: pip install -e ".[data]", or choose another format'
