"""Shell completion: the script is sourced by a real bash, which completes commands, options, values and files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from vla_isaac.cli.completion import SHELLS
from vla_isaac.cli.main import COMMANDS, DATASET_COMMANDS, main

TRY = """
source "$1"
shift
complete -p vla-isaac
function=$(complete -p vla-isaac | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
$function vla-isaac "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.fixture(scope="module")
def script(tmp_path_factory) -> Path:
    """Write what ``vla-isaac --print-completion bash`` prints."""
    import contextlib
    import io

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["--print-completion", "bash"]) == 0
    path = tmp_path_factory.mktemp("completion") / "vla-isaac.bash"
    path.write_text(printed.getvalue(), encoding="utf-8")
    return path


def completed(script: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of these words."""
    command = ["bash", "-c", TRY, "bash", str(script), "vla-isaac", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    how, *offered = done.stdout.splitlines()
    assert "-o default" in how, "where nothing is offered, bash completes files"
    return [word for word in offered if word]


@needs_bash
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ru"], ["run"]),
        (["run", "--pol"], ["--policy", "--policy-timeout"]),
        (["collect", "--backend", ""], ["mujoco", "physx", "stub"]),
        (["dataset", "me"], ["merge"]),
        (["dataset", "convert", "--t"], ["--to"]),
        (["dataset", "info", "no-such-pa"], []),
    ],
)
def test_bash_completes(script, words, offered):
    assert completed(script, *words) == offered


@needs_bash
def test_every_command_and_every_dataset_command_is_offered(script):
    assert set(completed(script, "")) >= set(COMMANDS)
    assert set(completed(script, "dataset", "")) >= set(DATASET_COMMANDS)


@pytest.mark.parametrize("line", ["--print-completion zsh", "--print-completion=zsh"])
def test_the_script_for_zsh_has_every_command(capsys, line):
    assert main(line.split()) == 0
    script = capsys.readouterr().out
    assert "#compdef" in script
    assert all(f"'{name}'" in script for name in (*COMMANDS, *DATASET_COMMANDS))


@pytest.mark.parametrize("line", ["--print-completion", "--print-completion powershell", "--print-completion=fish"])
def test_a_shell_that_is_missing_or_unknown_is_refused_with_those_that_are_known(capsys, line):
    assert main(line.split()) == 2
    err = capsys.readouterr().err
    assert f"give one of {', '.join(SHELLS)}" in err
    assert 'eval "$(vla-isaac --print-completion bash)"' in err


def test_a_shell_for_which_tyro_needs_another_package_names_it(capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["--print-completion", "tcsh"]) == 2
    assert "completion for tcsh needs the package 'shtab'; run: " in capsys.readouterr().err


def test_the_help_says_that_there_is_completion(capsys):
    assert main(["--help"]) == 0
    assert "--print-completion" in capsys.readouterr().out
