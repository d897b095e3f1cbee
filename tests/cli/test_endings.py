"""How a command ends: by a signal, with a closed or full stream, with few descriptors; by name, with the right exit code."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.ctrl_c import end, is_there, posix, start
from vla_isaac.cli.main import main
from vla_isaac.cli.output import FAULT, WRONG_USAGE
from vla_isaac.core.atomic_files import OutputLock
from vla_isaac.runtime.replay import read_log

pytestmark = posix

THREE_STEPS = "run --backend stub --policy hold --max-steps 3 --no-video"
ENDLESS = "run --backend stub --policy hold --goal none --max-steps 10000000 --no-video --record"
RAW = re.compile("Traceback|Exception ignored")


def shell(line: str) -> subprocess.CompletedProcess:
    """Run a line of a shell in which VLA is the program."""
    program = f"{sys.executable} -m vla_isaac"
    words = ["bash", "-c", f"set -o pipefail; {line.replace('VLA', program)}"]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


# ------------------------------------------------------------------ standard streams


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("VLA list scenes --json >&-", 0),
        ("VLA list scenes 2>&-", 0),
        ("VLA nosuch 2>&- >&-", WRONG_USAGE),
        (f"VLA {THREE_STEPS} >&- 2>&-", 1),
        ("VLA list --help | head -1", 0),
        ("VLA list | head -1", 0),
        (f"VLA {THREE_STEPS} | head -1", 1),
        (f"VLA {THREE_STEPS} 2>/dev/full", 1),
        ("VLA list >/dev/full", FAULT),
        ("VLA list --json >/dev/full", FAULT),
        ("VLA list --help >/dev/full", FAULT),
        ("VLA --version >/dev/full", FAULT),
    ],
)
def test_a_stream_that_is_closed_or_full_changes_the_exit_code_only_where_a_result_is_lost(line, code):
    done = shell(line)
    assert done.returncode == code, done.stderr
    assert not RAW.search(done.stderr)
    if code == FAULT:
        (error,) = done.stderr.splitlines()
        assert "cannot be written: No space left on device; free disk space" in error


def test_a_file_that_is_opened_first_does_not_become_the_closed_standard_output(tmp_path):
    done = shell(f"VLA {THREE_STEPS} --record {tmp_path} >&- 2>&- <&-")
    assert done.returncode == 1
    (log,) = tmp_path.iterdir()
    assert [line["kind"] for line in read_log(log)] == ["start", "step", "step", "step", "end"]


# ------------------------------------------------------------------ signals


def test_sigterm_closes_all_files_and_is_exit_code_143(tmp_path):
    process = start(*ENDLESS.split(), str(tmp_path), "--json")
    deadline = time.monotonic() + 60
    while not any(p.read_text().count("\n") > 3 for p in tmp_path.glob(".*.jsonl.*part")) and time.monotonic() < deadline:
        time.sleep(0.02)
    ended = end(process, signal.SIGTERM, whole_group=False)
    assert ended.returncode == 143, ended.stderr
    assert "terminated by SIGTERM; the arm holds still and all files are closed" in ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1]) == {"error": "terminated by SIGTERM", "kind": "KeyboardInterrupt"}
    assert not RAW.search(ended.stderr)
    (log,) = tmp_path.iterdir()
    assert read_log(log)[-1]["end"] == "stopped"


def ends_at(moment: float, number: signal.Signals, folder: Path) -> None:
    """Check how a command ends that receives a signal so long after the first line of this package has run [s]."""
    process = start(*THREE_STEPS.split(), "--backend", "mujoco", "--record", str(folder))
    while "mmap" not in _libraries(process.pid) and process.poll() is None:  # loaded by the first import of ours
        time.sleep(0.002)
    time.sleep(moment)
    if process.poll() is None:
        ended = end(process, number, whole_group=True)
        assert ended.returncode in (128 + number, 0, 1), ended.stderr
        assert not RAW.search(ended.stderr), ended.stderr
        assert not is_there(process.pid)
    assert not [path for path in folder.rglob("*") if "part" in path.name or "lock" in path.name]


def _libraries(pid: int) -> str:
    try:
        return "mmap" if "numpy" in Path(f"/proc/{pid}/maps").read_text() else ""
    except OSError:
        return ""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux to see what a process has loaded")
@pytest.mark.parametrize("moment", [0.0, 0.3])
def test_a_signal_during_the_imports_is_no_traceback(moment, tmp_path):
    ends_at(moment, signal.SIGINT, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux to see what a process has loaded")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_at_any_of_fifty_moments_is_no_traceback(number, tmp_path):
    for k in range(50):
        ends_at(0.03 * k, number, tmp_path / str(k))


def test_an_ignored_signal_stays_ignored():
    """As `nohup` ignores SIGHUP."""
    code = "from vla_isaac.cli.process import prepare; import signal; prepare(); print(signal.getsignal(signal.SIGHUP).name)"
    done = shell(f"trap '' HUP; {sys.executable} -c '{code}'")
    assert done.stdout == "SIG_IGN\n", done.stderr


def test_a_signal_that_a_destructor_swallows_is_delivered_again():
    code = """
import os, signal, time
from vla_isaac.cli.process import Stopped, prepare, raise_at_signals
class Swallows:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)
prepare()
raise_at_signals()
try:
    Swallows()
    time.sleep(5)
except Stopped as stop:
    print("delivered", stop.number)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"delivered {signal.SIGTERM.value}\n", "")


# ------------------------------------------------------------------ descriptors and memory


def test_too_few_descriptors_are_named_with_the_remedy():
    line = "VLA eval --backend stub --policy hold --task reach --episodes 4 --max-steps 3 --workers 4"
    done = shell(f"ulimit -n 14; {line}")
    assert done.returncode == FAULT, done.stderr
    assert done.stderr == "error: Too many open files; raise the limit with: ulimit -n 4096\n"


def test_forty_descriptors_are_enough_for_four_workers():
    done = shell("ulimit -n 40; VLA eval --backend stub --policy hold --task reach --episodes 4 --max-steps 3 --workers 4")
    assert done.returncode == 0, done.stderr


def test_too_little_memory_is_named(monkeypatch, capsys):
    import vla_isaac.cli.listing as listing

    def needs_much(self):
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, before[1]))
        try:
            bytes(1 << 40)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)

    monkeypatch.setattr(listing.List, "run", needs_much)
    assert main(["list"]) == FAULT
    assert capsys.readouterr().err.startswith("error: there is not enough memory; close other programs")


# ------------------------------------------------------------------ two runs into one output


OUTPUTS = {
    "run": (f"{THREE_STEPS} --record OUT", "pick-up-the-red-cube-and-place_seed0.jsonl"),
    "eval": ("eval --backend stub --policy hold --task reach --episodes 1 --max-steps 3 --workers 1 --out OUT/r", "r"),
    "export-scene": ("export-scene OUT/s.usda", "s.usda"),
    "stats": ("dataset stats DATA --out OUT/s.json", "s.json"),
    "view": ("dataset view DATA OUT/v", "v"),
    "convert": ("dataset convert DATA OUT/c --to manifest", "c"),
    "merge": ("dataset merge DATA DATA --out OUT/m", "m"),
    "filter": ("dataset filter DATA OUT/f --min-length 1", "f"),
    "transitions": ("collect OUT/t --backend stub --format transitions --task reach --episodes 1", "t"),
    "train": ("train --config mini --data DATA --out OUT/t", "t"),
    "export": ("export CHECKPOINT --out OUT/e", "e"),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    from tests.test_kills import dataset

    return dataset(tmp_path_factory.mktemp("data") / "a", length=12)


@pytest.mark.parametrize(("line", "output"), OUTPUTS.values(), ids=OUTPUTS)
def test_a_second_run_into_the_same_output_is_refused_while_the_first_is_at_work(line, output, data, tmp_path, capsys):
    if line.startswith("export-scene"):
        pytest.importorskip("pxr")
    if line.startswith("train"):
        pytest.importorskip("torch")
    if line.startswith("export "):
        pytest.importorskip("onnx")
    words = line.replace("OUT", str(tmp_path)).replace("DATA", str(data)).replace("CHECKPOINT", str(data)).split()
    with OutputLock(tmp_path / output):
        code = main(words)
    assert code == WRONG_USAGE
    error = capsys.readouterr().err
    assert re.search(rf"another writer \(process {os.getpid()}\) is at work there; wait until it has finished, or", error), (
        error
    )
    assert not [path for path in tmp_path.rglob("*") if path.is_file()], "the second run leaves nothing"


def test_of_many_runs_into_one_result_file_one_reports_success(tmp_path, capsys):
    line = f"eval --backend stub --policy hold --task reach --episodes 4 --max-steps 40 --workers 1 --out {tmp_path / 'r'}"
    codes: list[int] = []
    threads = [threading.Thread(target=lambda: codes.append(main(line.split()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, WRONG_USAGE, WRONG_USAGE, WRONG_USAGE]
    assert len((tmp_path / "r").read_text().splitlines()) == 5


def test_what_a_killed_run_left_of_an_output_is_removed_by_the_next_one_and_nothing_else(tmp_path):
    left = [".a.json.123.part", ".a.json.part", ".a.json.part.json", ".a.json.9.part.usda", ".a.json.writer-lock"]
    others = [".b.json.123.part", "a.json.part", "a.json", ".a.json.bak"]
    for name in [*left, *others]:
        (tmp_path / name).touch()
    (tmp_path / ".a.json.77.part").mkdir()
    with OutputLock(tmp_path / "a.json"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)
