"""What the panel says and allows in each phase: a table of facts, without Kit and without any fake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.extension.alone import load_alone
from vla_isaac.core.resources import preset_names
from vla_isaac.runtime.live_status import LiveStatus, Phase, Problem
from vla_isaac.scene.builder import scene_preset
from vla_isaac.tasks.language import read_instruction

model = load_alone("panel_model")
Around = model.PanelContext

RUNNING = LiveStatus(
    phase=Phase.RUNNING,
    scene="tabletop",
    seed=3,
    policy="scripted",
    instruction="Put the red cube on the blue box",
    goal="on(red_cube, blue_box)",
    instruction_problem="",
    step=12,
    max_steps=400,
    rate_hz=20.0,
    measured_hz=19.6,
    progress=0.25,
    verdict="red_cube is 0.21 m from blue_box",
    success=None,
    clipped={"joint_speed": 3, "workspace": 0},
    frame_age=0.05,
    stale_share=0.02,
    is_recording=False,
    recording="",
    problem=None,
    notes=(),
)


def at(phase: Phase, **changes):
    return replace(RUNNING, phase=phase, **changes)


def enabled(view) -> str:
    return " ".join(name for name in model.BUTTONS if view.buttons[name].enabled)


@pytest.mark.parametrize(
    ("phase", "buttons"),
    [
        (Phase.EMPTY, "load record"),
        (Phase.LOADING, "stop record"),
        (Phase.READY, "load run reset record"),
        (Phase.RUNNING, "pause stop reset record"),
        (Phase.PAUSED, "run stop reset record"),
        (Phase.ENDED, "load run reset record"),
        (Phase.FAILED, "load record"),
    ],
)
def test_each_phase_allows_these_buttons(phase, buttons):
    assert enabled(model.make_view(at(phase))) == buttons


@pytest.mark.parametrize("phase", list(Phase))
def test_while_the_simulator_is_being_prepared_one_can_only_give_up_or_record(phase):
    view = model.make_view(at(phase), Around(busy="loading"))
    assert enabled(view) == "stop record" and view.buttons["stop"].text == "Cancel"
    assert view.phase.text == "loading"


def test_without_a_session_only_load_is_offered():
    view = model.make_view(
        at(Phase.EMPTY),
        Around(has_session=False, problem=Problem(message="no interface", remedy="enable isaacsim.core.api", kind="")),
    )
    assert enabled(view) == "load"
    assert (view.error.text, view.remedy.text) == ("No interface.", "Enable isaacsim.core.api.")


@pytest.mark.parametrize("phase", list(Phase))
def test_a_button_that_cannot_be_pressed_says_why(phase):
    buttons = model.make_view(at(phase)).buttons.values()
    assert all(b.tooltip.startswith("Not now: ") and len(b.tooltip) > 15 for b in buttons if not b.enabled)


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_says_what_to_do_next(phase):
    assert model.make_view(at(phase)).hint.text.endswith(".")


def test_what_to_do_is_said_once_where_the_remedy_says_the_same():
    gone = Problem(message="it is gone", remedy="press Load to build the scene again", kind="")
    view = model.make_view(at(Phase.FAILED), Around(problem=gone))
    assert (view.hint.text, view.remedy.text) == ("", "Press Load to build the scene again.")


def test_settings_are_fixed_during_a_run_only():
    assert {p for p in Phase if not model.make_view(at(p)).can_choose} == {Phase.LOADING, Phase.RUNNING, Phase.PAUSED}


def test_numbers_carry_their_units():
    view = model.make_view(RUNNING)
    assert view.step.text == "12 of 400"
    assert view.rate.text == "19.6 Hz of 20 Hz"
    assert view.freshness.text == "50 ms old; held in 2 % of the periods"
    assert view.clipped.text == "joint speed 3"
    assert view.progress == 0.25


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"measured_hz": 9.0}, "rate"),
        ({"frame_age": 0.8}, "freshness"),
        ({"stale_share": 0.6}, "freshness"),
        ({"clipped": {"workspace": 1}}, "clipped"),
        ({"recording": "/tmp/x"}, "recording"),
    ],
)
def test_what_deserves_a_look_is_a_warning(changes, line):
    calm = replace(RUNNING, clipped={})
    assert getattr(model.make_view(calm), line).tone != "warn"
    assert getattr(model.make_view(replace(calm, **changes)), line).tone == "warn"


@pytest.mark.parametrize(
    ("success", "word", "tone"), [(True, "succeeded", "good"), (False, "not succeeded", "bad"), (None, "ended", "plain")]
)
def test_the_end_says_whether_the_goal_was_reached(success, word, tone):
    view = model.make_view(at(Phase.ENDED, success=success))
    assert view.phase == model.Line(word, tone)


def test_an_error_is_split_into_what_happened_and_what_to_try():
    problem = Problem(message="the policy 'openvl' is unknown", remedy="did you mean 'openvla'?", kind="UnknownNameError")
    view = model.make_view(at(Phase.FAILED, problem=problem))
    assert view.error == model.Line("The policy 'openvl' is unknown.", "bad")
    assert view.remedy.text == "Did you mean 'openvla'?"


def test_missing_packages_are_listed_with_what_they_are_for():
    view = model.make_view(RUNNING, Around(missing=("pyyaml (scenes from files)",)))
    assert view.missing.text == "Not installed here: pyyaml (scenes from files)."


def test_the_meaning_of_an_instruction_is_a_goal_or_a_reason():
    assert model.parse_line("on(red_cube, blue_box)", "") == model.Line("goal: on(red_cube, blue_box)", "good")
    assert model.parse_line("", "there is no purple cube") == model.Line("there is no purple cube", "warn")


@pytest.mark.parametrize("name", preset_names("scenes"))
def test_every_sentence_that_is_offered_can_be_read_in_its_scene(name):
    scene = scene_preset(name)
    offered = model.sentences(scene.instruction, scene.bodies)
    assert len(offered) >= 3 and offered[0] == scene.instruction
    for sentence in offered:
        assert read_instruction(sentence, scene.bodies).goals


def test_a_choice_that_needs_a_load_says_so():
    view = model.make_view(at(Phase.READY), Around(takes_effect_with="Load"))
    assert view.hint == model.Line("Your choice takes effect with the next Load.", "warn")
