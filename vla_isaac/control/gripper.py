"""`GripperDecoder`: gripper commands of any convention to the distance between the fingers.

Polarity differs: half of the published systems open at 1, the other half close.
Source: the table in `docs/conventions`, whose entries come from each system's own code.
"""

from __future__ import annotations

from vla_isaac.core.specs import ActionSpec
from vla_isaac.robots.panda import GRIPPER_MAX_WIDTH

_RELATIVE_THRESHOLD = 0.5  # SimplerEnv octo_model.py: a smaller relative command is neither sticky nor held


class GripperDecoder:
    """Decodes the gripper command and stores it, so that a missing or undecided number keeps the last one."""

    def __init__(self, spec: ActionSpec) -> None:
        self.spec = spec
        self._width: float | None = None
        self._held_value = 0.0
        self._held_steps = 0

    def reset(self, width: float) -> None:
        """Reset; the current distance between the fingers [m] becomes the last command."""
        self._width = width
        self._held_value, self._held_steps = 0.0, 0

    def decode(self, value: float | None, current_width: float) -> float:
        """Return the target distance between the fingers [m].

        Continuous commands out of range are returned out of range: the safety stage clips and counts them.

        Args:
            value: The gripper's number in the spec's convention; None keeps the last command.
            current_width: Measured distance [m]; used as the last command while there is none.
        """
        if self._width is None:
            self._width = current_width
        if value is None or self.spec.gripper == "none":
            return self._width
        if self.spec.gripper == "relative_closing":
            self._width = self._relative(value, self._width)
            return self._width
        opening = self._opening(value)
        if self.spec.gripper_mode == "continuous":
            target = opening * GRIPPER_MAX_WIDTH
            self._width = _within_travel(target)
            return target
        self._width = self._decided(opening, self._width)
        return self._width

    def _opening(self, value: float) -> float:
        """Return 0 for closed, 1 for open."""
        match self.spec.gripper:
            case "width_m":
                return value / GRIPPER_MAX_WIDTH
            case "closed_is_one":
                return 1.0 - value
            case "open_is_plus_one":
                return 0.5 + 0.5 * value
            case "open_is_minus_one":
                return 0.5 - 0.5 * value
            case _:
                return value

    def _decided(self, opening: float, last: float) -> float:
        if self.spec.gripper_mode == "binary":
            return GRIPPER_MAX_WIDTH if opening >= 0.5 else 0.0
        closed_below, open_above = self.spec.sticky_thresholds
        if opening < closed_below:
            return 0.0
        return GRIPPER_MAX_WIDTH if opening > open_above else last

    def _relative(self, value: float, last: float) -> float:
        """Return the next width after a closing command; a strong one is held for `relative_hold_steps` steps."""
        if self._held_steps > 0:
            self._held_steps -= 1
            value = self._held_value
        elif abs(value) > _RELATIVE_THRESHOLD:
            self._held_value, self._held_steps = value, self.spec.relative_hold_steps - 1
        mode = self.spec.gripper_mode
        if mode == "continuous":
            return _within_travel(last - value * GRIPPER_MAX_WIDTH)
        if abs(value) > (_RELATIVE_THRESHOLD if mode == "sticky" else 0.0):
            return 0.0 if value > 0.0 else GRIPPER_MAX_WIDTH
        return last


def _within_travel(width: float) -> float:
    return min(max(width, 0.0), GRIPPER_MAX_WIDTH)
