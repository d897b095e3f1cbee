"""The file of results: whole at any moment, gone on with, and never mixed with those of another plan."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.evaluation.actors import Wearing, factory
from vla_isaac import __version__
from vla_isaac.core.errors import UsageError
from vla_isaac.evaluation import evaluate, results_file
from vla_isaac.evaluation.outcome import Outcome
from vla_isaac.evaluation.plan import EvaluationJob
from vla_isaac.evaluation.results_file import ResultsFile, header_of, read_results
from vla_isaac.evaluation.schedule import EvaluationSchedule
from vla_isaac.policies.factory import checkpoint_of


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "results.jsonl"


def progress_of(plan, out, **options) -> tuple[list[int], object]:
    """Evaluate; return how many episodes there were each time progress was reported, and the report."""
    told = []
    report = evaluate(plan, out=out, progress=lambda done, *_: told.append(done), **options)
    return told, report


def test_the_first_line_says_what_was_asked_for_and_each_other_is_an_outcome(plan, out):
    report = evaluate(plan(), out=out)
    header, outcomes = read_results(out)
    assert header["plan"] == {**header_of(plan())["plan"], "policy": "scripted", "tasks": ["lift"], "seed": 900_000}
    assert header["versions"]["vla_isaac"] == __version__
    assert tuple(outcomes) == report.outcomes


def test_a_file_cut_anywhere_is_completed_as_if_nothing_had_been(plan, out, timeless):
    whole = evaluate(plan(episodes=4), out=out)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join([lines[0], lines[1], lines[3], lines[4][:40]]))  # the second is missing, the last is cut
    told, again = progress_of(plan(episodes=4), out, resume=True)
    assert told == [1, 2, 4]  # the first was read, then two were run and one between them read
    assert timeless(again.outcomes) == timeless(whole.outcomes)
    assert {outcome.number for outcome in read_results(out)[1]} == {0, 1, 2, 3}


def test_what_was_found_before_is_believed_and_not_run_again(plan, out):
    before = evaluate(plan(), out=out)
    told, after = progress_of(plan(), out, resume=True)
    assert (told, after.outcomes) == ([3], before.outcomes)


def test_more_episodes_may_be_asked_for_and_fewer_are_counted(plan, out):
    evaluate(plan(episodes=2), out=out)
    told, report = progress_of(plan(episodes=3), out, resume=True)
    assert (told, report.total["episodes"]) == ([2, 3], 3)
    assert evaluate(plan(episodes=1), out=out, resume=True).total["episodes"] == 1


def test_a_fault_is_written_and_tried_again_on_resuming(plan, out):
    evaluate(plan(), out=out, factory=factory(backend=Wearing))
    assert [outcome.kind for outcome in read_results(out)[1]] == ["episode", "fault", "episode"]
    report = evaluate(plan(), out=out, resume=True)
    assert (report.total["episodes"], report.faults) == (3, ())
    assert len(read_results(out)[1]) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 5}, "was made with seed=900000, now it is 5"),
        ({"policy": "hold"}, "was made with policy='scripted', now it is 'hold'"),
        ({"trial": "blackened"}, "was made with trial='usual', now it is 'blackened'"),
        ({"tasks": ("lift", "reach")}, "was made with tasks="),
    ],
)
def test_a_file_of_another_plan_is_refused_and_stays(plan, out, changes, words):
    evaluate(plan(episodes=1), out=out)
    before = out.read_bytes()
    with pytest.raises(UsageError, match=words):
        evaluate(plan(episodes=1, **changes), out=out, resume=True)
    assert out.read_bytes() == before


def test_a_file_from_before_an_option_existed_goes_on_with_its_default(plan, out):
    evaluate(plan(episodes=1), out=out)
    header, *lines = out.read_text("utf-8").splitlines()
    before = json.loads(header)
    del before["plan"]["must_act"]
    out.write_text("\n".join([json.dumps(before), *lines]) + "\n", "utf-8")
    assert evaluate(plan(episodes=2), out=out, resume=True).total["episodes"] == 2


def test_a_file_written_by_version_0_1_0_is_gone_on_with(plan, out):
    header, *lines = (Path(__file__).parent / "data" / "results_0.1.0.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = plan(tasks=("sort", "lift"), scene="clutter")
    here = {**json.loads(header), "versions": header_of(wanted)["versions"]}  # it may have been another machine's
    written = "\n".join([json.dumps(here), *lines])
    out.write_text(written + '\n{"task": "lift", "num', encoding="utf-8")
    told, report = progress_of(wanted, out, resume=True)
    assert told == [2, 3]  # the one that was lost to a fault
    assert (report.total["episodes"], report.total["successes"], report.total["impossible"]) == (3, 3, 9)
    assert out.read_text(encoding="utf-8").splitlines()[:-1] == [
        line for line in written.splitlines() if '"fault"' not in line
    ]


def test_a_checkpoint_trained_anew_under_the_same_name_is_noticed(plan, out, tmp_path):
    folder = tmp_path / "best"
    folder.mkdir()
    (folder / "policy.json").write_text("{}", encoding="utf-8")
    file = ResultsFile(out, plan(policy=str(folder)), resume=False)
    file.begin()
    file.close()
    ResultsFile(out, plan(policy=str(folder)), resume=True)
    (folder / "policy.json").write_text("{ }", encoding="utf-8")
    with pytest.raises(UsageError, match="was made with checkpoint='"):
        ResultsFile(out, plan(policy=str(folder)), resume=True)


def test_a_file_that_is_there_is_refused_without_resume(plan, out):
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already; add --resume"):
        evaluate(plan(), out=out)
    assert out.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("text", ["so much for that\n", "[1]\n", json.dumps({"kind": "start"}) + "\n"])
def test_a_file_of_something_else_is_refused_and_stays(plan, out, text):
    out.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="results"):
        evaluate(plan(), out=out, resume=True)
    assert out.read_text(encoding="utf-8") == text


def test_going_on_needs_a_file(plan):
    with pytest.raises(UsageError, match="give it with --out FILE --resume"):
        evaluate(plan(), resume=True)


@pytest.mark.parametrize("under_way", [1, 2, 3, 7])
def test_which_seeds_are_tried_does_not_depend_on_how_many_are_under_way(plan, under_way):
    impossible = {0, 3, 4}
    schedule, running = EvaluationSchedule(plan(episodes=4)), list[EvaluationJob]()
    while True:
        while len(running) < under_way and (attempt := schedule.next_job()) is not None:
            running.append(attempt)
        if not running:
            break
        attempt = running.pop()  # the last that was begun ends first
        kind = "impossible_layout" if attempt.number in impossible else "episode"
        schedule.take(Outcome(task="lift", number=attempt.number, seed=attempt.seed, kind=kind, reason=""))
    assert [outcome.number for outcome in schedule.outcomes] == [0, 1, 2, 3, 4, 5, 6]


def test_a_file_begun_before_the_card_said_what_the_policy_was_trained_on_goes_on(plan, tmp_path):
    shipped = checkpoint_of("mini")
    folder = Path(shutil.copytree(shipped, tmp_path / "older"))
    lines = (folder / "policy.json").read_text(encoding="utf-8").splitlines(keepends=True)
    assert any('"trained_on":' in line for line in lines)
    (folder / "policy.json").write_text("".join(x for x in lines if '"trained_on":' not in x), encoding="utf-8")
    assert header_of(plan(policy=str(folder)))["checkpoint"] == header_of(plan(policy="mini"))["checkpoint"]


def test_another_grounding_network_is_noticed(plan, out, monkeypatch):
    file = ResultsFile(out, plan(policy="mini"), resume=False)
    file.begin()
    file.close()
    monkeypatch.setattr(results_file, "shipped_files", tuple)
    with pytest.raises(UsageError, match="grounding"):
        ResultsFile(out, plan(policy="mini"), resume=True)
