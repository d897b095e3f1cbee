"""A small omni.ui: the widgets our panel uses, with the state they would show.

Honest about what it is not: a name, keyword or attribute that is not listed here raises, so the panel cannot come to
depend on something nobody looked up. Sources: docs.omniverse.nvidia.com, omni.ui, the API page of each class.
"""

from __future__ import annotations

import enum
import threading
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar

COMMON = {"name": "", "width": None, "height": None, "visible": True, "enabled": True, "tooltip": "", "style": None}
RGBA = 4


class Alignment(enum.Enum):
    CENTER = "center"
    LEFT_CENTER = "left_center"
    RIGHT_CENTER = "right_center"


class IwpFillPolicy(enum.Enum):
    IWP_STRETCH = "stretch"
    IWP_PRESERVE_ASPECT_FIT = "fit"
    IWP_PRESERVE_ASPECT_CROP = "crop"


class UiError(AssertionError):
    """Something real omni.ui would not do, or would do silently wrong."""


class UiWorld:
    """All windows and what lives in them."""

    def __init__(self) -> None:
        self.windows: dict[str, Window] = {}
        self.containers: list[Container] = []
        self.widgets: weakref.WeakSet[Widget] = weakref.WeakSet()
        self.providers: weakref.WeakSet[ByteImageProvider] = weakref.WeakSet()
        self.num_changes = 0
        self.num_uploads = 0
        self._thread = threading.get_ident()

    def check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise UiError("omni.ui was called from another thread than Kit's")

    def alive(self) -> dict[str, int]:
        """Count what a closed panel must not leave behind."""
        return {"windows": len(self.windows), "containers being filled": len(self.containers)}

    def window(self, title: str) -> Window:
        return self.windows[title]


class ValueModel:
    """A value with callbacks; they are called when it changes, not when it is set to what it is."""

    def __init__(self, world: UiWorld, value: Any) -> None:
        self._world, self._value = world, value
        self._callbacks: list[Callable[[Any], None]] = []
        self._end_edit: list[Callable[[Any], None]] = []

    def set_value(self, value: Any) -> None:
        self._world.check_thread()
        value = type(self._value)(value)
        if value == self._value:
            return
        self._value = value
        self._world.num_changes += 1
        for call in list(self._callbacks):
            call(self)

    def add_value_changed_fn(self, fn: Callable[[Any], None]) -> int:
        self._callbacks.append(fn)
        return len(self._callbacks) - 1

    def add_end_edit_fn(self, fn: Callable[[Any], None]) -> int:
        """Add a callback for the end of an edit by hand. Source: Kit manual, omni.ui, AbstractValueModel.add_end_edit_fn."""
        self._end_edit.append(fn)
        return len(self._end_edit) - 1

    def end_edit(self) -> None:
        for call in list(self._end_edit):
            call(self)

    @property
    def as_string(self) -> str:
        return str(self._value)

    @property
    def as_int(self) -> int:
        return int(self._value)

    @property
    def as_float(self) -> float:
        return float(self._value)

    @property
    def as_bool(self) -> bool:
        return bool(self._value)


class ItemModel:
    """The model of a combo box: which of its items is chosen."""

    def __init__(self, world: UiWorld, index: int, items: tuple[str, ...]) -> None:
        self.items = items
        self._current = ValueModel(world, index)
        self._callbacks: list[Callable[[Any, Any], None]] = []
        self._current.add_value_changed_fn(lambda _: [call(self, None) for call in list(self._callbacks)])

    def get_item_value_model(self, item: Any = None, column_id: int = 0) -> ValueModel:
        return self._current

    def add_item_changed_fn(self, fn: Callable[[Any, Any], None]) -> int:
        self._callbacks.append(fn)
        return len(self._callbacks) - 1


class Widget:
    """State that is checked: what is not known cannot be set."""

    world: UiWorld
    KNOWN: ClassVar[dict[str, Any]] = {}

    def __init__(self, **keywords: Any) -> None:
        self.world.check_thread()
        known = {**COMMON, **self.KNOWN}
        unknown = sorted(set(keywords) - set(known))
        if unknown:
            raise UiError(f"{type(self).__name__} has no keyword {', '.join(unknown)}; look it up and add it to the fake")
        self.__dict__["state"] = {**known, **keywords}
        self.__dict__["is_destroyed"] = False
        self.world.widgets.add(self)
        self._enter_parent()

    def _enter_parent(self) -> None:
        if not self.world.containers:
            raise UiError(f"{type(self).__name__} is made outside any container and would never be seen")
        self.world.containers[-1].add(self)

    def __getattr__(self, name: str) -> Any:
        state = self.__dict__.get("state", {})
        if name in state:
            return state[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        self.world.check_thread()
        if name not in self.state:
            raise UiError(f"{type(self).__name__} has no attribute {name!r}; look it up and add it to the fake")
        if self.is_destroyed:
            raise UiError(f"{type(self).__name__}.{name} is set after its window was destroyed")
        if self.state[name] != value:
            self.world.num_changes += 1
        self.state[name] = value

    def set_tooltip(self, tooltip_label: str) -> None:
        self.tooltip = tooltip_label

    def destroy(self) -> None:
        self.__dict__["is_destroyed"] = True

    def dump(self) -> dict[str, Any]:
        """Return what a person would see, as plain values."""
        shown = {k: v for k, v in self.state.items() if k not in ("style", "clicked_fn") and v not in (None, "")}
        return {
            "type": type(self).__name__,
            **shown,
            **({"style": self.style} if self.style and "font_size" in self.style else {}),
        }


class Container(Widget):
    MOST_CHILDREN = 0  # any number

    def __init__(self, **keywords: Any) -> None:
        self.__dict__["children"] = []
        super().__init__(**keywords)

    def add(self, child: Widget) -> None:
        if self.is_destroyed:
            raise UiError(f"a widget is put into a destroyed {type(self).__name__}")
        if self.MOST_CHILDREN and len(self.children) >= self.MOST_CHILDREN:
            raise UiError(f"{type(self).__name__} takes {self.MOST_CHILDREN} child; clear() it first")
        self.children.append(child)

    def clear(self) -> None:
        for child in self.children:
            child.destroy()
        self.children.clear()

    def destroy(self) -> None:
        self.clear()
        super().destroy()

    def __enter__(self) -> Container:
        self.world.containers.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self.world.containers.pop() is not self:
            raise UiError("containers are left in another order than they were entered")

    def dump(self) -> dict[str, Any]:
        return {**super().dump(), "children": [child.dump() for child in self.children]}


class VStack(Container):
    KNOWN: ClassVar[dict[str, Any]] = {"spacing": 0}


class HStack(Container):
    KNOWN: ClassVar[dict[str, Any]] = {"spacing": 0}


class ZStack(Container):
    pass


class Frame(Container):
    MOST_CHILDREN = 1


class ScrollingFrame(Frame):
    pass


class CollapsableFrame(Frame):
    KNOWN: ClassVar[dict[str, Any]] = {"title": "", "collapsed": False}

    def __init__(self, title: str = "", **keywords: Any) -> None:
        super().__init__(title=title, **keywords)


class Label(Widget):
    KNOWN: ClassVar[dict[str, Any]] = {"text": "", "word_wrap": False, "alignment": None}

    def __init__(self, text: str, **keywords: Any) -> None:
        super().__init__(text=text, **keywords)


class Rectangle(Widget):
    pass


class Button(Widget):
    KNOWN: ClassVar[dict[str, Any]] = {"text": "", "clicked_fn": None}

    def __init__(self, text: str = "", **keywords: Any) -> None:
        super().__init__(text=text, **keywords)

    def click(self) -> bool:
        """Do what a person does; a disabled or hidden button takes no notice."""
        if self.is_destroyed:
            raise UiError(f"the button {self.text!r} is gone and cannot be clicked")
        if not self.enabled or not self.visible or self.clicked_fn is None:
            return False
        self.clicked_fn()
        return True


class _Field(Widget):
    EMPTY: Any = ""

    def __init__(self, **keywords: Any) -> None:
        self.__dict__["model"] = ValueModel(self.world, self.EMPTY)
        super().__init__(**keywords)

    def edit(self, value: Any) -> bool:
        """Enter a value as a person does."""
        if self.is_destroyed or not self.enabled:
            return False
        self.model.set_value(value)
        self.model.end_edit()  # a person leaves the field
        return True

    def dump(self) -> dict[str, Any]:
        return {**super().dump(), "value": self.model._value}


class StringField(_Field):
    pass


class IntField(_Field):
    EMPTY = 0


class CheckBox(_Field):
    EMPTY = False


class FloatSlider(_Field):
    EMPTY = 0.0
    KNOWN: ClassVar[dict[str, Any]] = {"min": 0.0, "max": 1.0}


class ProgressBar(_Field):
    EMPTY = 0.0


class ComboBox(Widget):
    def __init__(self, index: int = 0, *items: str, **keywords: Any) -> None:
        if not 0 <= index < len(items):
            raise UiError(f"the combo box has no item {index}")
        self.__dict__["model"] = ItemModel(self.world, index, tuple(items))
        super().__init__(**keywords)

    def pick(self, item: str) -> bool:
        """Choose an item as a person does."""
        if self.is_destroyed or not self.enabled:
            return False
        self.model.get_item_value_model().set_value(self.model.items.index(item))
        return True

    def dump(self) -> dict[str, Any]:
        chosen = self.model.items[self.model.get_item_value_model().as_int]
        return {**super().dump(), "items": list(self.model.items), "value": chosen}


class ByteImageProvider:
    """RGBA bytes, width first; real omni.ui only logs what is malformed, the fake raises."""

    world: UiWorld

    def __init__(self) -> None:
        self.size_wh: tuple[int, int] | None = None
        self.data = b""
        self.world.providers.add(self)

    def set_bytes_data(self, data: Any, sizes: list[int]) -> None:
        self.world.check_thread()
        values = memoryview(data) if not isinstance(data, list) else data
        width, height = sizes
        if len(values) != width * height * RGBA:
            raise UiError(f"{len(values)} bytes are given for {width} x {height} pixels of RGBA")
        self.data, self.size_wh = bytes(values), (width, height)
        self.world.num_uploads += 1


class ImageWithProvider(Widget):
    KNOWN: ClassVar[dict[str, Any]] = {"fill_policy": None, "alignment": None}

    def __init__(self, provider: ByteImageProvider, **keywords: Any) -> None:
        if not isinstance(provider, ByteImageProvider):
            raise UiError("ImageWithProvider needs a provider")
        self.__dict__["provider"] = provider
        super().__init__(**keywords)

    def dump(self) -> dict[str, Any]:
        return {**super().dump(), "size_wh": self.provider.size_wh, "data": self.provider.data}


class Window(Widget):
    KNOWN: ClassVar[dict[str, Any]] = {"title": "", "visibility_changed_fn": None}

    def __init__(self, title: str, **keywords: Any) -> None:
        if title in self.world.windows:
            raise UiError(f"a window {title!r} is open already")
        super().__init__(title=title, **keywords)
        self.world.containers.append(_Root(self.world))
        try:
            self.__dict__["frame"] = self.kinds["Frame"]()
        finally:
            self.world.containers.pop()
        self.world.windows[title] = self

    def _enter_parent(self) -> None:
        """Stand on its own."""

    def close_by_hand(self) -> None:
        """Press the cross in the corner: the window hides, nothing else is told."""
        self.visible = False

    def destroy(self) -> None:
        self.world.check_thread()
        if not self.is_destroyed:
            self.frame.destroy()
            super().destroy()
            del self.world.windows[self.title]

    def dump(self) -> dict[str, Any]:
        return {"type": "Window", "title": self.title, "visible": self.visible, "children": [self.frame.dump()]}

    def find(self, kind: str, **state: Any) -> Widget:
        """Return the one widget of this kind and state."""
        found = [
            w for w in walk(self.frame) if type(w).__name__ == kind and all(getattr(w, k) == v for k, v in state.items())
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} widgets are a {kind} with {state}")
        return found[0]

    def texts(self) -> list[str]:
        """Return every text a person can read, from top to bottom."""
        return [w.text for w in walk(self.frame, visible_only=True) if isinstance(w, Label | Button) and w.text]


class _Root:
    """Takes a window's frame, which has no parent."""

    def __init__(self, world: UiWorld) -> None:
        self.world = world

    def add(self, child: Widget) -> None:
        """Nothing to do."""


def walk(widget: Widget, *, visible_only: bool = False) -> list[Widget]:
    """Return a widget and all below it, from top to bottom."""
    if visible_only and not widget.visible:
        return []
    below = widget.__dict__.get("children", [])
    return [widget, *(found for child in below for found in walk(child, visible_only=visible_only))]


_PUBLIC = (
    VStack, HStack, ZStack, Frame, ScrollingFrame, CollapsableFrame, Label, Rectangle, Button, StringField, IntField,
    CheckBox, FloatSlider, ProgressBar, ComboBox, ByteImageProvider, ImageWithProvider, Window,
)  # fmt: skip


def ui_module(world: UiWorld) -> ModuleType:
    """Return omni.ui bound to one world; a name that is not here raises AttributeError as in any module."""
    module = ModuleType("omni.ui", "a small omni.ui")
    kinds = {kind.__name__: type(kind.__name__, (kind,), {"world": world}) for kind in _PUBLIC}
    kinds["Window"].kinds = kinds
    module.__dict__.update(kinds, Alignment=Alignment, IwpFillPolicy=IwpFillPolicy)
    return module
