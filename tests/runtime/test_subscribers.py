"""Subscribers watch; one that fails is reported, let go, and never takes the episode down."""

from __future__ import annotations

import io
import logging
from types import SimpleNamespace

import numpy as np
import pytest

from vla_isaac.core.errors import RenderError
from vla_isaac.runtime import progress
from vla_isaac.runtime.progress import ProgressLine
from vla_isaac.runtime.result import End


class Clumsy:
    """A subscriber that raises in one of its calls and counts them all."""

    def __init__(self, where: str, error: Exception) -> None:
        self._where, self._error = where, error
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self._where:
            raise self._error

    def on_start(self, start) -> None:
        self._call("on_start")

    def on_step(self, step) -> None:
        self._call("on_step")

    def on_end(self, result) -> None:
        self._call("on_end")


@pytest.mark.parametrize(
    ("where", "calls"),
    [("on_start", ["on_start"]), ("on_step", ["on_start", "on_step"]), ("on_end", ["on_start", *["on_step"] * 4, "on_end"])],
)
def test_a_failing_subscriber_gets_no_more_calls_and_the_others_all_of_theirs(
    episode, backend, answering, witness, where, calls
):
    clumsy = Clumsy(where, ValueError("no ink"))
    result = answering(backend).run(episode(max_steps=4), [clumsy, witness])
    assert clumsy.calls == calls
    assert (result.end, len(witness.steps), len(witness.results)) == (End.TIMED_OUT, 4, 1)
    assert result.warnings == ("Clumsy was detached: ValueError: no ink",)


def test_an_error_of_ours_is_reported_in_its_own_words_and_logged(episode, backend, answering, caplog):
    with caplog.at_level(logging.INFO):
        result = answering(backend).run(episode(max_steps=1), [Clumsy("on_step", RenderError("the screen is dark"))])
    assert result.warnings == ("Clumsy was detached: the screen is dark",)
    assert "Clumsy was detached: the screen is dark" in caplog.text


def test_a_new_episode_begins_without_the_warnings_of_the_last(episode, backend, answering):
    session = answering(backend)
    session.run(episode(max_steps=1), [Clumsy("on_step", ValueError("no ink"))])
    assert session.run(episode(max_steps=1)).warnings == ()


def test_a_step_tells_what_was_seen_decided_sent_and_what_came_of_it(episode, backend, answering, witness):
    answering(backend).run(episode(max_steps=3), [witness])
    assert [step.index for step in witness.steps] == [1, 2, 3]
    for step in witness.steps:
        assert step.state.time == pytest.approx(step.index * 0.05)
        assert step.observation.time == pytest.approx(step.state.time - 0.05)
        assert np.array_equal(step.target.qpos, backend.targets[step.index - 1].qpos)
        assert step.action.arm == pytest.approx([0.02] * 7)
    assert witness.starts[0].max_steps == 3


@pytest.fixture
def clock(monkeypatch):
    """Let the clock of the progress line run by two seconds at each look."""
    now = [0.0]

    def later() -> float:
        now[0] += 2.0
        return now[0]

    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=later))


def test_a_log_gets_a_line_every_five_seconds(episode, backend, answering, clock):
    log = io.StringIO()
    answering(backend).run(episode(max_steps=8), [ProgressLine(log, label="1/2 ")])
    lines = log.getvalue().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["1/2 step 3 of 8", "1/2 step 6 of 8"]
    assert all("beside blue_box" in line and "\x1b" not in line for line in lines)


def test_a_short_episode_leaves_no_line_in_a_log(episode, backend, answering, capsys):
    answering(backend).run(episode(max_steps=3), [ProgressLine()])
    assert capsys.readouterr() == ("", "")


def test_the_progress_line_on_a_terminal_says_step_and_reason(episode, backend, answering, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")

    class Terminal:
        def __init__(self) -> None:
            self.text = ""

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None:
            pass

    terminal = Terminal()
    answering(backend).run(episode(max_steps=3), [ProgressLine(terminal, label="1/2 ")])
    assert "1/2 [........................] step 1/3" in terminal.text
    assert "beside blue_box" in terminal.text
    assert terminal.text.endswith("\r\x1b[K"), "the line is cleared at the end"
