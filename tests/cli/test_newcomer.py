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


@pytest.mark.parametrize("words", [(), ("help",), ("--help",)], ids=str)
def test_no_command_and_help_are_the_help_of_all_commands(said, words):
    code, out, _ = said(*words)
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


def test_the_isaac_backend_does_not_ask_for_a_package_that_breaks_isaac_sim():
    code = "import sys; sys.modules['pxr'] = None; from vla_isaac.cli.main import main; sys.exit(main(['list', 'backends']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
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
