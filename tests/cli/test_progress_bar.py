"""How far a command is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import io

import pytest

from vla_isaac.cli import progress
from vla_isaac.cli.progress import ProgressBar


class Terminal(io.StringIO):
    """What is written to a terminal of eighty columns."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that stands still; its first element is the time [s]."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return Terminal()


def test_a_log_gets_a_line_every_half_minute_and_one_at_the_end(clock):
    log = io.StringIO()
    with ProgressBar("collect", stream=log) as bar:
        for done in range(30, 91):
            bar(done, 90, failed=2 if done > 50 else 0)
            clock[0] += 2.0
    assert log.getvalue().splitlines() == [
        "collect: 45 of 90 episodes, 0.50 episodes/s, 1:30 left",
        "collect: 60 of 90 episodes, 0.50 episodes/s, 1:00 left, 2 failed",
        "collect: 75 of 90 episodes, 0.50 episodes/s, 0:30 left, 2 failed",
        "collect: 90 of 90 episodes, 2 failed",
    ]


def test_the_end_is_reported_once():
    log = io.StringIO()
    with ProgressBar("collect", stream=log) as bar:
        bar(4, 4)
        bar(4, 4)
    assert log.getvalue() == "collect: 4 of 4 episodes\n"


def test_work_that_is_interrupted_soon_leaves_no_line_in_a_log():
    log = io.StringIO()
    with ProgressBar("collect", stream=log) as bar:
        bar(0, 4)
        bar(1, 4)
    assert log.getvalue() == ""


def test_a_terminal_shows_how_far_how_fast_and_how_long_and_is_cleared(terminal):
    with ProgressBar("eval", stream=terminal) as bar:
        bar(0, 4)
        bar(2, 4, failed=1)
        bar(4, 4, failed=1)
    shown = terminal.getvalue()
    assert "eval" in shown and "4 of 4 episodes, 1 failed" in shown
    hides, shows, clears_line = "\x1b[?25l", "\x1b[?25h", "\x1b[2K"
    assert shown.index(hides) < shown.index(shows)
    assert shown.endswith(clears_line)


def test_an_error_leaves_the_terminal_as_it_was(terminal):
    with pytest.raises(ZeroDivisionError), ProgressBar("convert", stream=terminal) as bar:
        bar(1, 4)
        raise ZeroDivisionError
    assert "\x1b[?25h" in terminal.getvalue()


def test_hours_are_shown_as_such(clock):
    log = io.StringIO()
    bar = ProgressBar("collect", "blocks", stream=log)
    bar(0, 100)
    clock[0] += 100.0
    bar(1, 100)
    assert log.getvalue() == "collect: 1 of 100 blocks, 0.01 blocks/s, 2:45:00 left\n"
