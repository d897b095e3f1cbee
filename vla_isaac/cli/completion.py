"""`completion_script`: the shell script that completes commands and options, as tyro makes it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence

from vla_isaac.core.errors import MissingDependencyError, UsageError
from vla_isaac.core.installation import pip

FLAG = "--print-completion"
SHELLS = ("bash", "zsh", "tcsh")

FILES_IN_BASH = """
# where tyro has nothing to offer, such as for the path of a dataset, bash completes names of files
if declare -F _tyro_vla_isaac > /dev/null; then
  _vla_isaac_or_files() {
    _tyro_vla_isaac "$@"
    if [[ ${#COMPREPLY[@]} -eq 1 && -z "${COMPREPLY[0]}" ]]; then COMPREPLY=(); fi
  }
  complete -o default -F _vla_isaac_or_files vla-isaac
fi
"""


def asks_for_completion(arguments: Sequence[str]) -> bool:
    """Return whether a command line is ``--print-completion SHELL``, also with an equals sign or without the shell."""
    return bool(arguments) and arguments[0].partition("=")[0] == FLAG


def completion_script(arguments: Sequence[str], parse: Callable[[list[str]], object]) -> str:
    """Return the script for the shell that ``--print-completion`` names.

    Args:
        arguments: The command line.
        parse: Parses a command line with tyro, every command included.

    Raises:
        UsageError: If it names no shell, or one that is not supported.
        MissingDependencyError: If tyro needs another package for this shell.
    """
    shell = " ".join(arguments).removeprefix(FLAG).lstrip("=").strip()
    if shell not in SHELLS:
        raise UsageError(
            f"{FLAG} {shell}".strip() + f": give one of {', '.join(SHELLS)}",
            remedy=f'for example: eval "$(vla-isaac {FLAG} bash)"',
        )
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            parse(["--tyro-print-completion", shell])
    except ImportError as error:  # tyro 1 makes scripts for bash and zsh itself
        raise MissingDependencyError(
            f"completion for {shell} needs the package 'shtab'", remedy=f"run: {pip()} install shtab"
        ) from error
    script = "\n".join(map(_on_one_line, printed.getvalue().splitlines()))
    return script + FILES_IN_BASH if shell == "bash" else script


def _on_one_line(line: str) -> str:
    """Return a line of the script; the descriptions in tyro's table of options must not have line breaks."""
    return line.replace("\\n", " ") if line.startswith("COMPLETION_SPEC = ") else line
