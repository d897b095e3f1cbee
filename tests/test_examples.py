"""Every example runs, and every how-to page works when it is pasted."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def run(command: list[str], folder: Path, *path: Path) -> subprocess.CompletedProcess:
    """Run a command in `folder`, with further folders to import from."""
    search = os.pathsep.join(map(str, (*path, ROOT)))
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


def vla_isaac(line: str, folder: Path, *path: Path) -> subprocess.CompletedProcess:
    """Run a line ``vla-isaac ...`` with this Python."""
    words = shlex.split(line)
    assert words[0] == "vla-isaac"
    return run([sys.executable, "-m", "vla_isaac", *words[1:]], folder, *path)


def paste(page: str, folder: Path) -> list[str]:
    """Write a how-to page's titled blocks to `folder`; return the lines of its bash blocks."""
    lines: list[str] = []
    for language, title, body in BLOCK.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")):
        if title:
            (folder / title).parent.mkdir(parents=True, exist_ok=True)
            (folder / title).write_text(body, encoding="utf-8")
        if language == "bash":
            lines += body.splitlines()
    return lines


def copy_of_the_package(folder: Path) -> None:
    """Copy what a how-to page changes, so that the checkout stays as it is."""
    for name in ("vla_isaac", "config", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def install(folder: Path) -> Path:
    """Do what ``pip install -e .`` does, but into a folder of its own: code, and the entry points that it announces."""
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    name = re.search(r'^name = "(\w+)"', text, re.MULTILINE)[1]
    group, point = re.search(r'^\[project\.entry-points\."([\w.]+)"\]\n(.+)', text, re.MULTILINE).groups()
    info = folder / f"{name}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{group}]\n{point.replace(chr(34), '')}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_as_its_first_lines_say(example, tmp_path):
    text = example.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    assert f"\npython examples/{example.name}\n" in text[:600]
    options = ["--backend", "stub"] if '"--backend"' in text else []
    assert run([sys.executable, str(example), *options], tmp_path).stdout.strip()


def test_the_example_that_follows_an_instruction_takes_another_sentence(tmp_path):
    example = str(ROOT / "examples" / "01_follow_an_instruction.py")
    said = run([sys.executable, example, "Lift the yellow cube", "--backend", "stub"], tmp_path).stdout
    assert "lifted(yellow_cube)" in said
    assert "succeeded" in said


def test_the_example_policy_lifts_the_red_cube_every_time_from_the_picture_alone(tmp_path):
    example = str(ROOT / "examples" / "03_write_a_policy.py")
    assert run([sys.executable, example, "--backend", "stub"], tmp_path).stdout.count("succeeded") == 5


def test_the_page_on_tasks_gives_a_family_that_the_expert_solves(tmp_path):
    copy_of_the_package(tmp_path)
    lines = paste("add-a-task.md", tmp_path)
    listing, on_stub, on_mujoco = lines
    assert "gather" in vla_isaac(listing, tmp_path, tmp_path).stdout
    assert "SUCCESS" in vla_isaac(on_stub, tmp_path, tmp_path).stdout
    assert "--task gather --episodes 10" in on_mujoco
    assert "10 of 10" in vla_isaac(f"{on_mujoco} --backend stub", tmp_path, tmp_path).stdout


def test_the_page_on_policies_gives_a_policy_that_runs_by_its_name(tmp_path):
    installing, listing, running = paste("add-a-policy.md", tmp_path)
    assert installing == "pip install -e ."
    place = install(tmp_path)
    assert "wave" in vla_isaac(listing, tmp_path, place).stdout
    assert "60 steps" in vla_isaac(running, tmp_path, place).stdout


def test_the_page_on_backends_gives_a_backend_that_passes_the_contract(tmp_path):
    installing, listing, running, contract = paste("add-a-backend.md", tmp_path)
    assert installing == "pip install -e ."
    place = install(tmp_path)
    assert "late_stub" in vla_isaac(listing, tmp_path, place).stdout
    assert "SUCCESS" in vla_isaac(running, tmp_path, place).stdout
    words = shlex.split(contract)
    assert words[:3] == ["python", "-m", "pytest"]
    assert (
        "passed" in run([sys.executable, *words[1:], "-p", "no:xdist", "-o", "addopts=", "--no-header"], ROOT, place).stdout
    )


def test_the_page_on_objects_gives_a_scene_and_a_new_shape(tmp_path):
    if shutil.which("patch") is None:
        pytest.skip("the program 'patch' is not installed")
    copy_of_the_package(tmp_path)
    parsing, running, patching, falling = paste("add-an-object.md", tmp_path)
    assert "on(soup_can, brown_box)" in vla_isaac(parsing, tmp_path, tmp_path).stdout
    assert "SUCCESS" in vla_isaac(f"{running} --backend stub", tmp_path, tmp_path).stdout
    assert patching == "patch -p1 < domino.patch"
    run(["patch", "-p1", "-i", "domino.patch"], tmp_path)
    assert "SUCCESS" in vla_isaac(f"{falling} --backend stub", tmp_path, tmp_path).stdout


def test_the_page_on_words_gives_words_that_are_understood(tmp_path):
    if shutil.which("patch") is None:
        pytest.skip("the program 'patch' is not installed")
    copy_of_the_package(tmp_path)
    patching, *parsing = paste("teach-words.md", tmp_path)
    assert patching == "patch -p1 < words.patch"
    run(["patch", "-p1", "-i", "words.patch"], tmp_path)
    goals = [vla_isaac(line, tmp_path, tmp_path).stdout for line in parsing]
    assert "in(red_cube, white_bowl)" in goals[0]
    assert "pushed_to(green_ball, left)" in goals[1]
