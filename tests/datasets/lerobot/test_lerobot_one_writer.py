"""One writer at a time, and clear errors where none can write; what is there stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.datasets.conftest import make_episode, make_info
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.formats import create_dataset, open_dataset

FORMATS = ["lerobot", "lerobot-v2.1"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_second_writer_is_refused_while_the_first_is_at_work(tmp_path, format):
    with create_dataset(tmp_path / "set", make_info(), format) as writer:
        writer.add(make_episode(0, 5))
        with pytest.raises(UsageError, match=rf"another writer \(process {os.getpid()}\) is at work there"):
            create_dataset(tmp_path / "set", make_info(), format, resume=True)
        writer.add(make_episode(1, 5))
    with create_dataset(tmp_path / "set", make_info(), format, resume=True) as writer:
        assert len(writer) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="users and permissions as POSIX has them")
@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_without_write_permission_is_a_clear_error(format):
    base = Path(tempfile.mkdtemp())
    try:
        base.chmod(0o755)
        create_dataset(base / "set", make_info(), format).close()
        (base / "set").chmod(0o555)
        message = as_nobody(lambda: create_dataset(base / "set", make_info(), format, resume=True))
        assert "cannot be written (Permission denied); give write permission or another folder" in message
        (base / "set").chmod(0o755)
        assert len(open_dataset(base / "set")) == 0
    finally:
        shutil.rmtree(base)


def as_nobody(action) -> str:
    """Do something in a process that may write nothing, and return the message of its error."""
    read_end, write_end = os.pipe()
    if not (child := os.fork()):
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            action()
        except DatasetError as error:
            os.write(write_end, str(error).encode())
        except BaseException as error:
            os.write(write_end, repr(error).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        return pipe.read().decode()


@pytest.mark.skipif(sys.platform == "win32", reason="limits on files as POSIX has them")
@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_is_a_clear_error_and_earlier_episodes_stay(tmp_path, format):
    """A limit on the size of files stands for the disk: the second, longer episode does not fit."""
    program = f"""
import resource
from tests.datasets.conftest import make_episode, make_info
from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.formats import create_dataset
writer = create_dataset({str(tmp_path / "set")!r}, make_info(), {format!r})
writer.add(make_episode(0, 5))
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))
try:
    writer.add(make_episode(1, 80))
except DatasetError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(writer.add(make_episode(1, 80)))
writer.close()
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    message, number = done.stdout.splitlines()
    assert "File too large; its 1 finished episodes are intact; free disk space" in message
    assert number == "1"
    reader = open_dataset(tmp_path / "set")
    assert [reader.length(0), reader.length(1)] == [5, 80]
