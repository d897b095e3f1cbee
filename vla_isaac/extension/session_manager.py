"""`SessionManager`: the panel's session, made again when a changed setting requires it, with all other settings kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from vla_isaac.control.config import ControlConfig
from vla_isaac.core.arrays import Image
from vla_isaac.extension.factory import KitBackend, MakeBackend, MakePolicy, Options
from vla_isaac.extension.panel_model import sentences
from vla_isaac.extension.settings import ExtensionSettings
from vla_isaac.runtime.live import LiveSession, LiveStatus
from vla_isaac.runtime.spool import SpoolRecorder

CHECKPOINT_FILES = (".onnx", ".json", ".safetensors")  # files inside a checkpoint folder
OWN_EVENTS = 2  # app updates after our pause or resume in which timeline events count as ours


class SessionManager:
    """Owns session and backend, and stores the chosen and the loaded settings."""

    def __init__(
        self,
        settings: ExtensionSettings,
        *,
        make_backend: MakeBackend,
        make_policy: MakePolicy,
        on_period: Callable[[], None],
        on_change: Callable[[LiveStatus], None],
        may_play: Callable[[], bool],
    ) -> None:
        """Store the arguments; there is no session yet.

        Args:
            settings: Initial settings.
            make_backend: Makes a backend from the name of a robot source.
            make_policy: Makes a policy from its name.
            on_period: Called after each control period of physics.
            on_change: Called with the status at each change of a session.
            may_play: Returns whether lock-step may play the timeline; not after it was stopped by hand.
        """
        self.session: LiveSession | None = None
        self.backend: KitBackend | None = None
        self.is_waiting_for_policy = False
        self._settings, self._make_backend, self._make_policy = settings, make_backend, make_policy
        self._recorders: list[SpoolRecorder] = []
        self._on_period, self._on_change, self._may_play = on_period, on_change, may_play
        self._chosen = self._made_with = Options.of(settings)
        self._views = {name: getattr(settings, name) for name in ("view_camera", "second_camera")}
        self._policy, self._checkpoint = settings.policy, settings.checkpoint
        self.physics = ""
        self.scene, self._randomisation = settings.scene, settings.randomisation
        self._loaded: tuple[Any, Any] | None = None
        self._quiet_updates = 0

    @property
    def status(self) -> LiveStatus:
        """The session's status."""
        return LiveStatus() if self.session is None else self.session.status

    @property
    def needs_making(self) -> bool:
        """Whether there is no session, or only one with other options than chosen."""
        return self.session is None or self._chosen != self._made_with

    def make(self) -> None:
        """Make backend and session again, with the chosen settings.

        Raises:
            VlaIsaacError: If the backend cannot be made; there is no session then.
        """
        before = self.status if self.session is not None else None
        self.close()
        self._made_with, self._loaded = self._chosen, None
        self.backend = self._make_backend(self._chosen.robot)
        self.session = LiveSession(
            self.backend,
            make_policy=self._make_policy,
            control=ControlConfig(speed_scale=self._chosen.speed_scale),
            lock_step=self._chosen.lock_step,
            hold_time=self._pause_while_waiting,
            make_recorder=self._make_recorder,
            view_cameras=self.cameras,
        )
        self.backend.on_period = self._on_period
        self._unwatch = self.session.watch(self._on_change)
        self.session.choose(scene=self.scene)
        self.session.choose(randomisation=self._randomisation)
        for name in ("seed", "instruction"):
            value = getattr(before or self._settings, name)
            if value != "":
                self.choose(name, value)
        self.session.choose(policy=before.policy if before is not None else self.policy)
        if before is not None and before.recording:
            self.session.record(Path(before.recording))

    def close(self) -> None:
        """Close the session if there is one."""
        session, self.session = self.session, None
        backend, self.backend = self.backend, None
        if backend is not None:
            backend.on_period = None
        if session is not None:
            self._unwatch()
            session.close()

    def wait_for_recordings(self, timeout: float) -> bool:
        """Wait until every ended episode is on the disk, or `timeout` [s] each has passed."""
        return all(recorder.wait(timeout) for recorder in self._recorders)

    def choose(self, name: str, value: Any) -> None:
        """Set a setting; some apply to the session at once, some only to a new one."""
        if name in ("robot", "lock_step", "speed_scale"):
            self._chosen = replace(self._chosen, **{name: value})
            return
        if name in self._views:
            self._views[name] = value
            if self.session is not None:
                self.session.view(self.cameras)
            return
        if name in ("policy", "checkpoint"):
            setattr(self, f"_{name}", value)
            name, value = "policy", self.policy
        if name == "scene":
            self.scene = value
        elif name == "randomisation":
            self._randomisation = value
        if self.session is not None:
            chosen: dict[str, Any] = {name: value}
            self.session.choose(**chosen)

    def examples(self) -> tuple[str, ...]:
        """Return example instructions for the chosen scene."""
        from vla_isaac.scene.builder import scene_preset

        scene = scene_preset(self.scene)
        return sentences(scene.instruction, scene.bodies)

    @property
    def speed_scale(self) -> float:
        """The chosen fraction of the arm's speed limits."""
        return self._chosen.speed_scale

    @property
    def policy(self) -> str:
        """The chosen policy: the checkpoint if one is given; of a file in a checkpoint folder, the folder."""
        path = Path(self._checkpoint.strip()).expanduser()
        if not self._checkpoint.strip():
            return self._policy
        return str(path.parent if path.is_file() and path.suffix in CHECKPOINT_FILES else path)

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras shown in the panel, none twice."""
        return tuple(dict.fromkeys(name for name in self._views.values() if name))

    @property
    def pictures(self) -> tuple[tuple[str, Image | None], ...]:
        """The newest picture of each view and its camera; the policy's where the chosen camera has none."""
        frames = {} if self.session is None else dict(self.session.frames)
        first = None if self.session is None else self.session.frame
        chosen = [(name, frames.get(name)) for name in self._views.values()]
        if chosen[0][1] is None and first is not None and first.camera not in self._views.values():
            chosen[0] = first.camera, first
        return tuple((name, None if frame is None else frame.rgb) for name, frame in chosen)

    def note_physics(self) -> None:
        """Ask the backend for engine and device, once per load."""
        self.physics = "" if self.backend is None else self.backend.describe_physics()

    def note_load(self) -> None:
        """Note that all chosen settings are being loaded."""
        self._loaded = self._choice()

    def note_reset(self) -> None:
        """Note that the settings which a reset applies are being loaded."""
        if self._loaded is not None:
            self._loaded = self._loaded[0], self._choice()[1]

    @property
    def takes_effect_with(self) -> str:
        """Buttons that apply settings changed since the load; empty if there are none."""
        if self._loaded is None or self._loaded == self._choice():
            return ""
        return "Load" if self._loaded[0] != self._choice()[0] else "Load or Reset"

    def _choice(self) -> tuple[Any, Any]:
        """Return the settings that only Load applies, and those that Reset applies too."""
        return (self.scene, self._chosen), (self.status.seed, self._randomisation)

    def _make_recorder(self, folder: Path) -> SpoolRecorder:
        recorder = SpoolRecorder(folder)
        self._recorders = [one for one in self._recorders if not one.wait(0)] + [recorder]
        return recorder

    # time

    def set_playing(self, plays: bool) -> None:
        """Play the timeline, or pause it."""
        if self.backend is not None:
            self._quiet_updates = OWN_EVENTS
            (self.backend.resume if plays else self.backend.pause)()

    @property
    def expects_events(self) -> bool:
        """Whether timeline events caused by our pause or resume may still arrive."""
        return self.is_waiting_for_policy or self._quiet_updates > 0

    def update(self) -> None:
        """Count an app update."""
        self._quiet_updates = max(0, self._quiet_updates - 1)

    def _pause_while_waiting(self, is_waiting: bool) -> None:
        """Pause the timeline while the policy decides, in lock-step."""
        self.is_waiting_for_policy = is_waiting
        if self._may_play():
            self.set_playing(not is_waiting)
