"""Sizes, captions, tooltips and colours of the panel."""

from __future__ import annotations

from typing import Any

LABEL_WIDTH = 92
ROW = 24
PICTURE = 200

RUN_LINES = ("step", "rate", "verdict", "clipped", "freshness", "recording", "episodes")
ROBOT_LINES = ("joints", "hand", "gripper")
CAPTIONS = {
    "scene": "Scene",
    "randomisation": "Variation",
    "stage": "Stage",
    "robot": "Franka",
    "policy": "Policy",
    "step": "Step",
    "rate": "Rate",
    "verdict": "Verdict",
    "clipped": "Limited",
    "freshness": "Freshness",
    "recording": "Recording",
    "episodes": "Episodes",
    "joints": "Joints",
    "hand": "Hand",
    "gripper": "Gripper",
    "device": "Device",
    "self_test": "Self-test",
}
HINTS = {
    "scene": "Objects on the table: a preset of config/scenes",
    "randomisation": "What varies with the seed: layout, colours, light, cameras",
    "stage": "Where Load builds the scene; before a new stage closes one with prims of yours, the panel asks",
    "robot": "NVIDIA's asset needs its asset server; our own Panda needs none",
    "policy": "The policy that acts",
    "view_camera": "Camera of this picture",
    "second_camera": "Camera of this picture",
}

COLOURS = {  # 0xAABBGGRR
    "plain": 0xFFDDDDDD,
    "muted": 0xFF9A9A9A,
    "busy": 0xFFE8B860,
    "good": 0xFF7CD08A,
    "warn": 0xFF55B9F2,
    "bad": 0xFF6B6BF5,
}
STYLE: dict[str, dict[str, Any]] = {
    **{f"Label::{tone}": {"color": colour} for tone, colour in COLOURS.items()},
    "Label::caption": {"color": 0xFF9A9A9A},
    "Button": {"border_radius": 4, "margin": 1},
    "Button:disabled": {"background_color": 0xFF2A2A2A},
    "Button.Label:disabled": {"color": 0xFF6A6A6A},
    "Button::run": {"background_color": 0xFF4F7A3A},
    "Button::run:disabled": {"background_color": 0xFF2A2A2A},
    "Button::example": {"background_color": 0xFF303030},
    "Rectangle::picture": {"background_color": 0xFF1C1C1C, "border_radius": 4},
}
