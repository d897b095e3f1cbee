"""Nothing is looked up, sent or left behind that the user did not ask for; seen in the system calls themselves."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import version

import pytest

from tests.test_kills import dataset, make_training_material
from tests.test_readme import README, ROOT, blocks, commands, shortened
from tests.tracing import Trace, linux, trace
from vla_isaac.cli.main import COMMANDS, DATASET_COMMANDS

pytestmark = linux

HELD = 15.0
"""Time a session is kept open [s]; onnxruntime 1.32 looks up its host 9 s after it is imported, see docs/network.md."""

ONE_DECISION = """
import time
from vla_isaac.api import make_request, make_session

with make_session(backend="mujoco", policy="mini") as session:
    result = session.run(make_request("Lift the red cube", max_steps=1))
    print("decided:", result.reason, flush=True)
    time.sleep({held})
"""

SAMPLE = (
    'vla-isaac run "Stack the red cube on the yellow cube" --scene stacking --policy mini',
    'vla-isaac parse "push the red cube away from you"',
    "vla-isaac list tasks",
)

EXPECTED = re.compile(r"/mesa_shader_cache")
"""What Mesa keeps of its own for the next picture; it names nobody and is sent nowhere."""


OF_TORCH = re.compile(r"torchinductor_\w+")
"""An empty folder among the temporary files that torch makes when it is imported, for all programs of a user."""


def demo() -> str:
    """Return the command that ``make demo`` runs, as a user would type it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    run = re.search(r"^RUN := .* -m vla_isaac (.*)$", makefile, re.MULTILINE)
    options = re.search(r"^\t@\$\(RUN\) (.*)$", makefile, re.MULTILINE)
    assert run and options
    return f"vla-isaac {run[1]} {options[1]}"


def left_behind(seen: Trace) -> list[str]:
    return [path for path in seen.made if not EXPECTED.search(path)]


def test_a_connection_and_a_file_in_the_home_are_seen(tmp_path):
    code = """
import os, pathlib, socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 53))
pathlib.Path.home().joinpath("id").write_text("me")
os.close(os.open("below", os.O_CREAT | os.O_WRONLY, dir_fd=os.open(pathlib.Path.home(), os.O_RDONLY)))
pathlib.Path("result").write_text("in the working folder")
"""
    seen = trace(["-c", code], tmp_path)
    assert any("htons(53)" in call for call in seen.internet)
    assert seen.made == (str(tmp_path / "home" / "below"), str(tmp_path / "home" / "id"))


def test_a_policy_that_is_loaded_and_decides_reports_to_nobody_and_writes_no_device_id(tmp_path):
    pytest.importorskip("onnxruntime")
    seen = trace(["-c", ONE_DECISION.format(held=0)], tmp_path)
    assert seen.stdout.startswith("decided")
    assert left_behind(seen) == []
    assert seen.internet == ()


@pytest.mark.slow
def test_a_policy_that_stays_loaded_reports_to_nobody_later(tmp_path):
    pytest.importorskip("onnxruntime")
    seen = trace(["-c", ONE_DECISION.format(held=HELD)], tmp_path)
    assert (seen.internet, left_behind(seen)) == ((), [])


@pytest.mark.slow
def test_a_user_who_asks_for_the_telemetry_of_onnxruntime_gets_it(tmp_path):
    pytest.importorskip("onnxruntime")
    if tuple(map(int, version("onnxruntime").split(".")[:2])) < (1, 29):
        pytest.skip("this onnxruntime reports on Windows only")
    seen = trace(["-c", ONE_DECISION.format(held=0)], tmp_path, ORT_DISABLE_TELEMETRY="0")
    assert any("deviceid" in path for path in seen.made)


@pytest.mark.parametrize("line", SAMPLE)
def test_a_sample_of_the_commands_looks_up_no_host(line, tmp_path):
    seen = trace(["-m", "vla_isaac", *shortened(shlex.split(line)[1:])], tmp_path)
    assert (seen.internet, left_behind(seen)) == ((), [])


QUICK = ("list", "dataset stats")
SHORT = "--backend stub --policy hold --goal none --max-steps 3"
EVERY = {
    "run": f"run {SHORT} --record out/log --video out/v.mp4",
    "run on mujoco": "run --max-steps 3 --record out/log --explain out/maps --video out/v.mp4",
    "run on physx": "run --backend physx --policy scripted --max-steps 3 --no-video",
    "parse": 'parse "lift the red cube"',
    "list": "list --json",
    "doctor": "doctor",
    "bench": "bench loop --backend stub --episodes 1 --repeats 1",
    "collect": "collect out/d --backend stub --task reach --episodes 2 --workers 2 --cameras front --size 32",
    "eval": "eval --backend stub --policy hold --task reach --episodes 2 --max-steps 3 --workers 2 --out out/r.jsonl",
    "export-scene": "export-scene out/s.usda",
    "train": "train --config MATERIAL/tiny.yaml --data MATERIAL/tiny.hdf5 --steps 10 --threads 1 --out out/t",
    "export": "export MATERIAL/trained/best --out out/e",
    "dataset info": "dataset info MATERIAL/a",
    "dataset verify": "dataset verify MATERIAL/a",
    "dataset view": "dataset view MATERIAL/a out/v",
    "dataset stats": "dataset stats MATERIAL/a --out out/s.json",
    "dataset convert": "dataset convert MATERIAL/a out/c.hdf5 --to hdf5",
    "dataset split": "dataset split MATERIAL/a out/parts",
    "dataset merge": "dataset merge MATERIAL/a MATERIAL/a --out out/m",
    "dataset filter": "dataset filter MATERIAL/a out/f --min-length 1",
}
"""Every command with outputs in the folder `out`."""


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("material")
    dataset(folder / "a", length=12)
    return folder


def check_writes_only_its_output(name, material, folder) -> None:
    if name in ("train", "export"):
        make_training_material(material)
    if name == "export-scene":
        pytest.importorskip("pxr")
    if name == "run on physx":
        pytest.importorskip("sapien")
    words = shlex.split(EVERY[name].replace("MATERIAL", str(material)))
    seen = trace(["-m", "vla_isaac", *words], folder, output="out", codes=(0, 1))
    left = [path for path in seen.left if not OF_TORCH.match(path)]
    assert (seen.internet, left_behind(seen), left) == ((), [], [])


def test_every_command_is_watched():
    watched = {" ".join(name.split()[:2]) if name.startswith("dataset") else name.split()[0] for name in EVERY}
    assert watched == {*COMMANDS, *(f"dataset {name}" for name in DATASET_COMMANDS)} - {"dataset"}


@pytest.mark.parametrize("name", QUICK)
def test_a_sample_of_the_commands_writes_nothing_outside_its_output(name, material, tmp_path):
    check_writes_only_its_output(name, material, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EVERY if name not in QUICK])
def test_no_command_writes_outside_its_output_or_looks_up_a_host(name, material, tmp_path):
    check_writes_only_its_output(name, material, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("line", [demo(), *(line for line in commands(README) if line.startswith("vla-isaac "))])
def test_no_command_of_the_readme_looks_up_a_host(line, tmp_path):
    words = shlex.split(line)[1:]
    seen = trace(["-m", "vla_isaac", *(words if line == demo() else shortened(words))], tmp_path)
    assert (seen.internet, left_behind(seen)) == ((), [])


@pytest.mark.slow
@pytest.mark.parametrize("code", blocks(README, "python"))
def test_no_python_block_of_the_readme_looks_up_a_host(code, tmp_path):
    seen = trace(["-c", code], tmp_path)
    assert (seen.internet, left_behind(seen)) == ((), [])
