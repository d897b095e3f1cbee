"""``vla-isaac list``: list scenes, tasks, objects, policies and other registered names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Optional

from tyro.conf import Positional, arg

from vla_isaac.backends import BACKENDS
from vla_isaac.cli.output import OK, emit, say
from vla_isaac.control.presets import ACTION_PRESETS, OTHER_ROBOT, describe_action_preset
from vla_isaac.core.config import load_preset
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_text
from vla_isaac.core.registry import Registry, unknown_name
from vla_isaac.core.resources import preset_names, resource
from vla_isaac.policies import POLICIES
from vla_isaac.policies.factory import checkpoint_of
from vla_isaac.policies.learned_checkpoint import PolicyCard
from vla_isaac.scene.builder import ScenePreset, scene_preset
from vla_isaac.scene.colours import COLOURS
from vla_isaac.scene.objects import DEFAULTS
from vla_isaac.tasks.families import family_names, task_family

Kind = Positional[Annotated[Optional[str], arg(metavar="[KIND]", help_behavior_hint="")]]  # noqa: UP045 - as in options


@dataclass(frozen=True, kw_only=True)
class List:
    """List scenes, tasks, objects, policies, backends, action conventions and randomisations.

    For example: vla-isaac list tasks
    """

    what: Kind = None
    """What to list: scenes, tasks, objects, policies, backends, conventions or randomisations; all of them by default."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Print the names with a one-line description of each."""
        kinds = (self.what,) if self.what else tuple(_LISTS)
        if kinds[0] not in _LISTS:
            raise unknown_name("kind", kinds[0], _LISTS)
        found = {kind: _LISTS[kind]() for kind in kinds}
        for kind, entries in found.items():
            say(kind)
            width = max((len(name) for name in entries), default=0)
            for name, words in entries.items():
                say(f"  {name:{width}}  {words}")
                for fact, value in _card(name).items() if kind == "policies" else ():
                    say(f"  {'':{width}}  {fact:11}  {value}")
        if self.json:
            emit(found)
        return OK


def _scenes() -> dict[str, str]:
    def words(name: str) -> str:
        description = load_preset(ScenePreset, "scenes", name).description
        return f"{description} ({', '.join(scene_preset(name).object_names)})"

    return {name: words(name) for name in preset_names("scenes")}


def _tasks() -> dict[str, str]:
    presets = {name: task_family(name).preset for name in family_names()}
    return {name: f"{p.description} (scene {p.scene}, {p.max_seconds:.0f} s)" for name, p in presets.items()}


def _objects() -> dict[str, str]:
    shapes: dict[str, str] = {
        shape: "{} x {} x {} cm, {:.0f} g{}".format(
            *(f"{100 * s:g}" for s in d.size), 1000 * d.mass, ", fastened to the table" if d.fixed else ""
        )
        for shape, d in DEFAULTS.items()
    }
    return {**shapes, "colours": ", ".join(COLOURS)}


def _registry(registry: Registry) -> Callable[[], dict[str, str]]:
    def words(name: str) -> str:
        """Return the first line of the docstring; a class that cannot be imported is listed with the reason."""
        try:
            return (inspect.getdoc(registry.load(name)) or registry.targets()[name]).splitlines()[0]
        except ImportError as error:
            return f"not available: {error}"

    return lambda: {name: words(name) for name in registry}


def _card(policy: str) -> dict[str, str]:
    """Return the description in the checkpoint of a policy; empty for a policy without one."""
    try:
        folder = checkpoint_of(policy)
        return {} if folder is None else PolicyCard.load(folder).describe()
    except ConfigError:  # this installation has no checkpoint of that name
        return {}


def _randomisations() -> dict[str, str]:
    """Return each preset with the first comment of its file."""
    names = preset_names("randomisation")
    files = {name: resource("config", "randomisation", f"{name}.yaml") for name in names}
    texts = {name: read_text(path, error=ConfigError, remedy="reinstall vla_isaac") for name, path in files.items()}
    return {name: text.partition("\n")[0].lstrip("# ") for name, text in texts.items()}


def _conventions() -> dict[str, str]:
    known = {name: describe_action_preset(name).description for name in ACTION_PRESETS}
    return {**known, OTHER_ROBOT: "numbers of a robot that is no Franka: to convert and to learn, not to execute here"}


_LISTS: dict[str, Callable[[], dict[str, Any]]] = {
    "scenes": _scenes,
    "tasks": _tasks,
    "objects": _objects,
    "policies": _registry(POLICIES),
    "backends": _registry(BACKENDS),
    "conventions": _conventions,
    "randomisations": _randomisations,
}
