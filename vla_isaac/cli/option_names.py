"""`in_options`: an error's text with its options as on the command line, ``--resume`` for ``resume=True``."""

from __future__ import annotations

from vla_isaac.core.errors import VlaIsaacError, python_option

OPTIONS = {
    "tasks": "--task",
    "image_hw": "--size",
    **{
        name: f"--{name.replace('_', '-')}"
        for name in (
            *("backend", "cameras", "episodes", "fps", "max_steps", "must_act", "perturb", "policy", "randomisation"),
            *("resume", "scene", "seed", "steps_after_success", "trial", "wording"),
        )
    },
}
"""Argument or field name of an error's option to the option of the command line."""


def in_options(error: Exception) -> str:
    """Return the text of an error as a command reports it."""
    return error.spelled(option) if isinstance(error, VlaIsaacError) else str(error)


def option(name: str, value: object) -> str:
    """Return an option with its value; what the command line has no option for is written in Python's way."""
    if name not in OPTIONS:
        return python_option(name, value)
    flag = OPTIONS[name]
    if value is True:
        return flag
    if value is None or value is False:
        return f"no {flag}"
    if name == "image_hw" and isinstance(value, (tuple, list)):  # pictures are square
        return f"{flag} {value[0]}"
    values = value if isinstance(value, (tuple, list)) else [value]
    return " ".join([flag, *map(str, values)])
