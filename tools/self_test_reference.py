"""Make the reference of the self-test with MuJoCo: drive curves with their bands, colours, pictures.

python -m tools.self_test_reference            write data/self_test
python -m tools.self_test_reference --check    compare with what is there; 1 if it differs

Where the bands come from. A position drive answers with stiffness and damping, which the self-test sets, and with the
inertia that it moves, which differs between robot descriptions. So each response is simulated with the inertia of the
links and the armature of the joints multiplied by each of `INERTIAS`, and with the joints' own damping removed and
doubled. The band is what these curves cover, widened by the way of two physics steps at the highest speed (an engine may
apply a target one step later, and be read one step earlier) and by `READING`, the resolution at which joints settle.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.backends.mujoco.inspection import MujocoInspector
from vla_isaac.core import images
from vla_isaac.core.atomic_files import write_bytes
from vla_isaac.core.config import to_mapping
from vla_isaac.self_test.bench import TestBench
from vla_isaac.self_test.checks.cameras import ROBOT, Views, views
from vla_isaac.self_test.checks.drives import FINGER_STRIDE, STRIDE, own_curves, responses_of
from vla_isaac.self_test.reference import FILE, FOLDER, ReferenceCurve, ReferencePatch, SelfTestReference
from vla_isaac.self_test.scene import CAMERAS, RATE
from vla_isaac.self_test.views import TABLE, brightness, mean_hue
from vla_isaac.sim.clock import Clock
from vla_isaac.sim.drive import drive

INERTIAS = (0.5, 1.0, 2.0)
DAMPINGS = (0.0, 1.0, 2.0)  # of the joints themselves, which not every description has
READING = 0.002  # [rad]
FINGER_READING = 0.001  # [m]

ROOT = Path(__file__).resolve().parents[1].joinpath(*FOLDER)


def main(arguments: list[str] | None = None) -> int:
    """Write the reference, or compare it."""
    parser = argparse.ArgumentParser(prog="python -m tools.self_test_reference", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the files that are there")
    chosen = parser.parse_args(arguments)
    files = make()
    if chosen.check:
        old = json.loads((ROOT / FILE).read_text(encoding="utf-8"))
        return 0 if is_close(json.loads(files[FILE]), old) else 1
    for name, data in files.items():
        write_bytes(ROOT / name, data)
        print(f"{ROOT / name}: {len(data)} bytes")
    return 0


def make() -> dict[str, bytes]:
    """Return the content of every file of the reference."""
    bench = new_bench()
    seen = drive(views(bench))
    reference = SelfTestReference(
        made_with=f"MuJoCo {bench.inspector.facts()['release']}",
        drives=curves(),
        patches={camera: patches_of(seen, camera) for camera in CAMERAS},
    )
    text = json.dumps(rounded(to_mapping(reference)), indent=1) + "\n"
    pictures = {f"{camera}.png": png(seen.frames[camera].rgb) for camera in CAMERAS}
    bench.backend.close()
    return {FILE: text.encode(), **pictures}


def new_bench() -> TestBench:
    """Return a bench on MuJoCo; the reference it would be compared with does not exist yet."""
    backend = MujocoBackend()
    return TestBench(backend, MujocoInspector(backend), SelfTestReference(made_with="", drives={}, patches={}))


def curves() -> dict[str, ReferenceCurve]:
    """Return the response of every drive, with its band."""
    runs = {(i, d): one_run(i, d) for i in INERTIAS for d in DAMPINGS}
    step = Clock(1 / RATE, 10).physics_dt
    found = {}
    for name, values in runs[1.0, 1.0].items():
        stride, reading = (FINGER_STRIDE, FINGER_READING) if name == "gripper" else (STRIDE, READING)
        margin = 2 * stride * RATE * step + reading
        every = np.array([run[name] for run in runs.values()])
        low, high = every.min(axis=0) - margin, every.max(axis=0) + margin
        found[name] = ReferenceCurve(values=tuple(values), low=tuple(low), high=tuple(high))
    return found


def one_run(inertia: float, damping: float) -> dict[str, Any]:
    """Return the responses with all inertias and the joints' own damping multiplied."""
    bench = new_bench()
    drive(bench.scene())
    backend: Any = bench.backend
    model = backend._model
    robot = set(backend._index.robot.body_ids.tolist())
    for body in robot:
        model.body_mass[body] *= inertia
        model.body_inertia[body] *= inertia
    rows = [model.joint(i).dofadr[0] for i in range(model.njnt) if model.jnt_bodyid[i] in robot]
    model.dof_armature[rows] *= inertia
    model.dof_damping[rows] *= damping
    backend._nominal_mass, backend._nominal_inertia = model.body_mass.copy(), model.body_inertia.copy()
    backend._mujoco.mj_setConst(model, backend._data)
    found = own_curves(drive(responses_of(bench)))
    bench.backend.close()
    return found


def patches_of(seen: Views, camera: str) -> dict[str, ReferencePatch]:
    """Return how the table and each cube look to a camera."""
    frame, labels = seen.frames[camera], seen.expected[camera].labels
    segmentation = np.asarray(frame.segmentation)
    found = {}
    for code, name in [(TABLE, "table"), *enumerate(body.name for body in seen.state.bodies)]:
        outline = labels == code
        shown = outline & (segmentation == code)
        border = outline[[0, -1]].any() or outline[:, [0, -1]].any()
        visible = 0.0 if not outline.any() or (border and code != TABLE) else float(shown.sum() / outline.sum())
        pixels = frame.rgb[shown] if shown.any() else np.zeros((1, 3))
        found[name] = ReferencePatch(brightness=brightness(pixels), hue=mean_hue(pixels), visible=visible)
    assert (segmentation == ROBOT).any(), camera
    return found


def png(rgb: Any) -> bytes:
    """Return a picture as a PNG file."""
    buffer = io.BytesIO()
    images.to_pil(rgb).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def rounded(value: Any) -> Any:
    """Return plain values with numbers to five places."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one) for one in value]
    return round(float(value), 5) if isinstance(value, float) else value


def is_close(new: Any, old: Any, tolerance: float = 0.02) -> bool:
    """Return whether two references say the same, apart from the release of MuJoCo and from rounding of its pictures."""
    if isinstance(new, dict):
        return set(new) == set(old) and all(is_close(new[k], old[k], tolerance) for k in new if k != "made_with")
    if isinstance(new, list):
        return len(new) == len(old) and all(map(is_close, new, old))
    return abs(new - old) <= tolerance * max(1.0, abs(old))


if __name__ == "__main__":
    sys.exit(main())
