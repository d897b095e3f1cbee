"""``vla-isaac export-scene``: export a scene with its robot as a USD file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from vla_isaac.cli.options import OptionalName, check_counts_and_seed
from vla_isaac.cli.output import OK, emit, say
from vla_isaac.cli.writable import check_writable
from vla_isaac.core.errors import UsageError
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout, vary_scene
from vla_isaac.scene.randomisation import randomisation_preset

ENDINGS = (".usda", ".usd", ".usdc")


@dataclass(frozen=True, kw_only=True)
class ExportScene:
    """Write a scene as a USD file, with physics, cameras, lights and the robot.

    For example: vla-isaac export-scene tabletop.usda --scene tabletop --seed 3
    """

    file: Positional[Annotated[Path, arg(metavar="FILE.usda")]]
    """Output file; .usda is text, .usd and .usdc are binary. An existing file is replaced."""

    scene: str = "tabletop"
    """Scene preset or YAML file."""

    randomisation: str = "layout"
    """Randomisation by seed: none, layout, full, or a YAML file."""

    seed: int = 0
    """Seed of the layout."""

    robot: Literal["embedded", "reference"] = "embedded"
    """The robot: the Panda of this package embedded, or a reference to Isaac Sim's."""

    robot_asset: OptionalName = None
    """Path or address of the Franka that --robot reference refers to, as Isaac Sim on your machine finds it."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Write the file."""
        self._check()
        from vla_isaac.scene.usd import write_file

        randomisation = randomisation_preset(self.randomisation)
        spec = vary_scene(scene_preset(self.scene), randomisation, self.seed)
        layout = sample_layout(spec, randomisation, self.seed)
        num_prims = write_file(self.file, spec, layout, robot=self.robot, robot_asset=self.robot_asset)
        objects = ", ".join(spec.object_names)
        say(f"{self.file}: scene {self.scene}, seed {self.seed}, {self.robot} robot, {num_prims} prims; objects: {objects}")
        if self.json:
            emit(
                {
                    "file": str(self.file),
                    "scene": self.scene,
                    "randomisation": self.randomisation,
                    "seed": self.seed,
                    "robot": self.robot,
                    "robot_asset": self.robot_asset,
                    "objects": list(spec.object_names),
                    "cameras": [c.name for c in spec.cameras],
                    "prims": num_prims,
                    "bytes": self.file.stat().st_size,
                }
            )
        return OK

    def _check(self) -> None:
        check_counts_and_seed(self)
        if self.file.suffix not in ENDINGS:
            raise UsageError(
                f"{self.file}: the name must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}, "
                f"for example {self.file.with_suffix('.usda')}"
            )
        if self.robot == "reference" and self.robot_asset is None:
            raise UsageError(
                "--robot reference needs --robot-asset: the path of Isaac Sim's Franka below your assets root, such as "
                "/Isaac/Robots/FrankaRobotics/FrankaPanda/franka.usd (5.0 to 6.0); --robot embedded needs none"
            )
        if self.robot == "embedded" and self.robot_asset is not None:
            raise UsageError(
                f"--robot-asset {self.robot_asset} is only used with --robot reference; add that, or leave it out"
            )
        if self.file.is_dir():
            raise UsageError(f"{self.file} is a folder; give a file name, for example {self.file / 'scene.usda'}")
        check_writable(self.file.parent)
