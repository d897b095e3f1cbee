"""`FrankaSceneBuilder`: build a `SceneSpec` with chained calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vla_isaac.core.config import load_preset
from vla_isaac.core.errors import SceneError
from vla_isaac.core.input_files import naming
from vla_isaac.scene.cameras import STANDARD_CAMERAS, VIDEO, CameraConfig
from vla_isaac.scene.objects import make_object
from vla_isaac.scene.spec import FILL_LIGHT, KEY_LIGHT, JointGains, LightSpec, SceneSpec, TableSpec, Timing


@dataclass(frozen=True, kw_only=True)
class ObjectEntry:
    """One object in a scene preset; omitted values take the shape's default."""

    shape: str
    colour: str
    name: str | None = None
    size: tuple[float, float, float] | None = None
    mass: float | None = None
    friction: float = 1.0
    fixed: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ScenePreset:
    """Content of a YAML file in ``config/scenes/``."""

    description: str
    """One sentence, shown in lists."""

    instruction: str
    """The scene's default instruction."""

    objects: tuple[ObjectEntry, ...]
    """Objects on the table."""

    table: TableSpec = TableSpec()
    cameras: tuple[CameraConfig, ...] = (*STANDARD_CAMERAS, VIDEO)
    lights: tuple[LightSpec, ...] = (KEY_LIGHT, FILL_LIGHT)
    ambient: float = 0.35
    timing: Timing = Timing()
    gains: JointGains = JointGains()


class FrankaSceneBuilder:
    """Collects objects and cameras and returns a `SceneSpec`.

    Every method returns the builder, so calls chain::

        spec = FrankaSceneBuilder("mine").add_cube("red").add_box("blue").instruction("Put red on blue").build()
    """

    def __init__(self, name: str = "custom") -> None:
        self._spec = SceneSpec(name=name)

    @classmethod
    def from_preset(cls, name: str) -> FrankaSceneBuilder:
        """Start from ``config/scenes/<name>.yaml`` or from a YAML file given by its path.

        Raises:
            UnknownNameError: If there is no such preset.
            ConfigError: If the file is invalid; the message names file and key.
        """
        preset = vars(load_preset(ScenePreset, "scenes", name))
        builder = cls(name)
        builder._spec = SceneSpec(name=name, **{key: preset[key] for key in preset.keys() - {"description", "objects"}})
        with naming(f"scene {name}"):
            for entry in preset["objects"]:
                builder.add(**vars(entry))
        return builder

    def add(self, shape: str, colour: str, **options: object) -> FrankaSceneBuilder:
        """Add an object; `options` are those of `scene.objects.make_object` (name, size, mass, friction, fixed).

        Raises:
            SceneError: If an object of that name is already there.
        """
        new = make_object(shape, colour, **options)  # type: ignore[arg-type]
        if new.name in self._spec.object_names:
            raise SceneError(
                f"the scene already has a {new.name!r}", remedy="give the new one another colour or a name of its own"
            )
        self._spec = replace(self._spec, objects=(*self._spec.objects, new))
        return self

    def add_cube(self, colour: str, **options: object) -> FrankaSceneBuilder:
        """Add a cube to grasp (4 cm)."""
        return self.add("cube", colour, **options)

    def add_box(self, colour: str, **options: object) -> FrankaSceneBuilder:
        """Add a closed box to place things on (10 x 10 x 3 cm, fixed to the table)."""
        return self.add("box", colour, **options)

    def add_bin(self, colour: str, **options: object) -> FrankaSceneBuilder:
        """Add an open bin to put things in (15 x 15 x 5 cm, fixed to the table)."""
        return self.add("bin", colour, **options)

    def add_camera(self, camera: CameraConfig) -> FrankaSceneBuilder:
        """Add a camera, or replace the one of the same name."""
        others = tuple(c for c in self._spec.cameras if c.name != camera.name)
        self._spec = replace(self._spec, cameras=(*others, camera))
        return self

    def cameras(self, cameras: Sequence[CameraConfig]) -> FrankaSceneBuilder:
        """Replace all cameras."""
        self._spec = replace(self._spec, cameras=tuple(cameras))
        return self

    def table(self, table: TableSpec) -> FrankaSceneBuilder:
        """Replace the table."""
        self._spec = replace(self._spec, table=table)
        return self

    def instruction(self, text: str) -> FrankaSceneBuilder:
        """Set the scene's default instruction."""
        self._spec = replace(self._spec, instruction=text)
        return self

    def build(self) -> SceneSpec:
        """Return the scene as plain data."""
        return self._spec


def scene_preset(name: str) -> SceneSpec:
    """Return the scene ``config/scenes/<name>.yaml``, or one from a YAML file given by its path."""
    return FrankaSceneBuilder.from_preset(name).build()
