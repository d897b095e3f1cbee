"""Exception classes: each has a message and a remedy, the next thing to try.

Callers branch on the class and the fields of an error; no code parses a message.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

E = TypeVar("E", bound="VlaIsaacError")
Options = Mapping[str, object]
"""Options that an error is about, such as ``{"resume": True}``: argument or field name to value."""


def python_option(name: str, value: object) -> str:
    """Return an option as it is written in Python, such as ``resume=True``."""
    return f"{name}={value!r}"


class VlaIsaacError(Exception):
    """Base class of all errors of this package; as text, the message and the remedy."""

    def __init__(self, message: str = "", *, remedy: str = "", options: Options | None = None) -> None:
        """Say what is wrong and how to fix it.

        Args:
            message: What was wrong, with the value received and what is accepted.
            remedy: The next thing to try, such as ``"run: vla-isaac doctor"``; empty where the message says all.
            options: Options that both texts name in braces, ``"continue with {resume}"``: each is written in Python's way,
                ``resume=True``, and by `spelled` in that of another front door, such as ``--resume``.
        """
        self._texts, self._options = (message, remedy), dict(options or {})
        self.message, self.remedy = self._filled(python_option)
        super().__init__(str(self))

    def __str__(self) -> str:
        return _joined(self.message, self.remedy)

    def spelled(self, option: Callable[[str, object], str]) -> str:
        """Return the text with each option written by `option`, a function of its name and value."""
        return _joined(*self._filled(option))

    def _filled(self, option: Callable[[str, object], str]) -> tuple[str, str]:
        message, remedy = self._texts
        for name, value in self._options.items():
            words = option(name, value)
            message, remedy = message.replace(f"{{{name}}}", words), remedy.replace(f"{{{name}}}", words)
        return message, remedy


def _joined(message: str, remedy: str) -> str:
    if not remedy:
        return message
    if message.endswith("?"):
        return f"{message} {remedy[:1].upper()}{remedy[1:]}"
    return f"{message}; {remedy}"


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

    def __init__(
        self, message: str = "", *, remedy: str = "", options: Options | None = None, camera: str | None = None
    ) -> None:
        """Say what is wrong; `camera` names the camera whose pictures it concerns, None where it concerns all."""
        super().__init__(message, remedy=remedy, options=options)
        self.camera = camera


class WriteError(VlaIsaacError, OSError):
    """An output cannot be written: no space, no permission, too many open files; the message names file and reason."""

    def __init__(self, message: str = "", *, remedy: str = "", options: Options | None = None, reason: str = "") -> None:
        """Say what cannot be written; `reason` is that of the operating system, such as ``"No space left on device"``."""
        super().__init__(message, remedy=remedy, options=options)
        self.reason = reason


class DatasetWriteError(WriteError, DatasetError):
    """A dataset cannot be written; the message says which episodes are intact."""


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


def shown(value: object, *, limit: int = 60) -> str:
    """Return `repr` of a value from outside, cut to `limit` characters, for messages; never raises."""
    try:
        text = _ShortRepr().repr(value)
    except Exception:  # a whole number of 5,000 digits, or a class with a broken __repr__
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 3] + "..."


class _ShortRepr(reprlib.Repr):
    """Looks at a few entries only: YAML aliases make lists that are short in the file and endless as text."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxdict, self.maxlist, self.maxtuple = 3, 20, 20, 20
        self.maxstring, self.maxother, self.maxlong = 1000, 1000, 1000


def first_line(error: BaseException) -> str:
    """Return the first line of the text of another library's error, for use inside our messages."""
    return (str(error).splitlines() or [type(error).__name__])[0]
