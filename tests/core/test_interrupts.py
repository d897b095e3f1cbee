"""A step that must not be cut off is finished before a signal takes effect."""

from __future__ import annotations

import signal

import pytest

from vla_isaac.core.interrupts import interrupts_deferred

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="sends signals as POSIX has them")


def test_ctrl_c_waits_for_the_end_of_the_block():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts_deferred():
        signal.raise_signal(signal.SIGINT)
        done.append("finished")
    assert done == ["finished"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_can_be_raised_at_a_place_that_allows_it():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts_deferred() as raise_now:
        raise_now()
        done.append("none yet")
        signal.raise_signal(signal.SIGINT)
        raise_now()
        done.append("never")
    assert done == ["none yet"]


def test_it_is_not_lost_by_another_error():
    with pytest.raises(KeyboardInterrupt), interrupts_deferred():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError


def test_a_signal_without_a_handler_keeps_its_effect():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts_deferred():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
