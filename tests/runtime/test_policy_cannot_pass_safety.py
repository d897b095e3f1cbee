"""What a policy or a subscriber writes into what it was given reaches nobody else, and never the arm."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.runtime.conftest import Answering, LaggingBackend, waving
from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, JointTarget
from vla_isaac.robots import panda
from vla_isaac.runtime.inference import THREAD_NAME
from vla_isaac.runtime.result import End
from vla_isaac.runtime.session import Session

pytestmark = pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")  # what by_torch is about

FAR = 50.0  # [rad], where no joint of the arm can be


class RecordingMujoco(MujocoBackend):
    """MuJoCo that remembers what it was told, in copies."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[JointTarget] = []

    def apply(self, target: JointTarget) -> None:
        self.targets.append(JointTarget(np.array(target.qpos), target.gripper_width))
        super().apply(target)


class Recording(LaggingBackend):
    """The lagging stub, whose memory of what it was told is copies."""

    def apply(self, target: JointTarget) -> None:
        super().apply(JointTarget(np.array(target.qpos), target.gripper_width))


@pytest.fixture(params=[Recording, RecordingMujoco], ids=["stub", "mujoco"])
def arm(request):
    return request.param()


def forced(array) -> None:
    """Write FAR into an array, with every means that numpy has to make it writeable."""
    array.setflags(write=True)
    array[:] = FAR


def by_torch(array) -> None:
    """Write into an array through torch, which asks nobody."""
    torch = pytest.importorskip("torch")
    torch.from_numpy(array).fill_(FAR)


def plainly(array) -> None:
    array[:] = FAR


def base_of(array) -> None:
    """Write into the memory that an array is a view of."""
    forced(array.base)


WAYS = {"plainly": plainly, "setflags": forced, "base": base_of, "torch": by_torch}


def arrays_of(observation):
    """Return every array of a privileged observation."""
    state, found = observation.state, [observation.qpos, observation.qvel]
    found += [observation.pose_base_ee.pos, observation.pose_base_ee.quat_wxyz]
    if state is not None:
        poses = (state.pose_world_ee, state.pose_world_base)
        found += [array for pose in poses for array in (pose.pos, pose.quat_wxyz)]
        found += [state.qpos, state.qvel, state.object_pos, state.object_quat, state.object_linvel]
        found += [state.initial_object_pos, state.initial_object_quat]
    found += [frame.rgb for frame in observation.frames.values()]
    return found


class Editing(Answering):
    """A policy that waves and, from its third answer on, edits all it was given, then raises if it is told to."""

    def __init__(self, edit, *, raises: bool = True, cameras=(), privileged: bool = False) -> None:
        super().__init__(waving, cameras=cameras)
        self.spec = replace(self.spec, privileged=privileged)
        self._edit, self._raises, self.refused = edit, raises, 0

    def act(self, observation):
        chunk = super().act(observation)
        if self._count < 3:
            return chunk
        for array in arrays_of(observation):
            try:
                self._edit(array)
            except (ValueError, AttributeError):
                self.refused += 1
        if self._raises:
            raise RuntimeError("the gripper camera is unplugged")
        return chunk


class Seen:
    """A subscriber that keeps copies of the numbers and pictures it was given."""

    def __init__(self) -> None:
        self.pictures, self.joints, self.states, self.infos, self.starts = [], [], [], [], []

    def on_start(self, start) -> None:
        self.starts.append(copy.deepcopy(start))

    def on_step(self, step) -> None:
        self.pictures.append({name: frame.rgb.copy() for name, frame in step.observation.frames.items()})
        self.joints.append(step.observation.qpos.copy())
        self.states.append(copy.deepcopy(step.state))
        self.infos.append(dict(step.chunk.info))

    def on_end(self, result) -> None:
        self.clipped = dict(result.clipped)


def is_reachable(target: JointTarget) -> bool:
    return bool((target.qpos >= panda.QPOS_LOWER).all() and (target.qpos <= panda.QPOS_UPPER).all())


# ------------------------------------------------------------------ the arm


@pytest.mark.parametrize("privileged", [False, True], ids=["blind", "privileged"])
@pytest.mark.parametrize("edit", WAYS.values(), ids=list(WAYS))
def test_after_a_policy_edited_all_it_was_given_and_raised_the_arm_holds_the_last_safe_target(
    episode, arm, edit, privileged
):
    with Session(arm, Editing(edit, privileged=privileged)) as session:
        result = session.run(episode())
    assert (result.end, result.steps) == (End.POLICY_FAILED, 2)
    assert "the gripper camera is unplugged" in result.reason
    assert len(arm.targets) == 3, "two steps, and the hold"
    assert np.array_equal(arm.targets[-1].qpos, arm.targets[-2].qpos)
    assert arm.targets[-1].gripper_width == arm.targets[-2].gripper_width


@pytest.mark.parametrize("edit", WAYS.values(), ids=list(WAYS))
def test_in_a_live_run_too_the_arm_holds_the_last_safe_target(running, play, arm, edit):
    session = running(on=arm, policy=Editing(edit, privileged=True))
    play(session)
    assert session.result.end is End.POLICY_FAILED
    assert np.array_equal(arm.targets[-1].qpos, arm.targets[-2].qpos)
    assert all(is_reachable(target) for target in arm.targets)


def test_a_policy_that_edits_what_it_was_given_later_from_a_thread_of_its_own_changes_nothing(running, play, arm):
    kept, go_on, stop = [], threading.Event(), threading.Event()

    class Lurking(Answering):
        def act(self, observation):
            kept.extend(arrays_of(observation))
            return super().act(observation)

    def edit_for_ever():
        go_on.wait(30.0)
        while not stop.is_set():
            for array in list(kept):
                for way in (plainly, forced):
                    try:
                        way(array)
                    except (ValueError, AttributeError):
                        continue

    policy = Lurking(waving)
    policy.spec = replace(policy.spec, privileged=True)
    session, editor = running(on=arm, policy=policy), threading.Thread(target=edit_for_ever, daemon=True)
    editor.start()
    go_on.set()
    play(session, 12)
    session.stop()
    stop.set()
    editor.join(30.0)
    assert len(arm.targets) > 5
    assert all(is_reachable(target) for target in arm.targets)
    assert np.abs(np.diff([target.qpos for target in arm.targets], axis=0)).max() < 0.1


@pytest.mark.parametrize("how", ["stop", "timeout", "success"])
def test_however_an_episode_ends_the_arm_holds_the_last_target_that_was_sent(episode, arm, how):
    from vla_isaac.policies.scripted.expert import ScriptedPolicy

    policy = ScriptedPolicy() if how == "success" else Answering(waving)
    on = StubBackendOfTargets() if how == "success" else arm
    with Session(on, policy) as session:
        runner = session.prepare(episode(max_steps=400 if how == "success" else 4))
        while runner.end is None:
            runner.tick()
            if how == "stop" and runner.steps == 2:
                runner.stop()
    assert runner.end is {"stop": End.STOPPED, "timeout": End.TIMED_OUT, "success": End.SUCCEEDED}[how]
    assert np.array_equal(on.targets[-1].qpos, on.targets[-2].qpos)
    assert on.targets[-1].gripper_width == on.targets[-2].gripper_width


class StubBackendOfTargets(StubBackend):
    """The stub, remembering what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[JointTarget] = []

    def apply(self, target: JointTarget) -> None:
        self.targets.append(JointTarget(np.array(target.qpos), target.gripper_width))
        super().apply(target)


@pytest.mark.parametrize("where", ["reset", "act"])
def test_before_any_target_was_sent_the_arm_holds_the_joints_as_the_backend_has_them(episode, arm, where):
    class Unready(Answering):
        def reset(self, context):
            super().reset(context)
            if where == "reset":
                forced_where_possible(context.state.qpos)
                raise RuntimeError("no weights")

        def act(self, observation):
            forced_where_possible(observation.qpos)
            forced_where_possible(observation.state.qpos)
            raise RuntimeError("no weights")

    policy = Unready(waving)
    policy.spec = replace(policy.spec, privileged=True)
    with Session(arm, policy) as session:
        result = session.run(episode())
        measured = arm.state().qpos
    assert (result.end, len(arm.targets)) == (End.POLICY_FAILED, 1)
    assert arm.targets[0].qpos == pytest.approx(measured, abs=1e-9)


def forced_where_possible(array) -> None:
    for way in (plainly, forced):
        try:
            way(array)
        except ValueError:
            continue


def test_joints_that_the_backend_reports_outside_their_limits_are_held_inside_them(episode, arm):
    real_state, outside = arm.state, [False]

    def state():
        now = real_state()
        return replace(now, qpos=np.full(7, FAR), gripper_width=3.0) if outside[0] else now

    class Unready(Answering):
        def act(self, observation):
            outside[0] = True
            raise RuntimeError("no weights")

    arm.state = state
    with Session(arm, Unready(waving)) as session:
        session.run(episode())
    assert is_reachable(arm.targets[0])
    assert arm.targets[0].gripper_width <= panda.GRIPPER_MAX_WIDTH


def test_a_live_run_that_is_paused_or_waits_for_a_slow_policy_keeps_the_last_safe_target(running, play, arm):
    is_asked, may_answer = threading.Event(), threading.Event()

    def answer(step):
        if step == 3:
            is_asked.set()
            may_answer.wait(30.0)
        return waving(step)

    session = running(answer, on=arm)
    play(session, 3)
    while not is_asked.is_set():  # what it was asked before is answered then, and sent in the period that asked this
        play(session, 1, patient=False)
    sent = len(arm.targets)
    play(session, 5, patient=False)
    session.pause()
    assert all(np.array_equal(target.qpos, arm.targets[sent - 1].qpos) for target in arm.targets[sent:])
    may_answer.set()
    session.stop()
    assert np.array_equal(arm.targets[-1].qpos, arm.targets[sent - 1].qpos)


# ------------------------------------------------------------------ words for the author of the policy


@pytest.mark.parametrize("edit", [lambda o: o.qpos.fill(0.0), lambda o: o.qpos.sort(), lambda o: o.qvel.__iadd__(1.0)])
def test_a_policy_that_writes_into_an_observation_is_told_to_copy_it_first(episode, backend, edit):
    class Careless(Answering):
        def act(self, observation):
            edit(observation)
            return super().act(observation)

    result = Session(backend, Careless(waving)).run(episode())
    assert result.end is End.POLICY_FAILED
    assert "observations are read-only" in result.reason
    assert "copy first" in result.reason


@pytest.mark.parametrize(
    "edit", [lambda o: o.frames.clear(), lambda o: o.frames.update(front=None), lambda o: setattr(o, "qpos", None)]
)
def test_frames_and_fields_of_an_observation_cannot_be_replaced_either(episode, backend, edit):
    class Careless(Answering):
        def act(self, observation):
            edit(observation)
            return super().act(observation)

    result = Session(backend, Careless(waving, cameras=("front",))).run(episode())
    assert result.end is End.POLICY_FAILED
    assert "observations are read-only" in result.reason


def test_a_policy_may_edit_its_own_deep_copy_of_an_observation(episode, backend):
    class Careful(Answering):
        def act(self, observation):
            own = copy.deepcopy(observation)
            own.qpos[:] = 0.0
            own.frames["front"].rgb[:] = 0
            return super().act(observation)

    result = Session(backend, Careful(waving, cameras=("front",))).run(episode(max_steps=3))
    assert (result.end, result.steps) == (End.TIMED_OUT, 3)


# ------------------------------------------------------------------ what others see


@pytest.mark.parametrize("edit", WAYS.values(), ids=list(WAYS))
def test_subscribers_see_the_same_whether_or_not_the_policy_edits_what_it_was_given(episode, edit):
    def watched(policy) -> Seen:
        seen = Seen()
        Session(LaggingBackend(), policy).run(episode(max_steps=6), [seen])
        return seen

    quiet = watched(Editing(lambda array: None, raises=False, cameras=("front",), privileged=True))
    noisy = watched(Editing(edit, raises=False, cameras=("front",), privileged=True))
    assert len(quiet.pictures) == len(noisy.pictures) == 6
    assert all(np.array_equal(a["front"], b["front"]) for a, b in zip(quiet.pictures, noisy.pictures, strict=True))
    assert np.array_equal(quiet.joints, noisy.joints)
    for a, b in zip(quiet.states, noisy.states, strict=True):
        assert np.array_equal(a.object_pos, b.object_pos)
        assert np.array_equal(a.initial_object_pos, b.initial_object_pos)
        assert np.array_equal(a.pose_world_ee.pos, b.pose_world_ee.pos)


def test_a_policy_that_edits_the_state_it_begins_with_does_not_change_where_the_episode_began(episode):
    class Editor(Answering):
        def reset(self, context):
            super().reset(context)
            for array in (context.state.initial_object_pos, context.state.object_pos, context.state.pose_world_ee.pos):
                forced_where_possible(array)

    policy, seen, backend = Editor(waving), Seen(), LaggingBackend()
    policy.spec = replace(policy.spec, privileged=True)
    Session(backend, policy).run(episode(max_steps=2), [seen])
    began = seen.starts[0].state.initial_object_pos
    assert np.abs(began).max() < 2.0
    assert np.array_equal(seen.states[-1].initial_object_pos, began)
    assert np.array_equal(backend.state().initial_object_pos, began)


@pytest.mark.parametrize("edit", WAYS.values(), ids=list(WAYS))
def test_a_subscriber_that_edits_what_it_is_given_changes_nothing_for_the_next_one_or_the_policy(episode, edit):
    class Vandal(Seen):
        def on_step(self, step):
            found = [*arrays_of(step.observation), step.target.qpos, step.action.arm, step.chunk.arm, step.state.qpos]
            for array in [*found, step.state.object_pos, step.state.initial_object_pos, step.state.pose_world_ee.pos]:
                try:
                    edit(array)
                except (ValueError, AttributeError):
                    continue
            for mapping in (step.observation.frames, step.chunk.info):
                try:
                    mapping.clear()
                except TypeError:
                    continue

    def watched(*first):
        shown, seen = [], Seen()

        class Remembering(Answering):
            def act(self, observation):
                shown.append(copy.deepcopy(observation))
                chunk = super().act(observation)
                return ActionChunk(chunk.arm, chunk.gripper, {"phase": "wave"})

        policy = Remembering(waving, cameras=("front",))
        policy.spec = replace(policy.spec, privileged=True)
        backend = LaggingBackend()
        Session(backend, policy).run(episode(max_steps=5), [*first, seen])
        return shown, seen, [target.qpos.copy() for target in backend.targets]

    (quiet_shown, quiet, quiet_sent), (shown, seen, sent) = watched(), watched(Vandal())
    assert np.array_equal(quiet_sent, sent)
    assert seen.infos == quiet.infos == [{"phase": "wave"}] * 5
    assert all(np.array_equal(a["front"], b["front"]) for a, b in zip(seen.pictures, quiet.pictures, strict=True))
    assert np.array_equal(seen.joints, quiet.joints)
    for a, b in zip(quiet_shown, shown, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(arrays_of(a), arrays_of(b), strict=True))


def test_what_subscribers_are_given_is_read_only(episode, backend, witness):
    Session(backend, Answering(waving, cameras=("front",))).run(episode(max_steps=2), [witness])
    step = witness.steps[0]
    found = [*arrays_of(step.observation), step.target.qpos, step.action.arm, step.chunk.arm, step.state.object_pos]
    assert not any(array.flags.writeable for array in [*found, witness.starts[0].state.qpos])
    with pytest.raises(TypeError, match="read-only"):
        step.observation.frames["front"] = None


def test_the_picture_of_a_live_session_is_that_of_the_camera_whatever_the_policy_paints_over(running, play):
    def shown(edit):
        session = running(
            on=LaggingBackend(),
            policy=Editing(edit, raises=False, cameras=("front",)),
            view_cameras=("front",),
            lock_step=True,
        )
        play(session, 12)
        return session.frame

    quiet, noisy = shown(lambda array: None), shown(by_torch)
    assert np.array_equal(quiet.rgb, noisy.rgb)
    assert not noisy.rgb.flags.writeable


# ------------------------------------------------------------------ what a policy answers


def targets_of(backend, policy, request) -> list[np.ndarray]:
    Session(backend, policy).run(request)
    return [target.qpos for target in backend.targets]


def test_a_policy_that_edits_its_answer_after_it_was_checked_does_not_change_the_target(episode):
    answered = []

    def keep(step):
        chunk = ActionChunk(np.full((2, 7), 0.02), np.array([0.03, 0.03]), {"phase": "wave"})
        answered.append(chunk)
        return chunk

    class Late(Recording):
        def apply(self, target):
            for chunk in answered:
                chunk.arm[:], chunk.gripper[:] = FAR, FAR
                chunk.info["phase"] = "forged"
            super().apply(target)

    seen, late = Seen(), Late()
    Session(late, Answering(keep)).run(episode(max_steps=5), [seen])
    assert np.array_equal([t.qpos for t in late.targets], targets_of(Recording(), Answering(waving), episode(max_steps=5)))
    assert seen.infos == [{"phase": "wave"}] * 5


def test_an_answer_whose_numbers_change_from_one_look_to_the_next_is_looked_at_once(episode):
    class Fickle:
        """Numbers that are small at the first look and huge at every later one."""

        def __init__(self):
            self.looks = 0

        def __array__(self, dtype=None, copy=None):
            self.looks += 1
            return np.full((1, 7), 0.02 if self.looks == 1 else FAR, dtype=dtype)

        def __len__(self):
            return 1

        def __getitem__(self, step):
            return np.asarray(self)[step]

    backend, made = Recording(), []

    def answer(step):
        made.append(Fickle())
        return ActionChunk(made[-1], np.array([0.03]))

    assert np.array_equal(
        targets_of(backend, Answering(answer), episode(max_steps=4)),
        targets_of(Recording(), Answering(waving), episode(max_steps=4)),
    )
    assert [fickle.looks for fickle in made] == [1] * 4


def test_subclasses_of_arrays_floats_and_chunks_become_plain_numbers(episode, witness):
    class Proud(float):
        looks = 0

        def __float__(self):
            Proud.looks += 1
            return 0.03

    class Shifty(np.ndarray):
        def __array_finalize__(self, other):
            pass

        def __getitem__(self, key):
            return FAR

    class Sly(ActionChunk):
        def __getitem__(self, step):
            raise AssertionError("a method of the policy's own class")

    def answer(step):
        return Sly(np.full((1, 7), 0.02).view(Shifty), [Proud(99.0)], {})

    Session(LaggingBackend(), Answering(answer)).run(episode(max_steps=2), [witness])
    step = witness.steps[0]
    assert (type(step.chunk), type(step.action.arm), step.action.arm.dtype) == (ActionChunk, np.ndarray, np.float64)
    assert (type(step.action.gripper), step.action.gripper) == (float, 0.03)
    assert step.action.arm == pytest.approx(0.02)


def test_a_policy_that_changes_its_spec_during_an_episode_is_neither_shown_more_nor_understood_otherwise(episode, backend):
    shown = []

    class Climbing(Answering):
        def act(self, observation):
            shown.append(observation.state)
            object.__setattr__(self.spec.action, "joint_scale", 1000.0)
            self.spec = PolicySpec(action=self.spec.action, privileged=True)
            return super().act(observation)

    sent = targets_of(backend, Climbing(waving), episode(max_steps=4))
    assert shown == [None] * 4
    assert np.array_equal(sent, targets_of(LaggingBackend(), Answering(waving), episode(max_steps=4)))


def test_the_limits_of_the_arm_cannot_be_rewritten():
    with pytest.raises(ValueError, match="WRITEABLE"):
        panda.QPOS_UPPER.setflags(write=True)


@pytest.mark.parametrize("make", [StubBackend, MujocoBackend])
def test_a_backend_gives_every_state_in_memory_that_it_does_not_use_itself(episode, make):
    session = Session(make(), Answering(waving))
    with session:
        session.prepare(episode())
        first, backend = session.backend.state(), session.backend
        original = copy.deepcopy(first)
        for array in (
            first.initial_object_pos,
            first.initial_object_quat,
            first.pose_world_ee.pos,
            first.pose_world_base.pos,
        ):
            forced_where_possible(array)
        again = backend.state()
    assert np.array_equal(again.initial_object_pos, original.initial_object_pos)
    assert np.array_equal(again.initial_object_quat, original.initial_object_quat)
    assert np.array_equal(again.pose_world_ee.pos, original.pose_world_ee.pos)
    assert np.array_equal(again.pose_world_base.pos, original.pose_world_base.pos)


def test_what_a_recorder_writes_is_what_the_camera_saw(episode, tmp_path):
    from vla_isaac.runtime.spool import SpoolRecorder, episodes, read_episode

    def written(edit, folder):
        recorder = SpoolRecorder(tmp_path / folder)
        policy = Editing(edit, raises=False, cameras=("front",))
        Session(LaggingBackend(), policy).run(episode(max_steps=6), [recorder])
        recorder.wait()
        return read_episode(episodes(tmp_path / folder)[0])[0]

    quiet, noisy = written(lambda array: None, "quiet"), written(by_torch, "noisy")
    assert np.array_equal(quiet["rgb_front"], noisy["rgb_front"])
    assert np.array_equal(quiet["qpos"], noisy["qpos"])


class MuteError(Exception):
    """An error that fails to describe itself."""

    def __str__(self):
        raise RuntimeError("no words")


class RaisingMute(Answering):
    def act(self, observation):
        raise MuteError


def test_an_error_of_a_policy_that_cannot_describe_itself_still_ends_the_episode_and_holds_the_arm(episode, arm):
    with Session(arm, RaisingMute(waving)) as session:
        result = session.run(episode())
    assert (result.end, result.reason, len(arm.targets)) == (End.POLICY_FAILED, "MuteError", 1)


def test_in_a_live_session_too_an_error_that_cannot_describe_itself_is_a_problem(running, play):
    session = running(policy=RaisingMute(waving))
    play(session)
    assert session.result.end is End.POLICY_FAILED
    assert "MuteError" in session.status.problem.what


def test_the_numbers_of_an_answer_are_looked_at_on_the_policys_own_thread(running, play):
    threads = []

    class Nosy:
        def __array__(self, dtype=None, copy=None):
            threads.append(threading.current_thread().name)
            return np.full((1, 7), 0.02, dtype=dtype)

    session = running(lambda step: ActionChunk(Nosy(), np.array([0.03])))
    play(session, 6)
    assert set(threads) == {THREAD_NAME}
