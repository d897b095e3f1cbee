"""Build a scene of your own in a few lines, look at it through your own camera, and use it.

python examples/02_build_a_scene.py
python examples/02_build_a_scene.py --backend stub
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from vla_isaac.backends import BACKENDS
from vla_isaac.policies import POLICIES
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.session import Session
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import TableSpec
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

INSTRUCTION = "Put the purple cube in the white bowl, then put the orange cube on the black box"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="mujoco", choices=list(BACKENDS))
    parser.add_argument("--picture", type=Path, default=Path("outputs/my_scene.png"))
    options = parser.parse_args()

    scene = (
        FrankaSceneBuilder("breakfast")
        .add_cube("purple")
        .add_cube("orange", size=(0.05, 0.05, 0.05), mass=0.08)  # [m], [kg]
        .add_box("black")
        .add("bowl", "white")
        .table(TableSpec(texture="wood"))
        .add_camera(CameraConfig(name="mine", eye=(1.1, 0.5, 0.7), target=(0.45, 0.0, 0.05), resolution_hw=(360, 480)))
        .instruction(INSTRUCTION)
        .build()
    )
    print("objects:", ", ".join(scene.object_names))
    print("cameras:", ", ".join(camera.name for camera in scene.cameras))

    # the scene is only data until a backend loads it; the seed decides where things stand
    request = EpisodeRequest(scene=scene, randomisation=Randomisation(), seed=1)
    backend = BACKENDS.load(options.backend)()
    policy = POLICIES.load("scripted")()
    with Session(backend, policy, policy_name="scripted") as session:
        result = session.run(request)
        print("goal:", " then ".join(result.goal))
        print(f"success: {result.success}, {result.reason}, after {result.sim_seconds:.1f} s")

        frame = drive(backend.render([RenderRequest(camera="mine", look="good")]))["mine"]
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame.rgb).save(options.picture)
        print("picture:", options.picture)


if __name__ == "__main__":
    main()
