"""Exception classes: each has a message and a remedy, the next thing to try.

Callers branch on the class and the fields of an error; no code parses a message.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TypeVar

E = TypeVar("E", bound="VlaIsaacError")


class VlaIsaacError(Exception):
    """Base class of all errors of this package; as text, the message and the remedy."""

    def __init__(self, message: str = "", *, remedy: str = "") -> None:
        """Say what is wrong and how to fix it.

        Args:
            message: What was wrong, with the value received and what is accepted.
            remedy: The next thing to try, such as ``"run: vla-isaac doctor"``; empty where the message says all.
        """
        self.message = message
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        if not self.remedy:
            return self.message
        if self.message.endswith("?"):
            return f"{self.message} {self.remedy[:1].upper()}{self.remedy[1:]}"
        return f"{self.message}; {self.remedy}"


class ConfigError(VlaIsaacError, ValueError):
    """A configuration value, file or key is wrong; the message names file, key, value and what is accepted."""


class UsageError(VlaIsaacError, ValueError):
    """A command or call was given something it cannot work with."""


class UnknownNameError(VlaIsaacError, KeyError):
    """A name is not registered; the message lists near matches and all known names."""


class ShapeError(VlaIsaacError, ValueError):
    """An array has another shape or dtype than its contract says."""

    def __init__(self, message: str = "", *, remedy: str = "", array: str | None = None) -> None:
        """Say what is wrong; `array` names the array where the caller has several, such as a column or a camera."""
        super().__init__(message, remedy=remedy)
        self.array = array


class SceneError(VlaIsaacError, ValueError):
    """A scene cannot be built or laid out."""


class InstructionError(VlaIsaacError, ValueError):
    """An instruction cannot be mapped to a goal over the objects of the scene."""

    def __init__(self, message: str = "", *, remedy: str = "", has_examples: bool = False) -> None:
        """Say what is wrong; `has_examples` is set where message or remedy quotes an accepted sentence."""
        super().__init__(message, remedy=remedy)
        self.has_examples = has_examples


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


class PolicyDeclined(PolicyError):  # noqa: N818 - the name is shown to users
    """A policy refuses an instruction before its first action, because it did not recognise the request."""

    def __init__(
        self,
        message: str = "",
        *,
        remedy: str = "",
        instruction: str = "",
        confidence: float | None = None,
        threshold: float | None = None,
        word: str = "",
        alternatives: Sequence[str] = (),
    ) -> None:
        """Say what was not recognised.

        Args:
            message: The text shown; begins with ``"declined: "``.
            remedy: The next thing to try.
            instruction: The instruction that was not grounded in what the policy sees; empty where none was given.
            confidence: Confidence of the grounding, 0 to 1; None where there was no grounding.
            threshold: The confidence it requires, 0 to 1.
            word: The word of the instruction that was not recognised; empty where no single word explains it.
            alternatives: Words with which, in its place, the instruction is recognised.
        """
        super().__init__(message, remedy=remedy)
        self.instruction, self.confidence, self.threshold = instruction, confidence, threshold
        self.word, self.alternatives = word, tuple(alternatives)


class ReadOnlyError(VlaIsaacError, TypeError):
    """A read-only value was written to."""


class ConventionError(VlaIsaacError, ValueError):
    """A policy's declared convention does not fit the component it is connected to."""


class DatasetError(VlaIsaacError, ValueError):
    """A dataset or one of its files is missing, corrupt or inconsistent; the message names file, episode and row."""

    def __init__(self, message: str = "", *, remedy: str = "", camera: str | None = None) -> None:
        """Say what is wrong; `camera` names the camera whose pictures it concerns, None where it concerns all."""
        super().__init__(message, remedy=remedy)
        self.camera = camera


class ForeignFileError(DatasetError):
    """A dataset refers to a file or an address outside it, or holds less than it declares; it is not read."""


class ReplayError(VlaIsaacError, RuntimeError):
    """A recorded run cannot be replayed, or its replay differs from the record."""


def unknown(
    error: type[E], message: str, name: object, known: Iterable[str], *, label: str = "Known", cutoff: float = 0.6
) -> E:
    """Return the error for a name that is not known, with the nearest match and all known names.

    Args:
        error: The class of the error.
        message: What was wrong with `name`.
        name: The name received.
        known: The names accepted, in the order in which they are listed.
        label: What comes before the list.
        cutoff: Least similarity of a match, 0 to 1.
    """
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=cutoff)
    listed = f"{label}: {', '.join(names)}"
    if near:
        return error(message, remedy=f"did you mean {near[0]!r}? {listed}")
    return error(f"{message}. {listed}")


def describe(error: BaseException) -> str:
    """Return an error's text, after the class name unless it is a `VlaIsaacError`; never raises."""
    try:
        return str(error) if isinstance(error, VlaIsaacError) else f"{type(error).__name__}: {error}"
    except Exception:  # __str__ of another library may raise; the arm must be held in any case
        return type(error).__name__


def message_and_remedy(error: BaseException) -> tuple[str, str]:
    """Return `describe` in two parts: what was wrong, and the remedy of a `VlaIsaacError`."""
    if isinstance(error, VlaIsaacError):
        return error.message, error.remedy
    return describe(error), ""


def first_line(error: BaseException) -> str:
    """Return the first line of the text of another library's error, for use inside our messages."""
    return (str(error).splitlines() or [type(error).__name__])[0]
