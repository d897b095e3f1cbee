"""`make check`: in half a minute it says that all is well, or which command failed."""

from __future__ import annotations

from tools import smoke_test


def test_all_is_well_here(capsys):
    assert smoke_test.main() == 0
    told = capsys.readouterr().out
    assert told.count("ok  ") == len(smoke_test.CHECKS)
    assert "make test" in told


def test_a_command_that_says_something_else_is_shown_and_ends_it(monkeypatch, capsys):
    wrong = smoke_test.Check("reads a sentence", "parse 'Lift the red cube'", "lifted(blue_box)")
    monkeypatch.setattr(smoke_test, "CHECKS", (wrong, *smoke_test.CHECKS))
    assert smoke_test.main() == 1
    told = capsys.readouterr().out
    assert "FAILED  reads a sentence: vla-isaac parse" in told
    assert "lifted(red_cube)" in told
    assert "ok  " not in told
