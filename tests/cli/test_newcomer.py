"""What a newcomer types first: nothing, help, version, a misspelt name; each answer says what to type next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vla_isaac.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def said(capsys):
    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        return code, *capsys.readouterr()

    return call


def without(module: str, *words: str) -> subprocess.CompletedProcess:
    """Run a command in a Python that lacks a module."""
    code = (
        f"import sys; sys.modules[{module!r}] = None; from vla_isaac.cli.main import main; sys.exit(main({list(words)!r}))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("word", ["help", "--help"])
def test_help_is_the_help_of_all_commands(said, word):
    code, out, _ = said(word)
    assert code == 0
    assert all(command in out for command in COMMANDS)


def test_help_of_a_command_is_its_help(said):
    assert said("help", "parse")[1] == said("parse", "--help")[1]


def test_version_is_the_version(said):
    assert said("version") == said("--version") == said("-V")


def test_a_misspelt_kind_of_list_is_answered_with_the_nearest(said):
    code, _, err = said("list", "polices")
    assert code == 2
    assert "no kind named 'polices'; did you mean 'policies'? Known: backends, conventions" in err


def test_a_misspelt_backend_is_answered_before_a_policy_is_chosen_for_it(said):
    code, out, err = said("run", "--backend", "stubb")
    assert (code, out) == (2, "")
    assert "no backend named 'stubb'; did you mean 'stub'?" in err


def test_an_instruction_without_run_is_answered_with_run(said):
    code, _, err = said("Lift the red cube")
    assert code == 2
    assert "'Lift the red cube' is no command; write: vla-isaac run \"Lift the red cube\"" in err


def test_a_folder_that_is_no_checkpoint_says_what_it_lacks(said, tmp_path):
    code, _, err = said("run", "--policy", str(tmp_path), "--backend", "stub", "--no-video")
    assert code == 2
    assert "this folder has no policy.json; give a checkpoint folder, such as best in the output folder" in err


def test_a_dataset_is_opened_without_the_packages_of_other_formats(said, tmp_path):
    path = str(tmp_path / "d")
    words = ["--episodes", "1", "--task", "lift", "--backend", "stub", "--size", "32", "--format", "manifest"]
    assert said("collect", path, *words)[0] == 0
    done = without("pyarrow", "dataset", "info", path)
    assert done.returncode == 0, done.stderr
    assert "manifest" in done.stdout


def test_a_dataset_that_may_need_a_missing_package_names_it():
    done = without("pyarrow", "dataset", "info", str(ROOT / "data" / "samples"))
    assert done.returncode == 2
    assert "the dataset format lerobot needs the package 'pyarrow'; run: " in done.stderr


def test_the_isaac_backend_does_not_ask_for_a_package_that_breaks_isaac_sim():
    done = without("pxr", "list", "backends")
    assert "not available" not in done.stdout
    assert "isaac  " in done.stdout


@pytest.mark.parametrize("command", ["export", "collect", "parse", "dataset"])
def test_a_command_without_its_arguments_names_them_and_its_help(command):
    done = subprocess.run(
        [sys.executable, "-m", "vla_isaac", command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"vla-isaac {command} --help" in done.stderr
    assert "Traceback" not in done.stderr
