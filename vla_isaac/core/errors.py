"""The exception tree: every error of this package says what was wrong and what to try next."""

from __future__ import annotations


class VlaIsaacError(Exception):
    """Base of all errors raised on purpose by this package."""


class ConfigError(VlaIsaacError, ValueError):
    """A configuration value, file or key is wrong; the message names file, key, value and what is accepted."""


class UsageError(VlaIsaacError, ValueError):
    """A command or call was given something it cannot work with."""


class UnknownNameError(VlaIsaacError, KeyError):
    """A name is not registered; the message lists near matches and all known names."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ShapeError(VlaIsaacError, ValueError):
    """An array has another shape or dtype than its contract says."""


class SceneError(VlaIsaacError, ValueError):
    """A scene cannot be built or laid out."""


class InstructionError(VlaIsaacError, ValueError):
    """An instruction cannot be mapped to a goal over the objects of the scene."""


class GoalError(VlaIsaacError, ValueError):
    """A goal expression is malformed or names what the scene does not have."""


class MissingDependencyError(VlaIsaacError, ImportError):
    """An optional package is not installed; the message names the extra to install."""


class RenderError(VlaIsaacError, RuntimeError):
    """No image can be drawn (no GL, empty or stale frame)."""


class BackendError(VlaIsaacError, RuntimeError):
    """The simulator failed or was used out of order."""


class PolicyError(VlaIsaacError, RuntimeError):
    """A policy failed or returned something that is not an action."""


class ReadOnlyError(VlaIsaacError, TypeError):
    """Somebody tried to change what they were only given to read."""


class ConventionError(VlaIsaacError, ValueError):
    """A policy's declared convention does not fit what it is connected to."""


class DatasetError(VlaIsaacError, ValueError):
    """A dataset, or a file of it, is missing, broken or not what it says; the message names file, episode and row."""


class ForeignFileError(DatasetError):
    """A dataset names a file or an address that is not part of it, or holds less than it declares; it is not read."""


class ReplayError(VlaIsaacError, RuntimeError):
    """A recorded run cannot be replayed, or its replay differs from the record."""


def describe(error: BaseException) -> str:
    """Return an error's words, after the name of its class unless it is one of ours; never raises."""
    try:
        return str(error) if isinstance(error, VlaIsaacError) else f"{type(error).__name__}: {error}"
    except Exception:  # an error of somebody else's class may fail to describe itself, and the arm must be held even so
        return type(error).__name__
