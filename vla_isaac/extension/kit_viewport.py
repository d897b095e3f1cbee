"""`frame_robot`: point the viewport's camera at robot and table, by the function that the release has."""

from __future__ import annotations

CAMERA = "/OmniverseKit_Persp"
EYE, TARGET = (1.55, 1.25, 1.05), (0.3, 0.0, 0.2)  # [m] in the world: robot and table fill the viewport


def frame_robot() -> bool:
    """Point the perspective camera at the robot; return False where Isaac Sim has no function for it."""
    try:
        # source: isaac-sim/IsaacSim v6.0.0 to v6.0.1, isaacsim.core.rendering_manager, viewport_manager.py:597
        from isaacsim.core.rendering_manager import ViewportManager

        ViewportManager.set_camera_view(CAMERA, eye=list(EYE), target=list(TARGET))
        return True
    except ImportError:
        return _frame_by_function()


def _frame_by_function() -> bool:
    """Use the function of 4.2 to 5.1; it logs a warning where the app has no viewport."""
    try:
        # source: isaac-sim/IsaacSim v5.0.0 to v5.1.0, isaacsim.core.utils, viewports.py:32
        from isaacsim.core.utils.viewports import set_camera_view
    except ImportError:
        try:
            from omni.isaac.core.utils.viewports import set_camera_view  # source: 4.1.0 extensions, omni.isaac.core
        except ImportError:
            return False
    set_camera_view(list(EYE), list(TARGET), camera_prim_path=CAMERA)
    return True
