"""The page of the command line: every command has its section, and every option is told of on some page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vla_isaac.cli.main import COMMANDS, main

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section_and_every_option_is_told_of(command, capsys):
    sections = re.findall(r"^## (\S+)$", (DOCS / "cli.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert command in sections
    assert main([command, "--help"]) == 0
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    told = set(re.findall(r"--[a-z][a-z-]+", "\n".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))))
    assert options - told == set()
