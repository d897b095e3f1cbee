"""How chunks are carried out: the first rows, or ACT's ensemble of all that speak of this step."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from vla_isaac.core.errors import ConfigError, PolicyError
from vla_isaac.core.poses import Pose
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext, Observation
from vla_isaac.policies.chunking import FirstRows, TemporalEnsemble

EPISODE = EpisodeContext(instruction="count", seed=0)
DELTA = ActionSpec(translation="delta_base_m", gripper="open_is_one")


class Counting:
    """Answers chunks of three rows: in its chunk number n, row k is 10 n + k; the gripper the same in hundredths."""

    spec = PolicySpec(action=DELTA, chunk_length=3)

    def __init__(self, *, rows: int = 3, gripper: bool = True, info=None) -> None:
        self._rows, self._gripper, self._info = rows, gripper, info or {}
        self.asked = 0

    def reset(self, context) -> None:
        self.context, self.asked = context, 0

    def act(self, observation) -> ActionChunk:
        values = 10.0 * self.asked + np.arange(self._rows)
        self.asked += 1
        return ActionChunk(np.tile(values[:, None], 3), values / 100 if self._gripper else None, self._info)


def observation() -> Observation:
    return Observation(
        time=0.0,
        instruction="count",
        frames={},
        qpos=np.zeros(7),
        qvel=np.zeros(7),
        gripper_width=0.08,
        pose_base_ee=Pose.identity(),
    )


def play(policy, steps: int) -> list[float]:
    policy.reset(EPISODE)
    chunks = [policy.act(observation()) for _ in range(steps)]
    assert all(len(chunk) == 1 for chunk in chunks)
    assert all((chunk.arm == chunk.arm[0, 0]).all() for chunk in chunks)
    return [float(chunk.arm[0, 0]) for chunk in chunks]


# ------------------------------------------------------------------ the first rows


@pytest.mark.parametrize(
    ("rows", "values"), [(1, [0, 10, 20, 30, 40, 50]), (2, [0, 1, 10, 11, 20, 21]), (3, [0, 1, 2, 10, 11, 12])]
)
def test_the_first_rows_are_carried_out_before_the_policy_is_asked_again(rows, values):
    policy = Counting()
    assert play(FirstRows(policy, rows), 6) == values
    assert policy.asked == 6 // rows


def test_a_chunk_shorter_than_asked_for_is_carried_out_whole():
    assert play(FirstRows(Counting(rows=2), 3), 4) == [0, 1, 10, 11]


def test_a_new_episode_forgets_the_rows_that_were_left():
    policy = FirstRows(Counting(), 3)
    assert play(policy, 2) == [0, 1]
    assert play(policy, 2) == [0, 1]


def test_gripper_and_info_go_with_their_rows():
    policy = FirstRows(Counting(info={"phase": "count"}), 2)
    policy.reset(EPISODE)
    chunks = [policy.act(observation()) for _ in range(3)]
    assert [float(chunk.gripper[0]) for chunk in chunks] == [0.0, 0.01, 0.10]
    assert chunks[1].info == {"phase": "count"}


@pytest.mark.parametrize("rows", [0, 4, -1])
def test_more_rows_than_a_chunk_has_are_refused(rows):
    with pytest.raises(ConfigError, match=rf"cannot execute {rows} rows of chunks of 3; choose 1 to 3"):
        FirstRows(Counting(), rows)


# ------------------------------------------------------------------ the ensemble

HALVING = math.log(2)  # weights 1, 1/2, 1/4 from the oldest on


def test_the_ensemble_averages_as_act_does_and_the_oldest_prediction_weighs_most():
    # what the chunks say of each step, the oldest first: step 1: 1, 10; step 2: 2, 11, 20; step 3: 12, 21, 30
    by_hand = [
        0.0,
        (1 + 10 / 2) / 1.5,
        (2 + 11 / 2 + 20 / 4) / 1.75,
        (12 + 21 / 2 + 30 / 4) / 1.75,
    ]
    assert play(TemporalEnsemble(Counting(), HALVING), 4) == pytest.approx(by_hand)


def test_without_decay_the_ensemble_is_the_plain_mean():
    assert play(TemporalEnsemble(Counting(), 0.0), 4) == pytest.approx([0.0, 5.5, 11.0, 21.0])


def test_acts_own_decay_is_the_default():
    weights = [1.0, math.exp(-0.01), math.exp(-0.02)]
    by_hand = (2 * weights[0] + 11 * weights[1] + 20 * weights[2]) / sum(weights)
    assert play(TemporalEnsemble(Counting()), 3)[2] == pytest.approx(by_hand)


def test_the_gripper_is_averaged_with_the_same_weights():
    policy = TemporalEnsemble(Counting(), HALVING)
    policy.reset(EPISODE)
    policy.act(observation())
    assert policy.act(observation()).gripper == pytest.approx([0.01 * 6 / 1.5])


def test_a_policy_without_gripper_stays_without():
    policy = TemporalEnsemble(Counting(gripper=False))
    policy.reset(EPISODE)
    assert policy.act(observation()).gripper is None


class SilentOnce(Counting):
    """Says nothing of the gripper in the chunk of this number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def act(self, observation) -> ActionChunk:
        self._gripper = self.asked != self._number
        return super().act(observation)


@pytest.mark.parametrize("number", [0, 1])
def test_a_step_of_which_one_chunk_says_nothing_of_the_gripper_has_none(number):
    policy = TemporalEnsemble(SilentOnce(number))
    policy.reset(EPISODE)
    policy.act(observation())
    assert policy.act(observation()).gripper is None


def test_chunks_that_ended_early_have_no_say_in_later_steps():
    assert play(TemporalEnsemble(Counting(rows=2), 0.0), 4) == pytest.approx([0.0, 5.5, 15.5, 25.5])


def test_a_new_episode_forgets_all_predictions():
    policy = TemporalEnsemble(Counting(), 0.0)
    assert play(policy, 3)[0] == play(policy, 1)[0] == 0.0


def test_the_info_is_that_of_the_newest_chunk():
    policy = TemporalEnsemble(Counting(info={"phase": "count"}))
    policy.reset(EPISODE)
    assert policy.act(observation()).info == {"phase": "count"}


def test_info_may_have_any_key():
    policy = TemporalEnsemble(Counting(info={"gripper": "closing"}))
    policy.reset(EPISODE)
    assert policy.act(observation()).info == {"gripper": "closing"}


@pytest.mark.parametrize(
    "rotation", ["absolute_quat_wxyz", "absolute_rot6d_columns", "absolute_rpy_rad", "absolute_axis_angle_rad"]
)
def test_absolute_rotations_are_not_averaged(rotation):
    policy = Counting()
    policy.spec = PolicySpec(action=ActionSpec(translation="position_base_m", rotation=rotation), chunk_length=3)
    with pytest.raises(ConfigError, match=f"cannot average {rotation} by component; use FirstRows instead"):
        TemporalEnsemble(policy)


def test_a_decay_that_would_trust_the_newest_most_is_refused():
    with pytest.raises(ConfigError, match=r"decay=-0.1 must not be negative"):
        TemporalEnsemble(Counting(), -0.1)


# ------------------------------------------------------------------ both

WRAPPERS = [lambda policy: FirstRows(policy, 2), TemporalEnsemble]
both = pytest.mark.parametrize("wrap", WRAPPERS, ids=["first rows", "ensemble"])


@both
def test_a_wrapped_policy_is_a_policy_of_single_actions(wrap):
    assert wrap(Counting()).spec == replace(Counting.spec, chunk_length=1)


@both
def test_the_wrapped_policy_is_told_of_the_episode(wrap):
    policy = Counting()
    wrap(policy).reset(EPISODE)
    assert policy.context is EPISODE


@both
def test_an_empty_chunk_is_refused(wrap):
    policy = wrap(Counting(rows=0))
    policy.reset(EPISODE)
    with pytest.raises(PolicyError, match="empty chunk; it must return at least one action"):
        policy.act(observation())


@pytest.mark.parametrize("wrap", [lambda policy: FirstRows(policy, rows=3), TemporalEnsemble], ids=["rows", "ensemble"])
def test_a_policy_that_edits_its_chunk_afterwards_does_not_change_the_rows_that_are_still_to_come(wrap):
    answered = []

    class Keeping(Counting):
        def act(self, observation):
            answered.append(super().act(observation))
            return answered[-1]

    def rows(*, edit):
        policy, found = wrap(Keeping()), []
        policy.reset(EPISODE)
        for _ in range(3):
            found.append(policy.act(observation()).arm.tolist())
            if edit:
                answered[-1].arm[:], answered[-1].gripper[:] = 50.0, 50.0
        return found

    assert rows(edit=True) == rows(edit=False)
