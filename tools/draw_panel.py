"""Draw the panel as it looks in four moments: ready, running, succeeded, failed.

    python tools/draw_panel.py

The real panel, controller and Isaac backend run in the simulated Isaac Sim of the tests; what the small omni.ui holds is
then drawn with pillow. Sizes and colours are the panel's own, the font is not Kit's. About fifteen seconds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.simulated_isaac import simulated_isaac  # noqa: E402
from tests.simulated_kit_ui.menus import MenuWorld  # noqa: E402
from tests.simulated_kit_ui.modules import modules  # noqa: E402
from tests.simulated_kit_ui.widgets import UiWorld  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
EXT_ID, TITLE = "vla_isaac-0.1.0", "VLA Isaac"
SCALE = 2  # drawn this many times larger: sharp on any screen
WIDTH, PADDING, TITLE_BAR = 440, 10, 24
FONT, LINE, ROW = 13, 18, 24  # [px] of a label, of its line, of a field

WINDOW, BAR, FIELD, EDGE, BUTTON, ACCENT = (
    (68, 68, 68),
    (48, 48, 48),
    (32, 32, 32),
    (24, 24, 24),
    (50, 50, 50),
    (52, 132, 168),
)
TEXT = (221, 221, 221)

Node = dict[str, Any]


class Drawing:
    """One window of the small omni.ui, drawn from its `dump`."""

    def __init__(self, window: Node, style: dict[str, dict[str, Any]]) -> None:
        self._style = style
        self._fonts = {size: ImageFont.load_default(size * SCALE) for size in (FONT, 20)}
        (frame,) = window["children"]
        inner = WIDTH - 2 * PADDING
        height = self.height(frame, inner) + 2 * PADDING + TITLE_BAR
        self.image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), WINDOW)
        self._pen = ImageDraw.Draw(self.image)
        self._box((0, 0, WIDTH, TITLE_BAR), BAR, radius=0)
        self._words(window["title"], (PADDING, 0, WIDTH, TITLE_BAR), TEXT)
        self._words("x", (WIDTH - 22, 0, WIDTH, TITLE_BAR - 2), (150, 150, 150))
        self.draw(frame, PADDING, TITLE_BAR + PADDING, inner)

    # how high things are

    def height(self, node: Node, width: int) -> int:
        """Return how high a node is at this width [px]."""
        if not node["visible"]:
            return 0
        fixed = node.get("height") or 0
        kind, children = node["type"], [child for child in node.get("children", []) if child["visible"]]
        if kind == "HStack":
            return max([fixed, *(self.height(c, w) for c, w in self._columns(node, width))])
        if kind == "VStack":
            heights = [h for h in (self.height(child, width) for child in children) if h]
            return max(fixed, sum(heights) + node.get("spacing", 0) * max(0, len(heights) - 1))
        if kind == "CollapsableFrame":
            return ROW + 4 + sum(self.height(child, width - 8) for child in children)
        if kind in ("Frame", "ScrollingFrame"):
            return sum(self.height(child, width) for child in children)
        if kind == "Label":
            return max(fixed, LINE * len(self._wrapped(node, width)) if node.get("text") else 0)
        return fixed or ROW

    def _columns(self, node: Node, width: int) -> list[tuple[Node, int]]:
        children = [child for child in node["children"] if child["visible"]]
        gaps = node.get("spacing", 0) * (len(children) - 1)
        free = width - gaps - sum(child.get("width") or 0 for child in children)
        loose = sum(1 for child in children if not child.get("width"))
        return [(child, child.get("width") or free // max(1, loose)) for child in children]

    # how they look

    def draw(self, node: Node, x: int, y: int, width: int) -> int:
        """Draw a node and all below it; return its height."""
        height = self.height(node, width)
        if height:
            getattr(self, f"_draw_{node['type'].lower()}", self._draw_field)(node, x, y, width, height)
        return height

    def _draw_vstack(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        for child in node["children"]:
            if used := self.draw(child, x, y, width):
                y += used + node.get("spacing", 0)

    def _draw_hstack(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        for child, share in self._columns(node, width):
            if child["type"] == "Button":
                self.draw({**child, "height": height}, x, y, share)
            else:
                shift = (height - self.height(child, share)) // 2 if height <= ROW + 4 else 0
                self.draw(child, x, y + shift, share)
            x += share + node.get("spacing", 0)

    def _draw_zstack(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        for child in node["children"]:
            self.draw({**child, "height": height}, x, y, width)

    def _draw_frame(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        for child in node["children"]:
            self.draw(child, x, y, width)

    _draw_scrollingframe = _draw_frame

    def _draw_collapsableframe(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        self._box((x, y, x + width, y + ROW - 4), BAR)
        middle = y + ROW // 2 - 2
        corners = ((x + 8, middle - 3), (x + 16, middle - 3), (x + 12, middle + 3))
        self._pen.polygon([(p * SCALE, q * SCALE) for p, q in corners], TEXT)
        self._words(node["title"], (x + 24, y, x + width, y + ROW - 4), TEXT)
        self._draw_frame(node, x + 4, y + ROW, width - 8, height)

    def _draw_label(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        colour, size = self._colour(f"Label::{node.get('name', 'plain')}", "color", TEXT), self._size(node)
        align = node.get("alignment")
        lines = self._wrapped(node, width)
        top = y + (height - LINE * len(lines)) // 2
        for k, line in enumerate(lines):
            box = (x, top + k * LINE, x + width, top + (k + 1) * LINE)
            self._words(line, box, colour, size=size, align=align.value if align else "left_center")

    def _draw_button(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        state = "" if node["enabled"] else ":disabled"
        fill = self._colour("Button" + state, "background_color", BUTTON)
        fill = self._colour(f"Button::{node.get('name', '')}{state}", "background_color", fill)
        ink = TEXT if node["enabled"] else self._colour("Button.Label:disabled", "color", TEXT)
        self._box((x + 1, y + 1, x + width - 1, y + height - 1), fill)
        self._words(node.get("text", ""), (x, y, x + width, y + height), ink, align="center")

    def _draw_rectangle(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        self._box((x, y, x + width, y + height), self._colour(f"Rectangle::{node.get('name')}", "background_color", FIELD))

    def _draw_imagewithprovider(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        if node.get("size_wh"):
            picture = Image.frombytes("RGBA", node["size_wh"], node["data"]).convert("RGB")
            share = min(width / picture.width, height / picture.height) * SCALE
            size = round(picture.width * share), round(picture.height * share)
            left, top = x * SCALE + (width * SCALE - size[0]) // 2, y * SCALE + (height * SCALE - size[1]) // 2
            self.image.paste(picture.resize(size, Image.Resampling.BICUBIC), (left, top))

    def _draw_progressbar(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        self._box((x, y, x + width, y + height), FIELD)
        if node["value"] > 0:
            self._box((x, y, x + max(8, round(width * node["value"])), y + height), ACCENT)
        self._words(f"{100 * node['value']:.0f} %", (x, y, x + width, y + height), TEXT, align="center")

    def _draw_checkbox(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        side, top = 14, y + (height - 14) // 2
        self._box((x, top, x + side, top + side), FIELD)
        if node["value"]:
            points = [(x + 3, top + 7), (x + 6, top + 10), (x + 11, top + 3)]
            self._pen.line([(p * SCALE, q * SCALE) for p, q in points], TEXT, width=2 * SCALE)

    def _draw_floatslider(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        self._box((x, y + 2, x + width, y + height - 2), FIELD)
        share = (node["value"] - node["min"]) / (node["max"] - node["min"])
        self._box((x, y + 2, x + max(8, round(width * share)), y + height - 2), (76, 86, 92))
        self._words(f"{node['value']:.2f}", (x, y, x + width, y + height), self._ink(node), align="center")

    def _draw_field(self, node: Node, x: int, y: int, width: int, height: int) -> None:
        self._box((x, y + 2, x + width, y + height - 2), FIELD)
        self._words(str(node.get("value", "")), (x + 8, y, x + width - 20, y + height), self._ink(node))
        if node["type"] == "ComboBox":
            right, middle = x + width - 14, y + height // 2
            corners = ((right - 4, middle - 2), (right + 4, middle - 2), (right, middle + 3))
            self._pen.polygon([(p * SCALE, q * SCALE) for p, q in corners], self._ink(node))

    # pens

    def _ink(self, node: Node) -> tuple[int, int, int]:
        return TEXT if node["enabled"] else (120, 120, 120)

    def _size(self, node: Node) -> int:
        return int(node.get("style", {}).get("font_size", FONT))

    def _colour(self, selector: str, key: str, otherwise: tuple[int, int, int]) -> tuple[int, int, int]:
        value = self._style.get(selector, {}).get(key)
        return otherwise if value is None else (value & 255, value >> 8 & 255, value >> 16 & 255)

    def _box(self, box: tuple[int, int, int, int], fill: tuple[int, int, int], *, radius: int = 4) -> None:
        self._pen.rounded_rectangle([v * SCALE for v in box], radius * SCALE, fill)

    def _words(
        self,
        text: str,
        box: tuple[int, int, int, int],
        fill: tuple[int, int, int],
        *,
        size: int = FONT,
        align: str = "left_center",
    ) -> None:
        x0, y0, x1, y1 = (v * SCALE for v in box)
        x, anchor = {"left_center": (x0, "lm"), "center": ((x0 + x1) / 2, "mm"), "right_center": (x1, "rm")}[align]
        self._pen.text((x, (y0 + y1) / 2), text, fill, self._fonts[size], anchor=anchor)

    def _wrapped(self, node: Node, width: int) -> list[str]:
        font, text = self._fonts[self._size(node)], node.get("text", "")
        if not node.get("word_wrap"):
            return [text]
        lines = []
        for paragraph in text.split("\n"):
            line = ""
            for word in paragraph.split(" "):
                longer = f"{line} {word}" if line else word
                if line and font.getlength(longer) > width * SCALE:
                    lines.append(line)
                    longer = word
                line = longer
            lines.append(line)
        return lines


class Person:
    """Presses buttons of the panel in the simulated Isaac Sim and takes pictures of it."""

    def __init__(self, sim: Any, ui: UiWorld, menus: MenuWorld) -> None:
        from vla_isaac.extension import VlaIsaacExtension, get_session
        from vla_isaac.extension.panel import STYLE

        self._sim, self._ui, self._menus, self._session, self._style = sim, ui, menus, get_session, STYLE
        sim.kit_app.get_extension_manager().paths[EXT_ID] = str(ROOT)
        sim.settings.set("/exts/vla_isaac/robot", "embedded")
        sim.settings.set("/exts/vla_isaac/seed", 3)
        self.extension = VlaIsaacExtension()
        self.extension.on_startup(EXT_ID)

    def press(self, name: str) -> None:
        """Do what a button does."""
        self._menus.actions.execute_action(EXT_ID, name)
        self._sim.app.update()

    def wait(self, *phases: str, steps: int = 10_000) -> None:
        """Let time pass at the rate of a person's clock, so that the panel shows rates as they would be."""
        while self._session().status.phase.value in phases and self._session().status.step < steps:
            end = time.monotonic() + self._sim.app_dt
            self._sim.app.update()
            time.sleep(max(0.0, end - time.monotonic()))

    def picture(self, name: str) -> None:
        """Draw the panel as it is now."""
        time.sleep(0.2)
        self._sim.app.update()
        path = PICTURES / f"panel_{name}.png"
        Drawing(self._ui.window(TITLE).dump(), self._style).image.save(path, optimize=True)
        print(path.relative_to(ROOT))


def main() -> None:
    """Write docs/pictures/panel_*.png."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    ui, menus = UiWorld(), MenuWorld()
    with simulated_isaac("5.1", mode="kit", assets="none", extra_modules=modules(ui, menus)) as sim:
        person = Person(sim, ui, menus)
        person.press("load")
        person.wait("empty", "loading")
        person.picture("ready")
        person.press("run")
        person.wait("running", steps=76)
        person.picture("running")
        person.wait("running")
        person.picture("succeeded")
        person.press("run")
        person.wait("loading", "ended")
        person.wait("running", steps=30)
        sim.timeline.stop()
        sim.app.update()
        person.wait("running")
        person.picture("error")
        person.extension.on_shutdown()


if __name__ == "__main__":
    main()
