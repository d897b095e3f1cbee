"""A small Kit, and our extension in it on the stub."""

from __future__ import annotations

import asyncio

import pytest

from tests.extension.hands import ROOT, Hands
from tests.simulated_kit_ui.kit import SmallKit
from tests.simulated_kit_ui.modules import installed


@pytest.fixture
def kit(monkeypatch, tmp_path):
    """A Kit without our extension; in the end nothing of it may be left and nothing may have gone wrong in Kit."""
    kit = SmallKit()
    kit.settings["/exts/vla_isaac/recordings"] = str(tmp_path / "recordings")
    asyncio.set_event_loop(kit.loop)
    with installed(kit.modules()):
        yield kit
        kit.close()
    asyncio.set_event_loop(None)
    assert kit.faults == []


@pytest.fixture
def hands(kit):
    """The extension enabled, nothing loaded."""
    return Hands(kit, str(ROOT)).enable()
