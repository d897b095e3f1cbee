"""`CustomProcessor`: batches of one for `custom_vla`."""

from __future__ import annotations

from vla_isaac.models.multi_task.processor import MultiTaskProcessor


class CustomProcessor(MultiTaskProcessor):
    """Takes the task by its name as a hint."""
