"""One and the same finger distance, however a system spells it."""

import pytest

from vla_isaac.control import GripperDecoder
from vla_isaac.core.specs import ActionSpec

OPEN, HALF, CLOSED = 0.08, 0.04, 0.0


def decoder(gripper: str, mode: str = "continuous", *, width: float = OPEN, **options) -> GripperDecoder:
    made = GripperDecoder(ActionSpec(translation="delta_base_m", gripper=gripper, gripper_mode=mode, **options))
    made.reset(width)
    return made


@pytest.mark.parametrize(
    ("gripper", "opened", "half", "closed"),
    [
        ("width_m", 0.08, 0.04, 0.0),
        ("open_is_one", 1.0, 0.5, 0.0),  # OpenVLA, Octo, Bridge
        ("closed_is_one", 0.0, 0.5, 1.0),  # openpi DROID, pi0, DROID gripper_position
        ("open_is_plus_one", 1.0, 0.0, -1.0),  # SimplerEnv WidowX, CALVIN
        ("open_is_minus_one", -1.0, 0.0, 1.0),  # LIBERO, robosuite
    ],
)
def test_every_polarity_means_the_same_three_widths(gripper, opened, half, closed):
    for value, width in ((opened, OPEN), (half, HALF), (closed, CLOSED)):
        assert decoder(gripper).decode(value, HALF) == pytest.approx(width)


@pytest.mark.parametrize(("value", "width"), [(0.49, CLOSED), (0.51, OPEN), (-3.0, CLOSED), (7.0, OPEN)])
def test_binary_takes_the_nearer_end(value, width):
    assert decoder("open_is_one", "binary").decode(value, HALF) == width


def test_sticky_keeps_the_last_decision_between_the_thresholds():
    sticky = decoder("open_is_one", "sticky", sticky_thresholds=(0.05, 0.95))
    widths = [sticky.decode(value, OPEN) for value in (0.5, 0.04, 0.5, 0.94, 0.96, 0.06)]
    assert widths == [OPEN, CLOSED, CLOSED, CLOSED, OPEN, OPEN]


def test_no_number_keeps_the_last_command():
    continuous = decoder("open_is_one")
    continuous.decode(0.25, OPEN)
    assert continuous.decode(None, OPEN) == pytest.approx(0.02)


def test_no_number_at_the_start_keeps_the_measured_width():
    assert decoder("open_is_one", width=0.03).decode(None, 0.03) == 0.03


def test_a_decoder_that_was_not_reset_starts_from_the_measured_width():
    fresh = GripperDecoder(ActionSpec(translation="delta_base_m", gripper="open_is_one"))
    assert fresh.decode(None, 0.05) == 0.05


def test_reset_forgets_the_last_command():
    sticky = decoder("open_is_one", "sticky")
    sticky.decode(0.0, OPEN)
    sticky.reset(OPEN)
    assert sticky.decode(0.5, OPEN) == OPEN


def test_a_relative_command_closes_when_positive_and_opens_when_negative():
    relative = decoder("relative_closing", width=HALF)
    assert relative.decode(0.25, HALF) == pytest.approx(0.02)
    assert relative.decode(-0.5, HALF) == pytest.approx(0.06)


def test_a_relative_command_is_added_to_the_last_command_not_to_fingers_that_lag_behind():
    relative = decoder("relative_closing", width=OPEN)
    relative.decode(0.25, OPEN)
    assert relative.decode(0.25, OPEN) == pytest.approx(HALF)


def test_a_relative_command_never_winds_up_beyond_the_travel():
    relative = decoder("relative_closing")
    for _ in range(5):
        relative.decode(1.0, OPEN)
    assert relative.decode(-0.5, OPEN) == pytest.approx(HALF)


def test_a_strong_relative_command_is_held_for_fifteen_steps_against_what_comes_between():
    relative = decoder("relative_closing", relative_hold_steps=15)
    widths = [relative.decode(1.0, OPEN)] + [relative.decode(-0.4, OPEN) for _ in range(15)]
    assert widths[:15] == [CLOSED] * 15
    assert widths[15] == pytest.approx(0.032)


def test_a_relative_sticky_command_ignores_weak_numbers():
    relative = decoder("relative_closing", "sticky")
    assert [relative.decode(v, OPEN) for v in (0.4, 0.6, -0.4, -0.6)] == [OPEN, CLOSED, CLOSED, OPEN]


def test_a_relative_binary_command_goes_all_the_way_by_its_sign():
    relative = decoder("relative_closing", "binary")
    assert [relative.decode(v, OPEN) for v in (0.0, 0.1, 0.0, -0.1)] == [OPEN, CLOSED, CLOSED, OPEN]


def test_a_convention_without_gripper_holds_what_was_there():
    assert decoder("none", width=0.03).decode(1.0, OPEN) == 0.03
