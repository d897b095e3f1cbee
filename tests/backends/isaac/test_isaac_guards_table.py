"""The tool that switches guards off: its table follows the code, and nobody survives it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tools.isaac_guards.__main__ import main
from tools.isaac_guards.guards import GUARDS, PACKAGE, changed_source


@pytest.mark.parametrize("name", GUARDS)
def test_each_guard_stands_in_the_code_exactly_once_and_can_be_taken_out(name):
    for module in GUARDS[name].modules:
        path = importlib.util.find_spec(module).origin
        changed = changed_source(GUARDS[name], path)
        assert changed != Path(path).read_text(encoding="utf-8")
        compile(changed, path, "exec")
        assert module.startswith(PACKAGE)


def test_a_few_guards_are_missed_when_they_are_gone(capsys):
    assert main(["--sample", "13"]) == 0, capsys.readouterr().out


@pytest.mark.slow
def test_every_guard_is_missed_when_it_is_gone(capsys):
    assert main([]) == 0, capsys.readouterr().out
    print(capsys.readouterr().out)
