"""What an evaluation counts, what it leaves out, and that it is the same each time."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.evaluation.actors import FIRST, Broken, Mortal, Polite, Still, Wearing, factory
from tests.jobs.losing import children, one_worker_lost
from vla_isaac.api import make_request, make_session
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import BackendError, ConfigError, SceneError, UnknownNameError, UsageError
from vla_isaac.evaluation import EvaluationPlan, EvaluationReport, evaluate
from vla_isaac.evaluation.outcome import Outcome


@pytest.fixture
def recoloured(tmp_path) -> str:
    """A variation under which some layouts have no two cubes with bins of their colours, so that `sort` is impossible."""
    path = tmp_path / "recoloured.yaml"
    path.write_text("recolour: true\n", encoding="utf-8")
    return str(path)


def test_the_episodes_are_those_of_run_with_the_same_seeds(plan):
    report = evaluate(plan(tasks=("place_on",)))
    with make_session("stub", "scripted") as session:
        run = [session.run(make_request(task="place_on", seed=FIRST + k)) for k in range(3)]
    assert [(o.seed, o.instruction, o.steps) for o in report.outcomes] == [(r.seed, r.instruction, r.steps) for r in run]


@pytest.mark.parametrize("backend", ["stub", "mujoco"])
def test_two_workers_find_exactly_what_one_finds(plan, timeless, backend):
    wanted = plan(tasks=("reach", "lift"), episodes=2, backend=backend, randomisation="full")
    alone, together = evaluate(wanted), evaluate(wanted, num_workers=2)
    assert timeless(together.outcomes) == timeless(alone.outcomes)
    assert (len(alone.episodes), alone.of_task("reach")["successes"]) == (4, 2)


def test_an_impossible_layout_is_no_episode_and_the_next_seed_is_taken(plan, recoloured, timeless):
    wanted = plan(tasks=("sort",), seed=1, randomisation=recoloured, episodes=2)
    report = evaluate(wanted)
    assert [outcome.seed for outcome in report.episodes] == [1, 4]
    assert [outcome.seed for outcome in report.impossible] == [2, 3]
    with make_session("stub", "scripted") as session:
        for seed in (2, 3):
            with pytest.raises(SceneError, match="sort needs two cubes with bins of their colours"):
                session.prepare(make_request(task="sort", randomisation=recoloured, seed=seed))
    assert (report.total["episodes"], report.total["impossible"], report.to_json()["seeds"]) == (2, 2, [1, 4])
    assert report.is_complete
    assert timeless(evaluate(wanted, num_workers=2).outcomes) == timeless(report.outcomes)


def test_after_three_seeds_for_each_episode_wanted_it_gives_up_and_says_why(plan):
    report = evaluate(plan(tasks=("sort", "lift"), scene="clutter", episodes=2))
    assert (report.of_task("sort")["impossible"], report.of_task("sort")["episodes"]) == (6, 0)
    assert report.of_task("lift")["successes"] == 2
    assert not report.is_complete
    assert (
        "sort has 0 of 2 episodes: 6 of 6 seeds are impossible, the last because sort needs two cubes" in report.problems[0]
    )


def test_a_policy_that_declines_fails_by_that_name(plan):
    report = evaluate(plan(trial="no_instruction"), factory=factory(Polite))
    assert report.total["failures"] == {"declined": 3}
    assert report.total["declined_rate"] == 1.0


def test_a_policy_that_raises_fails_by_another_name_and_the_evaluation_goes_on(plan):
    report = evaluate(plan(), factory=factory(Broken))
    assert (report.total["episodes"], report.total["failures"]) == (3, {"policy_failed": 3})
    assert report.outcomes[0].reason == "ValueError: a bug"


def test_a_fault_of_the_simulator_is_no_failure_of_the_policy_and_a_new_one_is_made(plan):
    report = evaluate(plan(), factory=factory(backend=Wearing))
    assert [outcome.kind for outcome in report.outcomes] == ["episode", "fault", "episode"]
    assert (report.total["episodes"], report.total["successes"], report.total["failures"]) == (2, 2, {})
    assert "lift, seed 900001: RuntimeError: the engine broke (not counted" in report.problems[0]
    assert not report.is_complete


def test_an_evaluation_of_nothing_but_faults_is_given_up(plan, monkeypatch):
    monkeypatch.setattr(Wearing, "resets", 1)
    with pytest.raises(BackendError, match=r"10 attempts were lost to faults, .* the engine broke; fix that"):
        evaluate(plan(episodes=20), factory=factory(backend=Wearing))


def test_the_factory_may_be_given_by_its_earlier_name(plan):
    from vla_isaac.evaluation.evaluator import Cast

    report = evaluate(plan(episodes=1), cast=Cast(policy=Broken, backend=StubBackend))
    assert report.total["failures"] == {"policy_failed": 1}


def test_a_worker_that_dies_costs_its_attempt_and_another_goes_on(plan):
    report = evaluate(plan(episodes=5), num_workers=2, factory=factory(Mortal))
    assert [outcome.kind for outcome in report.outcomes] == ["episode", "episode", "fault", "episode", "episode"]
    assert report.outcomes[2].reason.startswith("the worker process died with code 7")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_policy_that_is_not_there_ends_it_before_anything_is_written(plan, tmp_path, workers):
    with pytest.raises(UnknownNameError, match="no policy named 'scriptd'; did you mean 'scripted'"):
        evaluate(plan(policy="scriptd"), num_workers=workers, out=tmp_path / "results.jsonl")
    assert not (tmp_path / "results.jsonl").exists()


def test_the_interval_is_wilsons_and_the_median_is_of_successes(plan):
    steps = {0: 10, 1: 30, 2: 20}

    def outcome(number: int) -> Outcome:
        success = number in steps
        return Outcome(
            task="lift",
            number=number,
            seed=number,
            kind="episode",
            reason="",
            success=success,
            failure=None if success else "dropped",
            steps=steps.get(number, 999),
        )

    report = EvaluationReport(plan=plan(episodes=4), outcomes=tuple(map(outcome, range(4))), wall_seconds=1.0)
    found = report.to_json()["by_task"]["lift"]
    assert (found["episodes"], found["successes"], found["median_steps"]) == (4, 3, 20)
    assert found["wilson95"] == pytest.approx([0.3006, 0.9544], abs=1e-4)  # 3 of 4, Wilson (1927) by hand
    assert found["failures"] == {"dropped": 1}


def test_time_allowed_is_cut_where_asked_for(plan):
    assert {outcome.steps for outcome in evaluate(plan(max_steps=5), factory=factory(Still)).outcomes} == {5}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policy": ""}, "the policy has no name"),
        ({"episodes": 0}, "episodes=0 is not accepted; give a whole number from 1"),
        ({"seed": -1}, "seed=-1 is not accepted"),
        ({"max_steps": 0}, "max_steps=0 is not accepted"),
        ({"backend": "isaac"}, "no backend named 'isaac'"),
        ({"trial": "blackend"}, "did you mean 'blackened'"),
        ({"wording": "heldout"}, "did you mean 'held_out'"),
        ({"tasks": ("lift", "lift")}, "each once"),
        ({"trial": "no_instruction", "wording": "training"}, "exclude each other"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(plan, changes, words):
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        plan(**changes)


def test_without_families_all_of_them_are_meant():
    assert len(EvaluationPlan(policy="scripted").tasks) == 10
    assert EvaluationPlan(policy="scripted", trial="moved").tasks == ("lift", "place_on", "stack")


def test_a_number_of_workers_that_makes_no_sense_is_refused(plan):
    with pytest.raises(UsageError, match="0 workers are not accepted"):
        evaluate(plan(), num_workers=0)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a process in /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=lambda how: how.name)
def test_an_evaluation_that_loses_a_worker_from_outside_is_completed_and_names_the_fault(plan, tmp_path, how):
    out, there = tmp_path / "results.jsonl", children()
    with one_worker_lost(how, lambda: out.exists() and out.stat().st_size > 4000) as lost:
        report = evaluate(plan(episodes=40), num_workers=2, out=out, deadline=5.0)
    assert lost
    faults = [outcome for outcome in report.outcomes if outcome.kind == "fault"]
    assert len(report.outcomes) == 40
    assert [outcome.reason.partition(" with")[0].partition(" after")[0] for outcome in faults] in (
        ["the worker process died"],
        ["the worker process was ended"],
        [],  # killed in between two attempts
    )
    assert how is signal.SIGKILL or faults
    assert children() <= there
