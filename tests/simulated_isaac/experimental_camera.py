"""The camera sensor of the experimental interface."""

from __future__ import annotations

from typing import Any

from pxr import Usd, UsdGeom, UsdRender

from tests.simulated_isaac.arrays import warp_like
from tests.simulated_isaac.behaviour import Behaviour
from tests.simulated_isaac.classic_camera import with_alpha
from tests.simulated_isaac.classic_prims import reset_xform_ops
from tests.simulated_isaac.pictures import Feed

CHANNELS = {"rgb": 3, "rgba": 4, "distance_to_image_plane": 1, "semantic_segmentation": 1}


SCHEMA = "OmniSensorAPI"
PRODUCTS = "/Render/OmniverseKit/HydraTextures"


class RtxCamera(Behaviour):
    """A wrapped camera prim, which must have the sensor's schema already.

    Source: isaac-sim/IsaacSim v6.0.1 source/extensions/isaacsim.sensors.experimental.rtx/python/impl/_sensor_base.py
    (`_SensorAuthoring.__init__`: ValueError for a prim without the schema) and rtx_camera.py; 6.2 names the same schema.
    """

    def create(self, path: str, reset_xform_op_properties: bool = True) -> None:
        stage = self._sim.stage
        self.path = path
        prim = stage.GetPrimAtPath(path)
        if not prim:
            prim = UsdGeom.Camera.Define(stage, path).GetPrim()
            prim.AddAppliedSchema(SCHEMA)
        if prim.GetTypeName() != "Camera":
            raise ValueError(f"Prim at {path} is not an 'Camera' prim but a '{prim.GetTypeName()}' prim")
        if SCHEMA not in prim.GetPrimTypeInfo().GetAppliedAPISchemas():
            raise ValueError(f"Prim at {path} does not have the '{SCHEMA}' schema")
        if reset_xform_op_properties:
            reset_xform_ops(prim)


class CameraSensor(Behaviour):
    """A camera prim with a render product; resolution is (height, width)."""

    def create(
        self,
        path: Any,
        resolution: tuple[int, int] | None = None,
        annotators: Any = None,
        annotator_init_params: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        sim = self._sim
        self.annotators = [annotators] if isinstance(annotators, str) else list(annotators or [])
        for name in self.annotators:
            self._check(name)
        if any(params.get("colorize") for params in (annotator_init_params or {}).values()):
            raise NotImplementedError("simulated Isaac: colorized segmentation has no behaviour here")
        if resolution is None:
            raise ValueError("'resolution' is required when creating a new render product.")
        if isinstance(path, str):
            path = sim.recording.instance(("isaacsim.sensors.experimental.rtx.RtxCamera",), path)
        path = path._impl.path
        prim = sim.stage.GetPrimAtPath(path)
        self.resolution = (int(resolution[0]), int(resolution[1]))
        self._feed = Feed(sim, path, self.resolution, is_mended=sim.version >= (6, 1))
        self._product = f"{PRODUCTS}/camera_sensor_{id(self)}"
        with Usd.EditContext(sim.stage, sim.stage.GetSessionLayer()):
            UsdRender.Product.Define(sim.stage, self._product)
        sim.render_products[self._product] = self._feed
        if self._feed.is_mended_small:
            sim.tell("warn", f"Disabled post anti-aliasing for low-resolution CameraSensor render product at {resolution}")
        if sim.traps.square_pixels_enforced:
            camera = UsdGeom.Camera(prim)
            vertical = camera.GetHorizontalApertureAttr().Get() * self.resolution[0] / self.resolution[1]
            camera.GetVerticalApertureAttr().Set(vertical)

    @staticmethod
    def _check(name: str) -> None:
        if name not in CHANNELS:
            raise ValueError(f"The annotator {name!r} is not supported; the simulated Isaac knows {', '.join(CHANNELS)}")

    def __del__(self) -> None:
        stage = self._sim.stage
        if stage and hasattr(self, "_product"):
            with Usd.EditContext(stage, stage.GetSessionLayer()):
                stage.RemovePrim(self._product)

    @property
    def render_product(self) -> UsdRender.Product:
        """Source: v6.0.1 _sensor_base.py:438-447; rep.create.render_product makes the prim, here in the session layer."""
        return UsdRender.Product(self._sim.stage.GetPrimAtPath(self._product))

    def has_data(self) -> bool:
        return self._feed.latest is not None

    def get_data(self, annotator: str, out: Any = None) -> tuple[Any, dict[str, Any]]:
        self._check(annotator)
        if annotator not in self.annotators:
            raise ValueError(f"The annotator '{annotator}' was not configured. Enable it when instantiating the class")
        snapshot = self._feed.latest
        if snapshot is None:
            return None, {}
        if self._feed.is_misshapen:
            raise RuntimeError(f"Annotator '{annotator}' returned another number of elements than {self.resolution} has")
        info: dict[str, Any] = {}
        if annotator in ("rgb", "rgba"):
            data = snapshot.picture("rgb")
            data = with_alpha(data) if annotator == "rgba" else data
        elif annotator == "distance_to_image_plane":
            data = snapshot.picture("depth")[:, :, None]
        else:
            data, info = snapshot.picture("labels")[:, :, None], {"idToLabels": snapshot.id_to_labels()}
        if out is not None:
            out.assign(data)
            return out, info
        return warp_like(data, self._sim.traps.warp_arrays), info
