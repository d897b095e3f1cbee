"""The extension's settings: ``exts."vla_isaac"`` in the manifest, in the app's own files or on Kit's command line.

For example ``--/exts/vla_isaac/robot=embedded``. The key is always ``vla_isaac``, whatever the folder's name;
the defaults are in this file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import ConfigError, shown

ROOT = "/exts/vla_isaac"

ROBOTS = {"reference": "NVIDIA's asset", "embedded": "our own Panda"}
"""Sources of the Franka and their texts in the panel: NVIDIA's asset server, or our own, which needs no server."""


@dataclass(frozen=True, kw_only=True)
class ExtensionSettings:
    """Settings of the panel and the session; `extension.toml` repeats the defaults."""

    scene: str = "tabletop"
    """Scene chosen at the start: a preset of ``config/scenes``, or the path of a YAML file."""

    seed: int = 0
    """Seed of the layout, colours and everything else random."""

    randomisation: str = "layout"
    """What varies with the seed: a preset of ``config/randomisation``."""

    policy: str = "scripted"
    """Policy chosen at the start."""

    instruction: str = ""
    """Sentence in the text field at the start; empty takes the scene's default."""

    stage: str = "this"
    """Where Load builds the scene: ``this`` is the open stage, ``new`` an empty one that replaces it."""

    checkpoint: str = ""
    """Checkpoint folder of a learned policy, or FILE.py:CLASS; empty takes `policy`."""

    robot: str = "reference"
    """``reference`` or ``embedded``, see `ROBOTS`."""

    lock_step: bool = False
    """Whether the simulation pauses while the policy computes."""

    speed_scale: float = 1.0
    """Allowed fraction of the arm's joint speed limits, above 0 up to 1."""

    view_camera: str = "front"
    """Camera shown in the panel; empty shows none."""

    second_camera: str = "wrist"
    """Camera shown next to it; empty shows none."""

    frame_viewport: bool = True
    """Whether Load points the viewport's camera at the robot."""

    episodes: int = 10
    """Episodes of the button Run episodes."""

    recordings: str = ""
    """Folder for recordings; empty takes ``vla_isaac/recordings`` in the home folder."""

    show_window: bool = True
    """Whether the panel opens when the extension starts."""

    redraw_hz: float = 10.0
    """Largest redraw rate of the panel [Hz]."""

    @property
    def recordings_folder(self) -> Path:
        """The folder for recordings."""
        return (Path(self.recordings) if self.recordings else Path.home() / "vla_isaac" / "recordings").expanduser()


def read_settings(get: Callable[[str], Any]) -> tuple[ExtensionSettings, tuple[ConfigError, ...]]:
    """Return the settings and the errors in them; an invalid value is replaced by its default.

    Args:
        get: Returns the value of a path such as ``"/exts/vla_isaac/seed"``, None where it is not set.
    """
    values: dict[str, Any] = {}
    errors: list[ConfigError] = []
    for field in fields(ExtensionSettings):
        value = get(f"{ROOT}/{field.name}")
        if value is None:
            continue
        accepted = _accepted(field.name, value, type(field.default))
        if accepted is None:
            errors.append(
                ConfigError(
                    f"the setting {ROOT}/{field.name}={shown(value)} is not accepted",
                    remedy=_advice(field.name, field.default),
                )
            )
        else:
            values[field.name] = accepted
    return ExtensionSettings(**values), tuple(errors)


_CHOICES: dict[str, tuple[str, ...]] = {"robot": tuple(ROBOTS), "stage": ("this", "new")}
_RANGES: dict[str, tuple[float, float]] = {
    "redraw_hz": (0.5, 60.0),
    "speed_scale": (0.01, 1.0),
    "seed": (0, 2**31 - 1),
    "episodes": (1, 1000),
}


def _accepted(name: str, value: Any, kind: Any) -> Any:
    """Return the value in its own type, or None if it does not fit."""
    if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        return None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is not type(value):
        return None
    if name in _CHOICES and value not in _CHOICES[name]:
        return None
    if name in _RANGES and not _RANGES[name][0] <= float(value) <= _RANGES[name][1]:
        return None
    return value


def _advice(name: str, default: Any) -> str:
    if name in _CHOICES:
        return f"choose {' or '.join(_CHOICES[name])}; {default!r} is used"
    kind = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[type(default)]
    limits = f" from {_RANGES[name][0]} to {_RANGES[name][1]}" if name in _RANGES else ""
    return f"give {kind}{limits}; {default!r} is used"
