"""From a request and a seed to a stage that is set."""

from __future__ import annotations

import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import GoalError, InstructionError, UnknownNameError, UsageError
from vla_isaac.core.goals import parse_goal
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.runtime.episode import EpisodeRequest, set_stage
from vla_isaac.runtime.result import End, EpisodeResult, summary
from vla_isaac.runtime.session import Session
from vla_isaac.runtime.subscriber import EpisodeStart
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.families import task_family


class Slow(HoldPolicy):
    spec = PolicySpec(action=ActionSpec(joints="position_rad", rate_hz=5.0))


def stage(request: EpisodeRequest, policy=None) -> EpisodeStart:
    return drive(set_stage(request, StubBackend(), policy or HoldPolicy(), "hold"))


def family_request(name: str, seed: int, **changes) -> EpisodeRequest:
    family = task_family(name)
    usual = {"scene": scene_preset(family.preset.scene), "randomisation": randomisation_preset("full"), "family": family}
    return EpisodeRequest(**(usual | {"seed": seed} | changes))


def test_the_same_seed_sets_the_same_stage():
    a, b = (stage(family_request("stack", 7)) for _ in range(2))
    assert (a.scene, a.layout, a.instruction, a.plan) == (b.scene, b.layout, b.instruction, b.plan)


def test_another_seed_sets_another_stage():
    a, b = (stage(family_request("stack", seed)) for seed in (7, 8))
    assert a.layout != b.layout
    assert (a.instruction, a.plan) != (b.instruction, b.plan) or a.scene != b.scene


def test_the_instruction_does_not_change_where_things_stand(episode):
    a = stage(episode(instruction="Lift the green cube"))
    b = stage(episode(instruction="Touch the red cube"))
    assert a.layout == b.layout
    assert (str(a.plan), str(b.plan)) == ("lifted(green_cube)", "touching(red_cube)")


def test_a_layout_can_be_given_instead_of_drawn(episode):
    layout = stage(episode(seed=3)).layout
    assert stage(episode(seed=4, layout=layout)).layout is layout


def test_without_an_instruction_the_scenes_own_is_used(episode):
    start = stage(episode())
    assert start.instruction == "Put the red cube on the blue box"
    assert str(start.plan) == "on(red_cube, blue_box)"


def test_an_explicit_goal_leaves_the_instruction_as_it_is(episode):
    start = stage(episode(instruction="do your thing", goal=parse_goal("lifted(red_cube)")))
    assert (start.instruction, str(start.plan)) == ("do your thing", "lifted(red_cube)")


def test_without_judging_any_sentence_will_do_and_there_is_no_goal(episode):
    start = stage(episode(instruction="sing a song", judge=False))
    assert (start.instruction, start.plan) == ("sing a song", None)


def test_a_family_without_judging_still_draws_its_instruction():
    start = stage(family_request("lift", 3, judge=False))
    assert start.plan is None
    assert start.instruction == stage(family_request("lift", 3)).instruction


def test_a_family_and_an_instruction_exclude_each_other():
    with pytest.raises(UsageError, match="give either an instruction or --task lift, not both"):
        stage(family_request("lift", 0, instruction="Lift the red cube"))


def test_an_unreadable_instruction_is_refused(episode):
    with pytest.raises(InstructionError, match='cannot read "sing a song"'):
        stage(episode(instruction="sing a song"))


def test_a_goal_about_something_else_is_refused(episode):
    with pytest.raises(GoalError, match="names 'pink_cube', which is not in the scene"):
        stage(episode(goal=parse_goal("lifted(pink_cube)")))


def test_the_scene_is_stepped_at_the_rate_of_the_policy(episode):
    start = stage(episode(), Slow())
    assert start.scene.timing.control_hz == 5.0
    assert start.max_steps == 20 * 5  # seconds per goal, steps per second


def test_a_family_has_its_own_time(episode):
    assert stage(family_request("reach", 0)).max_steps == 8 * 20
    assert stage(family_request("tower", 0)).max_steps == 40 * 20
    assert stage(family_request("tower", 0, max_steps=17)).max_steps == 17


def test_a_camera_the_scene_does_not_have_is_refused_before_the_first_step(episode, backend, answering):
    with pytest.raises(UnknownNameError, match=r"no camera named 'frnt'; did you mean 'front'\? Known: front, video"):
        answering(backend, cameras=("frnt",)).run(episode())
    assert not backend.targets


def test_a_session_closes_its_backend(episode):
    with Session(StubBackend(), HoldPolicy()) as session:
        session.run(episode(max_steps=1))
    with pytest.raises(Exception, match="nothing to work with"):
        session.backend.state()


# ------------------------------------------------------------------ results


def result(seed: int, success: bool | None, failure: str | None = None) -> EpisodeResult:
    return EpisodeResult(
        end=End.SUCCEEDED if success else End.TIMED_OUT,
        success=success,
        failure=failure,
        seed=seed,
        reason="",
        progress=0.0,
        steps=1,
        sim_seconds=0.05,
        wall_seconds=0.01,
        instruction="",
        goal=None,
        policy="hold",
        backend="stub",
    )


def test_a_summary_counts_successes_and_failures_by_name():
    found = summary([result(0, True), result(1, True), result(2, False, "dropped"), result(3, True)])
    assert (found["episodes"], found["successes"], found["success_rate"]) == (4, 3, 0.75)
    assert (found["failures"], found["seeds"]) == ({"dropped": 1}, [0, 1, 2, 3])
    # Wilson's interval for 3 of 4, worked out by hand: (0.75 + 1.92/4 -+ 1.96 sqrt(0.1875/4 + 3.84/64)) / (1 + 3.84/4)
    assert found["wilson95"] == pytest.approx([0.3006, 0.9544], abs=1e-4)


def test_a_summary_of_nothing_judged_has_no_rate():
    found = summary([result(0, None), result(1, None)])
    assert (found["episodes"], found["successes"], found["success_rate"], found["wilson95"]) == (2, 0, None, None)
