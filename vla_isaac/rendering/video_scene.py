"""`VideoScene`: a second model for videos with rounded surfaces, wood, a floor and soft shadows.

Physics and policies use another model, so nothing here affects them: this one has the same bodies and joints and copies
the positions of the other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.array_files import read_arrays
from vla_isaac.core.arrays import AnyArray, Array
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.resources import resource
from vla_isaac.core.types import Frame
from vla_isaac.rendering.engine import mujoco_module
from vla_isaac.rendering.model import FLOOR, TABLE, apply_looks, build_model, point_lamp
from vla_isaac.rendering.pictures import ScenePictures
from vla_isaac.rendering.textures import floor_tiles, planks
from vla_isaac.scene.render_request import RenderRequest
from vla_isaac.scene.spec import TEXTURES, SceneLayout, SceneSpec

SHELL_UNIT = 1e-5  # [m] per unit of the coordinates stored by tools/make_shells.py
SHADES: dict[str, dict[str, Any]] = {
    "white": {"rgba": [0.80, 0.81, 0.83, 1], "specular": 0.45, "shininess": 0.65},
    "grey": {"rgba": [0.50, 0.51, 0.53, 1], "specular": 0.5, "shininess": 0.6},
    "dark": {"rgba": [0.09, 0.095, 0.105, 1], "specular": 0.5, "shininess": 0.5},
    "pad": {"rgba": [0.03, 0.03, 0.03, 1], "specular": 0.1, "shininess": 0.1},
}
"""Materials of the arm by the name in the shell."""

ROUNDING = 0.0035  # [m] radius of the edges of objects
LAMPS = 2  # a lamp that casts shadows becomes this many weaker ones in a ring: softer shadows
LAMP_RADIUS = 0.10  # [m] of that ring


class VideoScene:
    """A visual model, its data and its renderer."""

    def __init__(self, spec: SceneSpec, robot_model: Path | None) -> None:
        """Build the scene; `robot_model` as for the backend, whose meshes are kept as they are."""
        self._mujoco = mujoco_module()
        self._spec = spec
        self._model, self._index = build_model(spec, robot_model, dress=self._dress)
        self._data = self._mujoco.MjData(self._model)
        self._pictures = ScenePictures(self._model, self._index)
        self._layout: SceneLayout | None = None

    def frame(
        self, model: Any, data: Any, layout: SceneLayout, request: RenderRequest, resolution_hw: tuple[int, int]
    ) -> Frame:
        """Draw a camera of the scene in the state of the `MjModel` and `MjData` that physics uses."""
        if layout is not self._layout:
            apply_looks(self._model, self._index, layout)
            self._soften_shadows(layout)
            self._layout = layout
        self._model.body_pos[:], self._model.body_quat[:] = model.body_pos, model.body_quat
        self._data.qpos[:], self._data.time = data.qpos, data.time
        self._mujoco.mj_kinematics(self._model, self._data)
        self._mujoco.mj_camlight(self._model, self._data)
        return self._pictures.frame(self._data, request, resolution_hw)

    def close(self) -> None:
        """Free GL."""
        self._pictures.close()

    def _soften_shadows(self, layout: SceneLayout) -> None:
        """Place the ring of weaker lamps around the layout's lamp."""
        model, extra = self._model, len(layout.lights)
        for i, light in enumerate(layout.lights):
            if not self._spec.lights[i].casts_shadow:
                continue
            ring = [i, *range(extra, extra + LAMPS - 1)]
            extra += LAMPS - 1
            for k, lamp in enumerate(ring):
                angle = 2 * np.pi * k / LAMPS
                point_lamp(model, lamp, np.array(light.pos) + LAMP_RADIUS * np.array([np.cos(angle), np.sin(angle), 0.0]))
                model.light_diffuse[lamp] = light.intensity / LAMPS
                model.light_specular[lamp] = 0.6 * light.intensity / LAMPS

    # ---------------------------------------------------------------- visuals

    def _dress(self, mj: Any) -> None:
        """Replace the plain surfaces of a scene."""
        mj.visual.quality.numslices, mj.visual.quality.numstacks = 32, 16
        mj.visual.quality.shadowsize = 1024
        mj.visual.map.shadowclip = 1.2
        mj.visual.rgba.haze = [0.90, 0.92, 0.94, 1]
        sky = mj.texture("sky")
        sky.rgb1, sky.rgb2 = [0.42, 0.55, 0.68], [0.90, 0.92, 0.94]
        self._dress_room(mj)
        for o in self._spec.objects:
            for k, geom in enumerate(mj.body(o.name).geoms):
                if geom.type == self._mujoco.mjtGeom.mjGEOM_BOX:
                    self._round(mj, geom, f"{o.name}.{k}", min(ROUNDING, 0.6 * float(np.min(geom.size))))
                geom.material = "object"
        for light in self._spec.lights:
            for _ in range(LAMPS - 1 if light.casts_shadow else 0):
                mj.worldbody.add_light(type=self._mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, castshadow=True)
        self._dress_arm(mj)

    def _dress_room(self, mj: Any) -> None:
        mj.add_material(name="object", specular=0.4, shininess=0.6)
        role = self._mujoco.mjtTextureRole.mjTEXROLE_RGB
        _texture(self._mujoco, mj, "planks", planks())
        for name in ("table_plain", "table_wood"):
            mj.material(name).textures[role] = "planks"
            mj.material(name).texrepeat = [1.0, 1.0]
        for name in TEXTURES:
            mj.material(f"table_{name}").specular, mj.material(f"table_{name}").shininess = 0.25, 0.4
        self._round(mj, mj.geom(TABLE), TABLE, 0.012)
        _texture(self._mujoco, mj, "floor", floor_tiles())
        floor = mj.add_material(
            name="floor", rgba=[0.72, 0.74, 0.77, 1], specular=0.1, texuniform=True, texrepeat=[1.0, 1.0]
        )
        floor.textures[role] = "floor"
        mj.geom(FLOOR).material, mj.geom(FLOOR).size = "floor", [0, 0, 0.1]
        mj.geom(FLOOR).rgba = [0.5, 0.5, 0.5, 1]  # the default: the material's own

    def _dress_arm(self, mj: Any) -> None:
        """Replace the primitives of our own Panda by smooth shells."""
        file = resource("data", "robots", "panda", "shells.npz")
        shells = read_arrays(file, error=ConfigError, remedy="reinstall vla_isaac")
        if any(mj.body(key.split(".")[0]) is None for key in shells):
            return  # a mesh model has surfaces of its own
        for shade, looks in SHADES.items():
            mj.add_material(name=f"shell_{shade}", **looks)
        for name in dict.fromkeys(key.rpartition(".")[0] for key in shells):
            link, shade = name.split(".")
            for geom in [g for g in mj.body(link).geoms if g.group == 2 and not g.name]:
                mj.delete(geom)
            _mesh(self._mujoco, mj, name, shells[f"{name}.vertices"] * SHELL_UNIT, shells[f"{name}.faces"])
        for name in dict.fromkeys(key.rpartition(".")[0] for key in shells):
            link, shade = name.split(".")
            mj.body(link).add_geom(
                type=self._mujoco.mjtGeom.mjGEOM_MESH,
                meshname=name,
                material=f"shell_{shade}",
                contype=0,
                conaffinity=0,
                mass=0,
                group=2,
            )

    def _round(self, mj: Any, geom: Any, name: str, radius: float) -> None:
        """Replace a box by a mesh of the same size with rounded edges."""
        vertices, faces = rounded_box(np.array(geom.size), radius)
        _mesh(self._mujoco, mj, name, vertices, faces, texture_xy=vertices[:, :2] + 0.5)
        geom.type, geom.meshname = self._mujoco.mjtGeom.mjGEOM_MESH, name


def rounded_box(size: Array, radius: float) -> tuple[Array, AnyArray]:
    """Return vertices [m], shape (N, 3), and triangles, shape (M, 3), of a box with half extents `size` [m]."""
    arc = radius * np.tan(np.linspace(np.pi / 4, 0.0, 5))
    lines = [np.concatenate([-(s - radius) - arc, (s - radius) + arc[::-1]]) for s in size]
    n = len(lines[0])
    vertices: list[Array] = []
    faces: list[AnyArray] = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for side in (-1.0, 1.0):
            first = len(vertices) * n * n
            points = np.empty((n, n, 3))
            points[..., axis] = side * size[axis]
            points[..., u], points[..., v] = np.meshgrid(lines[u], lines[v], indexing="ij")
            core = np.clip(points, radius - size, size - radius)
            away = points - core
            vertices.append(core + radius * away / np.linalg.norm(away, axis=-1, keepdims=True))
            a = first + (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).reshape(-1)
            ring = (a, a + n, a + n + 1, a + 1) if side > 0 else (a, a + 1, a + n + 1, a + n)
            faces += [np.stack([ring[0], ring[1], ring[2]], 1), np.stack([ring[0], ring[2], ring[3]], 1)]
    return np.concatenate([block.reshape(-1, 3) for block in vertices]), np.concatenate(faces)


def _mesh(mujoco: Any, mj: Any, name: str, vertices: Array, faces: AnyArray, texture_xy: Array | None = None) -> None:
    mesh = mj.add_mesh(name=name, inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
    mesh.uservert, mesh.userface = vertices.reshape(-1).tolist(), faces.reshape(-1).astype(int).tolist()
    if texture_xy is not None:
        mesh.usertexcoord = texture_xy.reshape(-1).tolist()
        mesh.userfacetexcoord = mesh.userface


def _texture(mujoco: Any, mj: Any, name: str, pixels: Any) -> None:
    texture = mj.add_texture(name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=3)
    texture.height, texture.width = pixels.shape[:2]
    texture.data = pixels.tobytes()
