"""Rates as Isaac Sim counts them: whole physics steps per second, no step dropped in a long update, a smooth interface."""

from __future__ import annotations

from dataclasses import dataclass

MIN_FRAME_RATE = "/persistent/simulation/minFrameRate"
"""Setting: PhysX makes at most ``steps_per_second // minFrameRate`` steps in an app update, with any number if it is 0."""

UI_HZ, SLOWEST_UI_HZ, FASTEST_UI_HZ = 60.0, 30.0, 120.0  # app updates per second inside Kit, at any control rate


@dataclass(frozen=True)
class Rates:
    """Physics steps per second and per app update, both whole."""

    steps_per_second: int
    steps_per_update: int

    @classmethod
    def of(cls, physics_dt: float, steps_per_update: int) -> Rates:
        """Return the rates for a physics step near `physics_dt` [s]."""
        return cls(max(1, round(1.0 / physics_dt)), steps_per_update)

    @property
    def physics_dt(self) -> float:
        """Physics step to ask for [s]: a hair short, since Isaac truncates 1 / dt and quotients of two dt."""
        return (1.0 - 1e-9) / self.steps_per_second

    @property
    def update_dt(self) -> float:
        """Length of an app update [s]."""
        return self.steps_per_update / self.steps_per_second

    @property
    def min_frame_rate(self) -> int:
        """The highest `MIN_FRAME_RATE` that drops no step of an update; 0, without limit, for updates above a second."""
        return self.steps_per_second // self.steps_per_update


def set_min_frame_rate(rate: int) -> None:
    """Let PhysX make at most ``steps_per_second // rate`` steps in an app update."""
    import carb.settings  # source: docs.omniverse.nvidia.com Kit manual, carb.settings: ISettings

    # source: NVIDIA-Omniverse/PhysX, omni.physx/plugins/PhysXScene.cpp (computeSubstepping): 30 unless somebody sets it
    carb.settings.get_settings().set(MIN_FRAME_RATE, rate)


def smooth_steps(substeps: int, physics_dt: float) -> int:
    """Return the physics steps of an app update near 60 Hz, if possible a divisor of the control period's."""
    within = [
        n for n in range(1, substeps + 1) if substeps % n == 0 and SLOWEST_UI_HZ <= 1 / (n * physics_dt) <= FASTEST_UI_HZ
    ]
    ideal = 1 / (UI_HZ * physics_dt)
    return min(within, key=lambda n: abs(n - ideal)) if within else max(1, round(ideal))
