"""The live session: its life by buttons, what can be chosen, who watches it, what it records."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vla_isaac.api import make_policy
from vla_isaac.backends import BACKENDS
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.live import LiveSession, Phase
from vla_isaac.runtime.log import EpisodeLog
from vla_isaac.runtime.replay import read_log, replay
from vla_isaac.runtime.result import End
from vla_isaac.sim.drive import drive

PUT = "Put the red cube on the blue box"


# ------------------------------------------------------------------ its life


@pytest.mark.parametrize("backend_name", ["stub", "mujoco"])
def test_a_whole_life_by_buttons(backend_name, play):
    session = LiveSession(BACKENDS.load(backend_name)(), make_policy=make_policy)
    phases = [session.status.phase]
    session.watch(lambda status: phases.append(status.phase) if status.phase is not phases[-1] else None)
    session.choose(task="place_on", scene="tabletop", seed=3)
    drive(session.load())
    session.run()
    play(session, 20)
    session.pause()
    session.run()
    play(session)
    assert session.status.success
    drive(session.reset(4))
    session.run()
    play(session, 5)
    session.stop()
    session.close()
    once = "empty loading ready running paused running ended loading ready running ended empty"
    assert [phase.value for phase in phases] == once.split()


def test_the_status_tells_everything_about_a_success(running, play):
    session = running(policy=ScriptedPolicy)
    play(session)
    status = session.status
    assert (status.phase, status.success, status.progress) == (Phase.ENDED, True, 1.0)
    assert (status.scene, status.seed, status.policy) == ("small", 0, "scripted")
    assert (status.instruction, status.goal) == (PUT, "on(red_cube, blue_box)")
    assert (status.instruction_problem, status.problem) == ("", None)
    assert status.verdict == "red_cube lies on blue_box"
    assert (status.rate_hz, status.max_steps) == (20.0, 400)
    assert 0 < status.step < 400
    assert status.measured_hz > 20.0
    assert set(status.clipped) == {"command", "workspace", "joint_limit", "speed", "gripper"}
    assert session.result.end is End.SUCCEEDED
    with pytest.raises(dataclasses.FrozenInstanceError):
        status.step = 3


def test_before_the_load_the_status_shows_what_is_chosen(live):
    status = live().status
    assert (status.phase, status.scene, status.policy, status.seed) == (Phase.EMPTY, "small", "scripted", 0)
    assert (status.instruction, status.goal) == (PUT, "on(red_cube, blue_box)")
    assert (status.step, status.max_steps, status.rate_hz, status.measured_hz) == (0, 0, 0.0, 0.0)


def test_scripts_reach_the_parts_of_a_loaded_session(running, backend):
    session = running()
    assert session.backend is backend
    assert session.scene.object_names == ("red_cube", "green_cube", "blue_box")
    assert len(session.layout.objects) == 3
    assert session.episode.converter is session.converter
    assert session.policy.spec.action.joints == "delta_rad"


def test_before_the_load_there_are_no_parts(live):
    session = live()
    parts = (
        session.scene,
        session.layout,
        session.policy,
        session.episode,
        session.converter,
        session.frame,
        session.result,
    )
    assert parts == (None,) * 7


def test_time_without_success_ends_the_run_unsuccessful(running, play):
    session = running()
    play(session)
    assert (session.status.phase, session.status.success, session.status.step) == (Phase.ENDED, False, 400)
    assert session.result.end is End.TIMED_OUT
    assert session.status.problem is None


def test_after_stop_the_arm_and_the_fingers_hold_their_last_target(running, play, backend):
    session = running()
    play(session, 6)
    session.stop("enough")
    assert (session.status.phase, session.result.end, session.result.reason) == (Phase.ENDED, End.STOPPED, "enough")
    assert np.array_equal(backend.targets[-1].qpos, backend.targets[-2].qpos)
    assert backend.targets[-1].gripper_width == backend.targets[-2].gripper_width < 0.08


def test_while_paused_nothing_is_sent_and_nothing_is_counted(running, play, backend):
    session = running()
    play(session, 6)
    session.pause()
    sent, before = len(backend.targets), session.status
    for _ in range(30):
        session.period()
        backend.step()
    assert len(backend.targets) == sent
    assert (session.status.step, session.status.stale_share) == (before.step, before.stale_share)
    session.run()
    play(session, 6)
    # two periods go by until the first answer after the pause; the one in which the pause began is not judged
    assert session.status.step == before.step + 5
    assert len(backend.targets) == sent + 5


def test_an_answer_to_what_was_seen_before_a_pause_is_not_carried_out(live, play, backend):
    seen = []

    class Noting(HoldPolicy):
        def act(self, observation):
            seen.append(observation.time)
            return super().act(observation)

    session = live(policy=Noting)
    drive(session.load())
    session.run()
    play(session, 4)
    session.pause()
    session.wait(30.0)
    sent = len(backend.targets)
    for _ in range(10):
        backend.step()
    session.run()
    session.period()
    assert len(backend.targets) == sent, "the answer of before is forgotten"
    session.wait(30.0)
    backend.step()
    session.period()
    assert len(backend.targets) == sent + 1
    assert session.status.frame_age == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda s: None, "the session is empty, so nothing can run; press Load first"),
        (lambda s: (drive(s.load()), s.run(), s.stop()), "the session is ended, so nothing can run; press Reset first"),
        (lambda s: (drive(s.load()), s.backend_lost("gone")), "the session is failed, so nothing can run; press Load first"),
        (lambda s: s.close(), "the session is closed and cannot run; make another one"),
    ],
)
def test_run_says_what_to_press_first(live, prepare, message):
    session = live()
    prepare(session)
    session.run()
    assert session.status.phase is not Phase.RUNNING
    assert session.status.problem.what == message


def test_reset_before_the_first_load_says_so(live):
    session = live()
    drive(session.reset())
    assert (session.status.phase, session.status.problem.what) == (
        Phase.EMPTY,
        "there is no scene to reset; press Load first",
    )


def test_a_reset_with_the_same_seed_sets_the_same_stage_and_another_seed_another(live):
    session = live()
    drive(session.load())
    first = session.layout
    drive(session.reset())
    assert session.layout == first
    drive(session.reset(7))
    assert session.layout != first
    assert session.status.seed == 7


class Yielding(StubBackend):
    """A stub that needs some updates of the simulator for everything, as Isaac does."""

    def load(self, spec):
        yield
        yield
        yield from super().load(spec)

    def reset(self, layout):
        yield
        yield from super().reset(layout)

    def render(self, requests):
        yield
        return (yield from super().render(requests))


def test_loading_takes_as_many_updates_as_the_backend_needs(live):
    session = live(on=Yielding())
    assert [session.status.phase for _ in session.load()] == [Phase.LOADING] * 3
    assert session.status.phase is Phase.READY


def test_while_loading_run_and_load_are_refused_and_the_loading_goes_on(live):
    session = live(on=Yielding())
    steps = session.load()
    next(steps)
    session.run()
    assert "still loading and the session cannot run" in session.status.problem.what
    drive(session.load())
    assert "still loading and the session cannot load" in session.status.problem.what
    drive(session.reset())
    assert "still loading and the session cannot reset" in session.status.problem.what
    drive(steps)
    assert session.status.phase is Phase.READY


def test_loading_that_is_broken_off_fails_with_a_remedy(live):
    session = live(on=Yielding())
    steps = session.load()
    next(steps)
    steps.close()
    assert (session.status.phase, session.status.problem.what) == (
        Phase.FAILED,
        "loading was interrupted; press Load to try again",
    )
    drive(session.load())
    assert (session.status.phase, session.status.problem) == (Phase.READY, None)


@pytest.mark.parametrize("end", ["close", "backend_lost"])
def test_a_loading_whose_session_ends_meanwhile_stops_asking_the_backend(live, end):
    session = live(on=Yielding())
    steps = session.load()
    next(steps)
    session.close() if end == "close" else session.backend_lost("the stage was closed")
    drive(steps)
    assert session.status.phase is (Phase.EMPTY if end == "close" else Phase.FAILED)
    assert session.scene is None


def test_a_loading_that_was_given_up_does_not_disturb_the_next_one(live):
    session = live(on=Yielding())
    given_up = session.load()
    next(given_up)
    session.backend_lost("the stage was closed")
    steps = session.load()
    next(steps)
    drive(given_up)
    assert session.status.phase is Phase.LOADING
    drive(steps)
    assert session.status.phase is Phase.READY


def test_closing_twice_is_fine_and_closes_the_backend_once(live):
    class Counting(StubBackend):
        closed = 0

        def close(self):
            super().close()
            self.closed += self._spec is None

    backend = Counting()
    session = live(on=backend)
    drive(session.load())
    session.run()
    closed = backend.closed
    session.close()
    session.close()
    assert backend.closed == closed + 1
    assert session.result.end is End.STOPPED
    session.period()
    session.stop()
    session.pause()
    drive(session.load())
    assert session.status.problem.what == "the session is closed and cannot load; make another one"


# ------------------------------------------------------------------ choosing


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scene": "tabeltop"}, "no scene named 'tabeltop'; did you mean 'tabletop'?"),
        ({"policy": "scriptd"}, "no policy named 'scriptd'; did you mean 'scripted'?"),
        ({"randomisation": "layuot"}, "no randomisation named 'layuot'; did you mean 'layout'?"),
        ({"task": "place_onn"}, "no task family named 'place_onn'; did you mean 'place_on'?"),
        ({"seed": -1}, "seed=-1 is not accepted; give a whole number from 0 up"),
        ({"seed": 1.5}, "seed=1.5 is not accepted"),
        ({"task": "place_on", "instruction": PUT}, "an instruction and the task 'place_on' exclude each other"),
    ],
)
def test_a_wrong_choice_is_a_problem_and_changes_nothing(wrong, message):
    session = LiveSession(StubBackend(), make_policy=make_policy)
    session.choose(**({"seed": 5, "policy": "hold"} | wrong))
    status = session.status
    assert status.problem.what.startswith(message), status.problem.what
    assert (status.scene, status.seed, status.policy) == ("tabletop", 0, "scripted")
    session.choose(seed=5)
    assert (session.status.seed, session.status.problem) == (5, None)


def test_a_task_draws_instruction_and_goal_at_the_load_in_its_own_scene():
    session = LiveSession(StubBackend(), make_policy=make_policy)
    session.choose(task="place_on", seed=2)
    assert (session.status.scene, session.status.instruction, session.status.instruction_problem) == ("clutter", "", "")
    drive(session.load())
    status = session.status
    assert status.goal.startswith("on(")
    assert session.parse(status.instruction) == (status.goal, "")
    session.choose(instruction="Lift the red cube")
    assert session.status.goal == "lifted(red_cube)"
    session.choose(task="")
    assert session.status.instruction == session.scene.instruction


def test_a_free_instruction_may_change_between_load_and_run(live, play):
    session = live(policy=ScriptedPolicy)
    drive(session.load())
    session.choose(instruction="Lift the green cube")
    session.run()
    play(session)
    assert (session.result.goal, session.status.success) == ("lifted(green_cube)", True)


def test_an_instruction_during_a_run_is_kept_for_the_next_one(running, play):
    session = running()
    play(session, 3)
    session.choose(instruction="Lift the green cube")
    status = session.status
    assert (status.phase, status.instruction) == (Phase.RUNNING, PUT)
    assert status.problem.what.endswith("is changed for the next run; press Stop, then Run")
    session.stop()
    assert session.result.goal == "on(red_cube, blue_box)"
    drive(session.reset())
    session.run()
    assert session.status.goal == "lifted(green_cube)"


def test_an_unreadable_instruction_is_no_hindrance_to_loading_but_to_running(live):
    session = live()
    session.choose(instruction="Put the purple cube on the moon")
    assert (session.status.goal, session.status.problem) == ("", None)
    assert "moon" in session.status.instruction_problem
    drive(session.load())
    session.run()
    assert (session.status.phase, session.status.problem.kind) == (Phase.READY, "InstructionError")


def test_parsing_asks_no_simulator_and_knows_the_chosen_scene(live):
    session = live()
    assert session.parse("Lift the red cube") == ("lifted(red_cube)", "")
    assert "yellow" in session.parse("Lift the yellow cube")[1]
    session.choose(scene="stacking")
    assert session.parse("Lift the yellow cube") == ("lifted(yellow_cube)", "")


def test_what_needs_another_load_is_said_at_run(live):
    session = live()
    drive(session.load())
    session.choose(seed=9, randomisation="full")
    session.run()
    assert session.status.problem.what == ("seed and randomisation changed since the scene was loaded; press Load, then Run")


def test_another_policy_of_the_same_rate_may_run_on_the_loaded_stage_and_one_of_another_rate_not(live):
    class Leisurely(HoldPolicy):
        spec = PolicySpec(action=ActionSpec(joints="position_rad", rate_hz=5.0))

    session = live(make_policy=lambda name: {"hold": HoldPolicy, "scripted": ScriptedPolicy}.get(name, Leisurely)())
    drive(session.load())
    session.choose(policy="hold")
    session.run()
    assert (session.status.phase, type(session.policy)) == (Phase.RUNNING, HoldPolicy)
    session.stop()
    drive(session.reset())
    session.choose(policy="leisurely")
    session.run()
    assert session.status.problem.what == (
        "the policy 'leisurely' acts at 5 Hz but the scene was loaded for 20 Hz; press Load, then Run"
    )
    drive(session.load())
    assert (session.status.rate_hz, session.status.phase) == (5.0, Phase.READY)


# ------------------------------------------------------------------ watching and recording


def test_a_watcher_is_told_at_every_change_until_it_is_taken_off(live):
    session, told = live(), []
    unwatch = session.watch(told.append)
    session.choose(seed=3)
    assert [status.seed for status in told] == [3]
    unwatch()
    unwatch()
    session.choose(seed=4)
    assert len(told) == 1


def test_a_watcher_that_raises_is_dropped_and_logged_and_the_others_are_told(live, caplog):
    session, told = live(), []

    def broken(status):
        raise ZeroDivisionError

    session.watch(broken)
    session.watch(told.append)
    session.choose(seed=3)
    session.choose(seed=4)
    assert [status.seed for status in told] == [3, 4]
    assert caplog.text.count("a listener of the live session failed and was removed") == 1


def test_a_watcher_may_press_buttons(running, play):
    session = running()
    session.watch(lambda status: session.stop("far enough") if status.step == 4 else None)
    play(session)
    assert (session.status.step, session.result.reason) == (4, "far enough")


def test_a_watcher_that_always_changes_something_does_not_go_on_for_ever(live):
    session = live()
    session.watch(lambda status: session.choose(seed=status.seed + 1))
    session.choose(seed=1)
    assert session.status.seed < 10


def test_a_run_is_recorded_from_the_next_one_on_and_no_more_once_switched_off(live, play, tmp_path):
    session = live(make_recorder=EpisodeLog)
    drive(session.load())
    session.run()
    play(session, 5)
    session.record(tmp_path / "run.jsonl")
    assert (session.status.is_recording, session.status.recording) == (False, str(tmp_path / "run.jsonl"))
    session.stop()
    drive(session.reset())
    session.run()
    play(session, 5)
    session.record(None)
    assert (session.status.is_recording, session.status.recording) == (True, str(tmp_path / "run.jsonl"))
    session.stop()
    assert (session.status.is_recording, session.status.recording) == (False, "")
    kinds = [line["kind"] for line in read_log(tmp_path / "run.jsonl")]
    assert kinds == ["start", "step", "step", "step", "end"]
    drive(session.reset())
    session.run()
    assert session.episode.subscribers == ()


def test_a_recorder_that_fails_is_let_go_and_the_run_goes_on(live, play, witness, tmp_path):
    witness.on_step = lambda step: 1 / 0
    session = live(make_recorder=lambda path: witness)
    session.record(tmp_path)
    drive(session.load())
    session.run()
    assert session.status.is_recording
    play(session, 5)
    assert (session.status.phase, session.status.is_recording) == (Phase.RUNNING, False)
    assert session.status.notes == ("Witness was detached: ZeroDivisionError: division by zero",)


def test_recording_where_nothing_can_record_is_a_problem(live, tmp_path):
    session = live()
    session.record(tmp_path)
    assert (session.status.recording, session.status.problem.kind) == ("", "UsageError")


def test_a_recorder_that_cannot_be_made_keeps_the_run_from_beginning(live, tmp_path):
    session = live(make_recorder=lambda path: 1 / 0)
    session.record(tmp_path)
    drive(session.load())
    session.run()
    assert (session.status.phase, session.status.problem.kind) == (Phase.READY, "ZeroDivisionError")


@pytest.mark.parametrize("backend_name", ["stub", "mujoco"])
def test_a_live_run_is_replayed_from_its_log_bit_by_bit(backend_name, play, tmp_path):
    session = LiveSession(BACKENDS.load(backend_name)(), make_policy=make_policy, lock_step=True, make_recorder=EpisodeLog)
    session.record(tmp_path / "run.jsonl")
    drive(session.load())
    session.run()
    play(session)
    session.close()
    report = replay(read_log(tmp_path / "run.jsonl"), BACKENDS.load(backend_name)())
    assert (report.first_difference, report.steps > 30) == (None, True)


# ------------------------------------------------------------------ pictures and notes


def test_the_view_shows_what_the_policy_sees(running, play):
    session = running(cameras=("front",))
    play(session, 4)
    assert (session.frame.camera, session.frame.rgb.shape) == ("front", (48, 64, 3))


def test_for_a_policy_without_cameras_the_view_has_a_picture_from_the_load_on(live, play):
    session = live(view_cameras=("front",), on=Yielding())
    drive(session.load())
    assert (session.frame.camera, session.frame.time) == ("front", 0.0)
    session.run()
    play(session, 20)
    assert session.frame.time > 0.5


def test_a_view_that_cannot_be_drawn_is_a_note_and_no_problem(live, play):
    session = live(view_cameras=("nowhere",))
    drive(session.load())
    session.run()
    play(session, 3)
    assert (session.status.phase, session.status.problem) == (Phase.RUNNING, None)
    assert session.status.notes[0].startswith("there is no image of camera 'nowhere': no camera named 'nowhere'")


def test_a_view_shows_several_cameras_the_first_one_also_alone(live, play):
    session = live(view_cameras=("front", "video"), on=Yielding())
    drive(session.load())
    assert list(session.frames) == ["front", "video"] and session.frame is session.frames["front"]
    session.view(("video",))
    session.run()
    play(session, 20)
    assert list(session.frames) == ["video"] and session.frame.camera == "video"


@pytest.mark.parametrize("cameras", [("nowhere", "front"), ("front", "nowhere")])
def test_of_several_cameras_only_the_one_that_cannot_be_drawn_is_left_out(live, cameras):
    session = live(view_cameras=cameras)
    drive(session.load())
    assert list(session.frames) == ["front"]
    (note,) = session.status.notes
    assert note.startswith("there is no image of camera 'nowhere'")


def test_the_state_is_that_of_the_run_and_without_one_that_of_the_simulator(live, play):
    session = live()
    assert session.read_state() is None
    drive(session.load())
    assert session.read_state().time == 0.0
    session.run()
    play(session, 4)
    assert session.read_state() is session.episode.period.state
    session.stop()
    assert session.read_state().time > 0.0


def test_notes_of_the_backend_are_shown(live):
    backend = StubBackend()
    backend.notes = ("the asset server cannot be reached: our own Panda stands in",)
    assert live(on=backend).status.notes == backend.notes


def test_a_policy_without_privilege_gets_neither_state_nor_goal(live, play):
    seen = []

    class Curious(HoldPolicy):
        def reset(self, context):
            seen.append((context.goal, context.state))
            super().reset(context)

        def act(self, observation):
            seen.append((None, observation.state))
            return ActionChunk.single(np.array(observation.qpos), 0.04)

    session = live(policy=Curious)
    drive(session.load())
    session.run()
    play(session, 4)
    assert len(seen) > 3
    assert set(seen) == {(None, None)}
