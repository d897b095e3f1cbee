"""Files and folders appear whole or not at all, and one process at a time writes into a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from vla_isaac.core import atomic_files
from vla_isaac.core.atomic_files import (
    atomic_path,
    atomic_tree,
    replaced_folder,
    restore_folder,
    write_bytes,
)
from vla_isaac.core.errors import UsageError
from vla_isaac.core.locks import LOCK, FolderLock

ROOT = Path(__file__).resolve().parents[2]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_has_its_old_content_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.json"
    write_bytes(path, b"old")
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"new")
        assert (path.read_bytes(), temporary.parent) == (b"old", tmp_path)
    assert (path.read_bytes(), names_in(tmp_path)) == (b"new", ["a.json"])


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(atomic_files.os, "fsync", lambda number: flushed.append((tmp_path / "a.json").exists()))
    write_bytes(tmp_path / "a.json", b"new")
    assert flushed == [False]


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert (path.read_bytes(), names_in(tmp_path)) == (b"old", ["a.json"])


def test_two_processes_use_two_temporary_names_and_the_only_writer_the_same_again(tmp_path, monkeypatch):
    def name(number: int, **options: bool) -> Path:
        monkeypatch.setattr(atomic_files.os, "getpid", lambda: number)
        with atomic_path(tmp_path / "a.json", **options) as temporary:
            temporary.touch()
        return temporary

    assert name(1) != name(2)
    assert name(1, only_writer=True) == name(2, only_writer=True)


def test_a_tree_appears_whole_and_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic_tree(tmp_path / "demos") as work:
        work.mkdir()
        raise ZeroDivisionError
    assert names_in(tmp_path) == []
    with atomic_tree(tmp_path / "demos") as work:
        work.mkdir()
        (work / "a").touch()
        assert not (tmp_path / "demos").exists()
    assert (names_in(tmp_path), names_in(tmp_path / "demos")) == (["demos"], ["a"])


def test_a_tree_does_not_replace_what_appeared_in_the_meantime(tmp_path):
    with (
        pytest.raises(UsageError, match="has appeared in the meantime; give another path"),
        atomic_tree(tmp_path / "demos") as work,
    ):
        work.mkdir()
        (tmp_path / "demos").write_text("of somebody else")
    assert (tmp_path / "demos").read_text() == "of somebody else"


@pytest.mark.parametrize("interrupted", [False, True])
def test_of_a_replaced_folder_the_old_or_the_new_one_can_be_found_at_any_moment(tmp_path, monkeypatch, interrupted):
    path = tmp_path / "checkpoint"
    path.mkdir()
    (path / "old").touch()
    if interrupted:
        rename = Path.replace
        monkeypatch.setattr(Path, "replace", lambda a, b: 1 / 0 if b == path else rename(a, b))
        with pytest.raises(ZeroDivisionError), replaced_folder(path) as part:
            (part / "new").touch()
        monkeypatch.undo()
        assert not path.exists()
        restore_folder(path)
    else:
        with replaced_folder(path) as part:
            (part / "new").touch()
            assert names_in(path) == ["old"]
    assert names_in(path) == (["old"] if interrupted else ["new"])


# ---- the lock --------------------------------------------------------------------------------------------------------


def holder(folder: Path, code: str = "") -> subprocess.Popen:
    """Start a process that locks a folder until it is killed."""
    program = f"""
        import socket, sys, time
        from pathlib import Path
        from vla_isaac.core.locks import FolderLock
        {code}
        lock = FolderLock(Path({str(folder)!r}))
        print("locked", flush=True)
        time.sleep(600)
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"locked\n"
    return child


def end(child: subprocess.Popen) -> None:
    child.kill()
    child.wait()
    child.stdout.close()


def test_a_folder_is_locked_once_and_again_after_its_release(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(UsageError, match=rf"another writer \(process {os.getpid()}\) is at work there; wait until"):
        FolderLock(tmp_path)
    lock.release()
    lock.release()
    FolderLock(tmp_path).release()
    assert names_in(tmp_path) == []


def test_another_process_holds_its_lock_until_it_is_killed(tmp_path):
    child = holder(tmp_path)
    try:
        with pytest.raises(UsageError, match=rf"another writer \(process {child.pid}\) is at work there"):
            FolderLock(tmp_path)
    finally:
        end(child)
    assert names_in(tmp_path) == [LOCK], "a killed process cannot tidy up"
    FolderLock(tmp_path).release()
    assert names_in(tmp_path) == []


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system does not stop processes")
def test_a_process_that_is_stopped_keeps_its_lock(tmp_path):
    child = holder(tmp_path)
    child.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(UsageError, match="is at work there"):
            FolderLock(tmp_path)
    finally:
        end(child)


def test_a_writer_on_another_computer_is_named_with_its_computer(tmp_path):
    child = holder(tmp_path, "socket.gethostname = lambda: 'elsewhere'")
    try:
        with pytest.raises(UsageError, match=rf"another writer \(process {child.pid} on elsewhere\) is at work there"):
            FolderLock(tmp_path)
    finally:
        end(child)


@pytest.mark.parametrize("text", ["", '{"pid": 1, "host": "elsewhere", "started": ""}'])
def test_a_lock_file_that_no_process_holds_is_taken_over_whatever_it_says(tmp_path, text):
    """Also those of earlier versions, which wrote JSON."""
    (tmp_path / LOCK).write_text(text)
    FolderLock(tmp_path).release()
    assert names_in(tmp_path) == []


def test_of_many_processes_that_start_at_once_one_writes(tmp_path):
    program = f"""
        import sys
        import time
        from pathlib import Path
        from vla_isaac.core.locks import FolderLock
        from vla_isaac.core.errors import UsageError
        sys.stdin.read()
        held, give_up = 0, time.monotonic() + 60.0
        while held < 50 and time.monotonic() < give_up:
            try:
                lock = FolderLock(Path({str(tmp_path)!r}))
            except UsageError:
                continue
            Path({str(tmp_path / "busy")!r}).touch(exist_ok=False)  # raises if another one is inside
            Path({str(tmp_path / "busy")!r}).unlink()
            lock.release()
            held += 1
        print(held)
    """
    children = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for child in children:
        child.stdin.close()
        child.stdin = None
    held = [int(child.communicate()[0]) for child in children]
    assert [child.returncode for child in children] == [0] * 4
    assert min(held) == 50
