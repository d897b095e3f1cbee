"""Verdicts have a colour on a terminal that shows colours, and never in pipes or in JSON."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys

import pytest

from vla_isaac.cli.colour import painted
from vla_isaac.cli.main import main

GREEN, RED, YELLOW, END = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_terminal_shows_the_colour():
    assert painted("SUCCESS", "green", Screen()) == f"{GREEN}SUCCESS{END}"
    assert painted("RAN THROUGH", None, Screen()) == "RAN THROUGH"


def test_a_pipe_has_no_escape_sequences():
    assert painted("SUCCESS", "green", io.StringIO()) == "SUCCESS"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_is_dumb_or_wants_none_has_none(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert painted("FAILED", "red", Screen()) == "FAILED"


def test_colours_can_be_forced_into_a_pipe_unless_there_shall_be_none(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert painted("FAILED", "red", io.StringIO()) == f"{RED}FAILED{END}"
    monkeypatch.setenv("NO_COLOR", "1")
    assert painted("FAILED", "red", io.StringIO()) == "FAILED"


def test_without_rich_there_is_no_colour(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    assert painted("FAILED", "red", Screen()) == "FAILED"


RUN = "run --backend stub --no-video --seed 0"


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (RUN, f"{GREEN}SUCCESS{END}: red_cube"),
        (f"{RUN} --policy hold --max-steps 2", f"{RED}FAILED (never_reached){END}: red_cube"),
        (f"{RUN} --policy hold --max-steps 2 --goal none", "verdict      RAN THROUGH: "),
    ],
)
def test_the_verdict_of_a_run_has_its_colour_and_the_json_none(monkeypatch, capsys, line, verdict):
    monkeypatch.setenv("FORCE_COLOR", "1")
    main([*line.split(), "--json"])
    lines = capsys.readouterr().out.splitlines()
    assert any(verdict in text for text in lines)
    assert "\\u001b" not in lines[-1] and "\x1b" not in lines[-1]
    assert json.loads(lines[-1])["seed"] == 0


def test_a_policy_that_declines_is_said_to_decline_also_without_a_goal(monkeypatch, capsys):
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["run", "--policy", "mini", "--no-video", "--goal", "none", ""]) == 3
    said = capsys.readouterr()
    assert f"verdict      {YELLOW}DECLINED{END}" in said.out
    assert (said.out + said.err).count("declined: the instruction is empty") == 1


def test_the_lines_of_doctor_have_their_colours(monkeypatch, capsys):
    from vla_isaac.cli import doctor
    from vla_isaac.cli.installed import Check

    monkeypatch.setenv("FORCE_COLOR", "1")
    for ok, colour in ((True, GREEN), (False, RED), (None, YELLOW)):
        assert doctor._line(Check("numpy", ok, "2.0")).startswith(colour)


def test_a_piped_command_has_no_escape_sequences():
    done = subprocess.run(
        [sys.executable, "-m", "vla_isaac", *RUN.split()], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert "SUCCESS" in done.stdout
    assert not re.search("\x1b", done.stdout + done.stderr)
