"""`Start`: the initial values of the panel's fields and what can be chosen in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vla_isaac.core.resources import preset_names
from vla_isaac.extension.settings import ROBOTS, ExtensionSettings
from vla_isaac.extension.stage_content import STAGES
from vla_isaac.policies import POLICIES
from vla_isaac.scene.cameras import STANDARD_CAMERAS, VIDEO

SETTINGS = ("scene", "randomisation", "stage", "robot", "policy")
"""Settings with a list of choices, above the instruction."""

VIEWS = ("view_camera", "second_camera")
"""The cameras of the two pictures."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Initial values of the fields."""

    options: Mapping[str, Sequence[str]]
    """Names to choose from, for each of `SETTINGS` and `VIEWS`."""

    captions: Mapping[str, Mapping[str, str]]
    """Displayed text of a name, by setting, where it differs from the name."""

    chosen: Mapping[str, str]
    """Chosen name for each of `SETTINGS` and `VIEWS`."""

    seed: int
    lock_step: bool
    speed_scale: float
    instruction: str
    checkpoint: str
    episodes: int


def start_of(settings: ExtensionSettings) -> Start:
    """Return the initial values of settings; a value that is no preset can be chosen as well."""
    cameras = [camera.name for camera in (*STANDARD_CAMERAS, VIDEO)]
    known = {
        "scene": preset_names("scenes"),
        "randomisation": preset_names("randomisation"),
        "stage": list(STAGES),
        "robot": list(ROBOTS),
        "policy": list(POLICIES),
        **{view: [*cameras, ""] for view in VIEWS},
    }
    chosen = {name: str(getattr(settings, name)) for name in known}
    return Start(
        options={name: list(dict.fromkeys([*names, chosen[name]])) for name, names in known.items()},
        captions={"robot": ROBOTS, "stage": STAGES, **{view: {"": "no camera"} for view in VIEWS}},
        chosen=chosen,
        seed=settings.seed,
        lock_step=settings.lock_step,
        speed_scale=settings.speed_scale,
        instruction=settings.instruction,
        checkpoint=settings.checkpoint,
        episodes=settings.episodes,
    )
