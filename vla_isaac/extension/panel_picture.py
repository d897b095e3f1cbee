"""`PanelPicture`: one camera picture of the panel."""

from __future__ import annotations

from vla_isaac.core.arrays import Image
from vla_isaac.extension.kit import require
from vla_isaac.extension.panel_style import PICTURE
from vla_isaac.extension.pictures import to_rgba

ui = require("omni.ui")  # source: docs.omniverse.nvidia.com omni.ui: ByteImageProvider (RGBA8), ImageWithProvider


class PanelPicture:
    """The widgets of one picture; built where it is made."""

    def __init__(self, name: str) -> None:
        """Build the widgets in the current container; `name` is that of the image."""
        self._shown: Image | None = None
        self._provider = ui.ByteImageProvider()
        with ui.ZStack(height=PICTURE):
            ui.Rectangle(name="picture")
            ui.ImageWithProvider(self._provider, name=name, fill_policy=ui.IwpFillPolicy.IWP_PRESERVE_ASPECT_FIT)
            self._none = ui.Label("no picture yet", name="muted", alignment=ui.Alignment.CENTER)

    def show(self, camera: str, rgb: Image | None) -> None:
        """Show a picture; the same array again is ignored, and an old one of another camera is hidden."""
        if rgb is not None and rgb is not self._shown:
            rgba = to_rgba(rgb)
            self._provider.set_bytes_data(rgba.reshape(-1).data, [rgba.shape[1], rgba.shape[0]])  # width first
        if rgb is None and self._shown is not None:
            self._provider.set_bytes_data([0, 0, 0, 0], [1, 1])
        self._shown = rgb
        if self._none.visible != (rgb is None):
            self._none.visible = rgb is None
        text = f"no picture of {camera} yet" if camera else "no camera chosen"
        if self._none.text != text:
            self._none.text = text
