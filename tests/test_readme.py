"""What the README and the docs say is true: every block runs, every command exists, every link leads somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import vla_isaac
from vla_isaac.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")

PASTED_IN_HOW_TO = "how-to"
"""These pages are pasted and run by tests/test_examples.py."""


def blocks(page: Path, language: str) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [textwrap.dedent(body) for _, kind, body in found if kind == language]


def commands(page: Path) -> list[str]:
    return [line for body in blocks(page, "bash") for line in body.splitlines() if line]


def named(pages: list[Path], content) -> list:
    """Return one test case per block or line, named after its page."""
    return [
        pytest.param(item, id=f"{page.relative_to(ROOT)}:{number}")
        for page in pages
        for number, item in enumerate(content(page), start=1)
    ]


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess:
    search = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, cwd=folder, env=search, capture_output=True, text=True, timeout=300, check=False)


def shortened(words: list[str]) -> list[str]:
    """Leave out what takes long and changes nothing about whether the command works."""
    if words[0] == "bench":
        return [*words, "--episodes", "1", "--repeats", "1"]
    if words[0] != "run":
        return words
    without_video = [] if {"--no-video", "--replay"} & set(words) else ["--no-video"]
    return [*words, *without_video, *(["--episodes", "2"] if "--episodes" in words else [])]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def slug(heading: str) -> str:
    return re.sub(r"[^\w]+", "-", heading.strip().lower()).strip("-")


ON_ISAAC = "isaac-sim.md"  # its blocks run on the simulated Isaac Sim: tests/backends/isaac/test_isaac_page.py
IN_TURN = "chapter.md"  # its blocks are one script: tests/test_chapter_page.py
RUNNABLE = [
    README,
    *(page for page in PAGES if page.parent.name != PASTED_IN_HOW_TO and page.name not in (ON_ISAAC, IN_TURN)),
]


@pytest.mark.parametrize("code", named(RUNNABLE, lambda page: blocks(page, "python")))
def test_a_python_block_runs(code, tmp_path):
    done = run([sys.executable, "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("line", named(RUNNABLE, commands))
def test_a_command_works_as_pasted(line, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)
    if words[0] == "make":
        assert set(words[1:]) <= make_targets()
    elif words[0] == "vla-isaac":
        if "physx" in words:
            pytest.importorskip("sapien")
        if "--replay" in words:  # replays what the line before it records
            assert main(["run", "Lift the yellow cube", "--no-video", "--record", "outputs/logs"]) == 0, capfd.readouterr()
        assert main(shortened(words[1:])) == 0, f"{line}\n{capfd.readouterr()}"
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file()
    else:
        assert line in ALLOWED, f"{line!r} is not on the list of commands that this test knows"


ALLOWED = {
    ". .venv/bin/activate": "made by make demo",
    'pip install -e ".[cli,mujoco,video]"': "its extras are checked below",
}
"""Commands that change the environment and are not run here."""


def test_the_extras_that_are_named_exist():
    extras = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[project.optional-dependencies]")[1]
    for name in ("cli", "mujoco", "video"):
        assert re.search(rf"^{name} = ", extras, re.MULTILINE)


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_internal_link_and_picture_exists(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{target} leads nowhere"
        if anchor:
            text = place.read_text(encoding="utf-8")
            assert anchor in {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}, target


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    missing = [
        str(page.relative_to(ROOT / "docs")) for page in PAGES if str(page.relative_to(ROOT / "docs")) not in navigation
    ]
    assert not missing


def test_the_newest_release_in_the_changelog_is_this_version():
    headings = re.findall(r"^## (\S+)", (ROOT / "docs" / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[:2] == ["Unreleased", vla_isaac.__version__]
