"""`run --backend isaac` in Isaac's own Python: Isaac Sim starts first, is closed in any case, and the exit codes stay."""

from __future__ import annotations

import json
import sys

import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")

from tests.simulated_isaac import of_releases, simulated_isaac
from vla_isaac.cli.main import main

RUN = ["run", "--backend", "isaac", "--headless", "--no-video", "--json"]


@pytest.fixture(params=of_releases())
def sim(request):
    with simulated_isaac(request.param, mode="script", start=False) as sim:
        yield sim
        assert sim.violations == []


def last_json(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_an_instruction_is_carried_out_and_isaac_is_closed(sim, capsys):
    assert main([*RUN, "Pick up the red cube and place it on the blue box", "--seed", "3"]) == 0
    result = last_json(capsys)
    assert (result["success"], result["backend"]) == (True, "isaac")
    assert sim.launch_config["headless"] is True
    assert sim.is_closed


def test_without_headless_there_is_a_window(sim, capsys):
    main(["run", "--backend", "isaac", "--no-video", "--max-steps", "1"])
    assert sim.launch_config["headless"] is False
    assert sim.is_closed


def test_nothing_of_isaac_is_imported_before_it_was_started(sim):
    before = {name for name in sys.modules if name.partition(".")[0] in ("omni", "isaacsim", "carb")}
    assert main([*RUN, "--max-steps", "1"]) == 1
    assert before == set(), "the simulator lets nothing be imported before SimulationApp, so this passes only in that order"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["Pick up the purple elephant"], 2, "purple"),
        (["--max-steps", "2"], 1, None),
        (["--scene", "tabeltop"], 2, "did you mean 'tabletop'"),
    ],
)
def test_exit_codes_are_kept_and_isaac_is_closed_after_errors(sim, capsys, options, code, words):
    assert main([*RUN, *options]) == code
    assert sim.is_closed
    if words:
        assert words in last_json(capsys)["error"]


def test_wrong_options_do_not_start_isaac(sim, capsys):
    assert main([*RUN, "--episods", "3"]) == 2
    assert sim.launch_config is None


def test_a_crash_inside_is_a_fault_and_isaac_is_closed(sim, capsys, monkeypatch):
    from vla_isaac.runtime.session import Session

    def crash(*_):
        raise ZeroDivisionError("made by the test")

    monkeypatch.setattr(Session, "prepare", crash)
    assert main([*RUN]) == 3
    assert sim.is_closed


def test_a_licence_not_accepted_is_told_and_nothing_is_accepted(sim, capsys, monkeypatch):
    import isaacsim

    def refuse(self, _config):
        raise SystemExit("EULA not accepted")

    monkeypatch.setattr(isaacsim.SimulationApp, "__init__", refuse)
    assert main([*RUN]) == 3
    assert "accept it yourself, once" in last_json(capsys)["error"]


def test_doctor_tells_which_port_and_why(sim, capsys):
    sim.start()
    main(["doctor", "--json"])
    found = next(f for f in last_json(capsys)["findings"] if f["subject"] == "isaac sim")
    assert found["ok"]
    port = "experimental" if sim.version >= (6, 0) else "classic"
    assert f"the {port} port is used: classic interface as" in found["words"]
