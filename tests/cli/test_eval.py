"""``vla-isaac eval``: exit codes, keys, the table, and what Ctrl-C leaves."""

from __future__ import annotations

import json

import pytest

from tests.ctrl_c import interrupted, posix
from tests.evaluation.actors import Wearing, factory
from vla_isaac.cli.main import main
from vla_isaac.evaluation import evaluate as run_plan
from vla_isaac.evaluation.results_file import read_results

LIFT = "--backend stub --task lift --episodes 2 --workers 1"
KEYS = {
    *("episodes", "successes", "success_rate", "wilson95", "by_task", "failures", "policy", "backend", "scene"),
    *("randomisation", "trial", "wording", "seeds", "wall_seconds", "median_steps", "impossible", "faults"),
}
TASK_KEYS = {*("episodes", "successes", "success_rate", "wilson95", "median_steps", "failures", "impossible", "faults")}


@pytest.fixture
def evaluate(capsys):
    """Evaluate; return the exit code, the JSON object if any, and all that was said."""

    def call(line: str):
        code = main(["eval", *line.split()])
        out, err = capsys.readouterr()
        objects = [text for text in out.splitlines() if text.startswith("{")]
        assert objects in ([], out.splitlines()[-1:])
        return code, json.loads(objects[0]) if objects else None, out + err

    return call


def test_an_evaluation_that_ran_through_is_exit_code_0_with_all_that_programs_need(evaluate):
    code, found, _ = evaluate(f"{LIFT} --task reach --json")
    assert (code, set(found)) == (0, KEYS)
    assert {task: set(figures) for task, figures in found["by_task"].items()} == {"lift": TASK_KEYS, "reach": TASK_KEYS}
    assert (found["episodes"], found["successes"], found["success_rate"]) == (4, 4, 1.0)
    assert (found["policy"], found["backend"], found["trial"], found["seeds"]) == (
        "scripted",
        "stub",
        "usual",
        [900000, 900001],
    )


def test_failures_of_the_policy_are_exit_code_0_and_the_table_counts_them(evaluate):
    code, found, words = evaluate(f"{LIFT} --policy hold --max-steps 3 --json")
    assert (code, found["failures"], found["by_task"]["lift"]["median_steps"]) == (0, {"never_reached": 2}, None)
    rows = [line.split() for line in words.splitlines() if line.startswith(("lift", "total"))]
    shown = ["0/2", "0.0", "%", "0.0", "to", "65.8", "%", "-", "never_reached", "(2)"]  # Wilson: 0 of 2 is at most 0.658
    assert rows == [["lift", *shown], ["total", *shown]]


def test_fewer_episodes_than_asked_for_are_exit_code_1_with_the_reason(evaluate):
    code, found, words = evaluate("--backend stub --task sort --scene clutter --episodes 1 --workers 1 --json")
    assert (code, found["episodes"], found["success_rate"], found["impossible"]) == (1, 0, None, 3)
    assert "3 seeds were skipped: their layout does not allow the task" in words
    assert "sort has 0 of 1 episodes" in words


def test_a_fault_is_exit_code_3_and_not_counted(evaluate, monkeypatch):
    monkeypatch.setattr(
        "vla_isaac.cli.eval.evaluate", lambda plan, **options: run_plan(plan, factory=factory(backend=Wearing), **options)
    )
    code, found, words = evaluate(f"{LIFT} --json")
    assert (code, found["episodes"], found["faults"]) == (3, 1, 1)
    assert "error: lift, seed 900001: RuntimeError: the engine broke" in words


def test_results_are_written_and_gone_on_with(evaluate, tmp_path):
    out = tmp_path / "new" / "results.jsonl"
    evaluate(f"{LIFT} --out {out}")
    code, found, words = evaluate(f"{LIFT} --episodes 3 --out {out} --resume --json")
    assert (code, found["episodes"], len(read_results(out)[1])) == (0, 3, 3)
    assert str(out) in words


def test_each_trial_says_what_it_is_about(evaluate):
    assert "declined in 0.0 %" in evaluate(f"{LIFT} --trial no_instruction")[2]
    assert (
        "the original goal, which was not requested, was reached in 0.0 %"
        in evaluate(f"{LIFT} --trial wrong_instruction")[2]
    )
    moved = "--task lift --episodes 1 --workers 1 --trial moved"
    assert "the object was moved in 1 of 1 episodes" in evaluate(moved)[2]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--episodes 0", "--episodes 0: give a whole number from 1"),
        ("--workers 0", "--workers 0: give a whole number from 1"),
        ("--seed -1", "--seed -1: seeds are whole numbers from 0"),
        ("--resume", "add --out FILE"),
        ("--task lfit", "did you mean 'lift'?"),
        ("--trial moved", "needs a backend that can move an object, 'stub' cannot"),
        ("--trial moved --task sort", "not for the family 'sort'"),
        ("--trial no_instruction --wording training", "exclude each other"),
        ("--policy nobody", "no policy named 'nobody'"),
        ("--scene nowhere", "no scene named 'nowhere'"),
        ("--randomisation lots", "no randomisation named 'lots'"),
    ],
)
def test_wrong_options_are_exit_code_2(evaluate, line, words):
    code, _, said = evaluate(f"--backend stub --workers 1 {line}")
    assert (code, words in said) == (2, True), said


def test_a_folder_is_no_place_for_results(evaluate, tmp_path):
    code, _, words = evaluate(f"{LIFT} --out {tmp_path}")
    assert (code, "is a folder; give a file" in words) == (2, True)


def test_the_help_has_an_example(evaluate):
    code, _, words = evaluate("--help")
    assert (code, "For example: vla-isaac eval" in words) == (0, True)


@posix
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_is_exit_code_130_and_the_file_is_gone_on_with(evaluate, tmp_path, workers):
    out = tmp_path / "results.jsonl"
    options = f"eval --backend stub --task lift --episodes 1000 --workers {workers} --out {out}".split()
    ended = interrupted(*options, when=lambda: out.exists() and out.read_bytes().count(b"\n") > 3)
    assert ended.returncode == 130, ended.stderr
    assert ended.seconds < 5, "the program, its workers included, has ended"
    assert "run the same command with --resume to continue" in ended.stderr
    assert "Traceback" not in ended.stderr
    done = len(read_results(out)[1])
    code, found, _ = evaluate(f"--backend stub --task lift --episodes {done + 1} --workers 1 --out {out} --resume --json")
    assert (code, found["episodes"]) == (0, done + 1)
