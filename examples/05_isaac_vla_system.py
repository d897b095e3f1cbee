"""The chapter's `IsaacVLASystem`, working: the same lines in Isaac Sim, on MuJoCo, or on the stub.

python examples/05_isaac_vla_system.py
./python.sh examples/05_isaac_vla_system.py --backend isaac        (by Isaac Sim's own Python; --window shows it)
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext

from vla_isaac import IsaacVLASystem
from vla_isaac.backends import BACKENDS
from vla_isaac.backends.isaac.standalone import simulation_app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instruction", nargs="?", default="Pick up the red cube and place it on the blue box")
    parser.add_argument("--backend", default="mujoco", choices=list(BACKENDS))
    parser.add_argument("--window", action="store_true", help="show Isaac Sim's window")
    options = parser.parse_args()

    # Isaac Sim must run before anything of omni, pxr or isaacsim is imported, and be closed also after an error
    simulator = simulation_app(headless=not options.window) if options.backend == "isaac" else nullcontext()
    with simulator, IsaacVLASystem("scripted", backend=options.backend, seed=3) as system:
        system.add_manipulation_objects([("cube", "red"), ("cube", "green"), ("box", "blue")])
        system.setup_scene()

        image = system.get_visual_observation("wrist")
        print(f"the wrist camera sees {image.shape}, {image.dtype}")
        action = system.execute_vla_policy(options.instruction)
        print(f"the first action: {action.arm.round(3)}, gripper {action.gripper}")

        result = system.run_vla_control_loop(options.instruction)
        print(f"{result.end.value} after {result.steps} steps: {result.reason}")


if __name__ == "__main__":
    main()
