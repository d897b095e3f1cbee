"""Demonstrations: what is learned is the expert's clean answer, what is carried out may be pushed off its way."""

from __future__ import annotations

import numpy as np
import pytest

from vla_isaac.collection.collector import IMPOSSIBLE, Collector
from vla_isaac.collection.demonstrator import Demonstrator
from vla_isaac.collection.perturbation import Disturbance, Perturbation
from vla_isaac.collection.plan import DemonstrationJob
from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ConfigError, ConventionError
from vla_isaac.core.types import Action
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.scene.spec import SceneSpec
from vla_isaac.tasks.families import family_names
from vla_isaac.tasks.language import read_instruction
from vla_isaac.tasks.paraphrases import normalised, sentences


class WithFreshExpert:
    """The expert, compared at every step with one that has seen nothing of the episode before."""

    def __init__(self, rate_hz: float) -> None:
        self._expert = ScriptedPolicy(rate_hz=rate_hz)
        self.spec = self._expert.spec
        self.answers, self.differences = [], 0

    def reset(self, context) -> None:
        self._context, self.answers, self.differences = context, [], 0
        self._expert.reset(context)

    def act(self, observation):
        fresh = ScriptedPolicy(rate_hz=self.spec.action.rate_hz)
        fresh.reset(self._context)
        mine, theirs = self._expert.act(observation)[0], fresh.act(observation)[0]
        self.differences += not (np.array_equal(mine.arm, theirs.arm) and mine.gripper == theirs.gripper)
        self.answers.append([*mine.arm, mine.gripper / 0.08])
        return self._expert.act(observation)


@pytest.fixture
def attempt_at(plan):
    """Make an attempt, with an expert that is watched; return the failure, the episode, the expert and the collector."""
    made = []

    def make(task: str, seed: int, **changes):
        collector = Collector(plan(**{"tasks": (task,), "cameras": (), "backend": "mujoco", **changes}))
        made.append(collector)
        expert = WithFreshExpert(collector.plan.fps)
        collector.policy = Demonstrator(expert)
        failure, recorder, _ = collector.try_one(DemonstrationJob(task, seed))
        return failure, recorder.episode, expert

    yield make
    for collector in made:
        collector.close()


@pytest.mark.parametrize("family", family_names())
def test_the_expert_answers_a_state_the_same_whatever_happened_before(attempt_at, family):
    attempts = (attempt_at(family, seed, perturb=1.0) for seed in range(70_001, 70_004))  # one that fails is not kept
    expert = next(expert for failure, _, expert in attempts if failure is None)
    assert expert.differences == 0
    assert len(expert.answers) > 20


@pytest.mark.parametrize("perturb", [0.0, 1.0])
def test_the_action_to_learn_is_the_clean_answer_to_the_state_it_stands_beside(attempt_at, perturb):
    _, episode, expert = attempt_at("lift", 3, perturb=perturb)
    assert np.array_equal(episode.columns["action"], np.array(expert.answers, np.float32))


def roughness(episode) -> float:
    """How much the joint targets jerk, per step [rad]."""
    return float(np.abs(np.diff(episode.columns["action.target"][:, :7], n=2, axis=0)).mean())


def test_a_pushed_demonstration_keeps_what_was_carried_out_in_its_targets(attempt_at):
    plain, pushed = (attempt_at("lift", 3, perturb=share)[1] for share in (0.0, 1.0))
    assert (plain.meta.extra["perturbed"], pushed.meta.extra["perturbed"]) == (False, True)
    assert roughness(pushed) > 2 * roughness(plain)


@pytest.mark.parametrize(("perturb", "pushed", "spread"), [(0.0, 0, 0), (0.25, 500, 60), (1.0, 2000, 0)])
def test_the_share_of_pushed_episodes_is_the_one_asked_for(plan, perturb, pushed, spread):
    collector = Collector(plan(perturb=perturb))
    draws = [collector._is_perturbed(DemonstrationJob("lift", seed)) for seed in range(2000)]
    assert sum(draws) == pytest.approx(pushed, abs=spread)


def test_which_episodes_are_pushed_depends_on_their_seeds_alone_and_more_are_added_with_the_share(plan):
    def pushed(perturb: float, task: str) -> set[int]:
        collector = Collector(plan(perturb=perturb))
        return {seed for seed in range(400) if collector._is_perturbed(DemonstrationJob(task, seed))}

    assert pushed(0.25, "lift") == pushed(0.25, "stack")
    assert pushed(0.25, "lift") < pushed(0.75, "lift")


@pytest.mark.parametrize("extra", [0, 4, 9])
def test_an_episode_goes_on_for_some_steps_after_success(attempt_at, extra):
    failure, episode, _ = attempt_at("lift", 5, steps_after_success=extra, backend="stub")
    success = episode.columns["next.success"][:, 0]
    assert failure is None
    assert (success.sum(), success[-1], success[-1 - extra]) == (extra + 1, True, True)
    assert episode.columns["next.done"][:, 0].sum() == 1


def test_the_last_steps_show_how_to_stay(attempt_at):
    _, episode, _ = attempt_at("place_on", 5, steps_after_success=10)
    speed = np.linalg.norm(episode.columns["action"][:, :3], axis=1)
    assert speed[-3:].max() < 0.15 * speed.max()


@pytest.mark.parametrize("fps", [10.0, 20.0])
def test_an_action_is_seven_numbers_at_the_control_rate_with_the_gripper_between_closed_and_open(attempt_at, fps):
    _, episode, _ = attempt_at("place_on", 6, fps=fps)
    action = episode.columns["action"]
    assert (episode.meta.fps, action.shape[1]) == (fps, 7)
    assert np.linalg.norm(action[:, :3], axis=1).max() <= 0.45 / fps + 1e-6
    assert (action[:, 6].min(), action[:, 6].max()) == (0.0, 1.0)
    assert episode.meta.action_spec["gripper"] == "open_is_one"


def test_a_demonstration_says_what_it_shows_in_one_of_many_sentences(attempt_at):
    metas = [attempt_at("lift", seed, backend="stub")[1].meta for seed in range(12)]
    for meta in metas:
        bodies = from_mapping(SceneSpec, meta.extra["scene_spec"]).bodies
        goal = read_instruction(meta.instruction, bodies)
        assert str(goal) == meta.goal
        assert normalised(meta.instruction) not in {normalised(s) for s in sentences("lift", "held_out", goal)}
    assert len({meta.instruction for meta in metas}) > 8


def test_a_failure_has_a_name_and_is_no_success(attempt_at):
    failure, _, _ = attempt_at("push_to", 1, backend="stub")
    assert failure in ("missed_grasp", "off_target", "timed_out", "never_reached", "policy_failed")


def test_a_layout_that_has_no_room_for_the_task_is_counted_as_such(attempt_at):
    failure, episode, _ = attempt_at("sort", 1, backend="stub", scene="stacking")
    assert (failure, episode) == (IMPOSSIBLE, None)


def test_only_an_expert_of_small_motions_can_be_demonstrated():
    with pytest.raises(ConventionError, match="the expert gives none, none, width_m; choose the policy 'scripted'"):
        Demonstrator(HoldPolicy())


# ------------------------------------------------------------------ disturbances


def disturbed(seed: int, rate_hz: float, steps: int = 4000, **changes) -> np.ndarray:
    disturbance = Disturbance(Perturbation(**changes), seed, rate_hz)
    clean = Action(np.zeros(6), 1.0)
    return np.array([[*(a := disturbance.disturbed(clean, widest=1.0)).arm, a.gripper] for _ in range(steps)])


def test_noise_leads_equally_far_astray_at_every_rate():
    def wander(rate_hz: float) -> float:
        steps = disturbed(3, rate_hz, steps=round(200 * rate_hz), burst_rate=0.0)
        return float(np.sqrt((steps[:, :3] ** 2).sum() / 200))

    assert wander(10.0) == pytest.approx(wander(20.0), rel=0.1)


def test_bursts_come_as_often_and_last_as_long_as_asked_for():
    steps = disturbed(5, 20.0, max_noise=0.0, random_share=1.0, flip_share=1.0)
    in_burst = steps[:, 6] == 0.0
    begins = np.flatnonzero(np.diff(in_burst.astype(int)) == 1)
    quiet_seconds = (~in_burst).sum() / 20.0
    assert len(begins) / quiet_seconds == pytest.approx(0.35, rel=0.35)
    assert in_burst.sum() / len(begins) / 20.0 == pytest.approx(0.35, rel=0.2)


def test_the_same_seed_gives_the_same_disturbance():
    assert np.array_equal(disturbed(7, 20.0, 100), disturbed(7, 20.0, 100))
    assert not np.array_equal(disturbed(7, 20.0, 100), disturbed(8, 20.0, 100))


def test_an_impossible_disturbance_is_refused():
    with pytest.raises(ConfigError, match="noise lies within 0 to 2"):
        Perturbation(max_noise=3.0)
