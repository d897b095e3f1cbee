"""`main`: parse the command line, run the command, turn every error into one message and an exit code."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import logging
import sys
import traceback
from collections.abc import Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Protocol, cast

from vla_isaac import __version__
from vla_isaac.cli.completion import FLAG, SHELLS, asks_for_completion, completion_script
from vla_isaac.cli.option_names import in_options
from vla_isaac.cli.output import FAULT, OK, WRONG_USAGE, emit, note, say
from vla_isaac.cli.process import description, exit_code, raise_at_signals, received, silence
from vla_isaac.core.atomic_files import unwritable, writing
from vla_isaac.core.errors import (
    BackendError,
    MissingDependencyError,
    PolicyError,
    RenderError,
    UsageError,
    VlaIsaacError,
    WriteError,
)
from vla_isaac.core.optional import require
from vla_isaac.core.prebundle import Prebundle
from vla_isaac.core.registry import unknown_name

COMMANDS = {
    "run": "vla_isaac.cli.run:Run",
    "parse": "vla_isaac.cli.parse:Parse",
    "list": "vla_isaac.cli.listing:List",
    "doctor": "vla_isaac.cli.doctor:Doctor",
    "bench": "vla_isaac.cli.bench:Bench",
    "collect": "vla_isaac.cli.collect:Collect",
    "eval": "vla_isaac.cli.eval:Eval",
    "export-scene": "vla_isaac.cli.export_scene:ExportScene",
    "train": "vla_isaac.cli.train:Train",
    "export": "vla_isaac.cli.export:Export",
    "dataset": "vla_isaac.cli.dataset:Dataset",
}
"""Name to class; only the requested one is imported."""

DESCRIPTION = f"""Drive a Franka arm with a vision-language-action policy, in Isaac Sim, MuJoCo or a stub.

Options without a command: --version; {FLAG} {"|".join(SHELLS)}, a script that completes commands and options in a shell."""

DATASET_COMMANDS = ("info", "verify", "view", "stats", "convert", "split", "merge", "filter")


class Command(Protocol):
    """One command with its options."""

    json: bool

    def run(self) -> int:
        """Run the command and return the exit code."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 without success, 2 usage, 3 fault, 130 Ctrl-C, 143 SIGTERM."""
    arguments = _with_usual_words(list(sys.argv[1:] if argv is None else argv))
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    Prebundle(Path(__file__).resolve().parents[2]).add()  # what Isaac's Python lacks, where it travels with us
    wants_json = "--json" in arguments
    try:
        if arguments in (["--version"], ["-V"], ["version"]):
            say(f"vla_isaac {__version__}")
            return OK
        if asks_for_completion(arguments):
            say(completion_script(arguments, _read))
            return OK
        _check_words(arguments)
        with writing("standard output"):  # of a help
            command = _read(arguments)
    except SystemExit as stop:
        if stop.code in (None, OK):
            return OK
        if wants_json:
            emit({"error": "the options are wrong; see the message on standard error", "kind": "UsageError"})
        return WRONG_USAGE
    except BrokenPipeError:  # the reader of the help has gone away
        silence(sys.stdout)
        return OK
    except Exception as error:
        return _report_error(error, wants_json)
    return _run_in_isaac(command) if getattr(command, "backend", "") == "isaac" else _run(command)


def _with_usual_words(arguments: list[str]) -> list[str]:
    """Return the arguments with ``help COMMAND`` and ``help`` written as ``--help``."""
    return [*arguments[1:], "--help"] if arguments[:1] == ["help"] else arguments


def _check_words(arguments: list[str]) -> None:
    """Report two mistakes that the option parser explains badly: a misspelt command and missing quotes."""
    if not arguments or arguments[0].startswith("-"):
        return
    name, rest = arguments[0], arguments[1:]
    if " " in name:
        raise UsageError(f"{name!r} is no command", remedy=f'write: vla-isaac run "{name}"')
    if name not in COMMANDS:
        raise unknown_name("command", name, COMMANDS)
    if name == "dataset":
        if rest and not rest[0].startswith("-") and rest[0] not in DATASET_COMMANDS:
            raise unknown_name("dataset command", rest[0], DATASET_COMMANDS)
        return
    words = list(itertools.takewhile(lambda word: not word.startswith("-"), rest))
    if len(words) > 1:
        quoted = f'vla-isaac {name} "{" ".join(words)}"' if name in ("run", "parse") else f"vla-isaac {name} {words[0]}"
        raise UsageError(f"{name} takes one word or one sentence in quotes, got {len(words)} words; write: {quoted}")


def _run_in_isaac(command: Command) -> int:
    """Start Isaac Sim before any of its modules is imported, run, close it in any case; return the command's exit code."""
    from vla_isaac.backends.isaac.standalone import close_app, start_app

    try:
        app = start_app(headless=getattr(command, "headless", True))
    except MissingDependencyError as error:
        return _report(error, WRONG_USAGE, command.json)
    except BackendError as error:
        return _report(error, FAULT, command.json)
    code = FAULT
    try:
        code = _run(command)
    finally:
        close_app(app, exit_code=code)
    return code


def _run(command: Command) -> int:
    raise_at_signals()
    try:
        return command.run()
    except KeyboardInterrupt as stop:
        return _report_stop(stop, command.json)
    except Exception as error:
        signalled = received()
        return _report_error(error, command.json) if signalled is None else _report_stop(signalled, command.json)


def _report_stop(stop: KeyboardInterrupt, wants_json: bool) -> int:
    note(f"{description(stop)}; the arm holds still and all files are closed")
    if wants_json:
        _emit_error(description(stop), "KeyboardInterrupt")
    return exit_code(stop)


def _report_error(error: Exception, wants_json: bool) -> int:
    if isinstance(error, (BackendError, PolicyError, RenderError, WriteError)):
        return _report(error, FAULT, wants_json)
    if isinstance(error, VlaIsaacError):
        return _report(error, WRONG_USAGE, wants_json)
    return _report_fault(error, wants_json)


def _report_fault(error: Exception, wants_json: bool) -> int:
    """Report an error that no module converted: one of the machine in one line, any other with its traceback."""
    if isinstance(error, MemoryError):
        words = "there is not enough memory; close other programs, or ask for less: fewer --workers, a smaller --size"
        return _report(MemoryError(words), FAULT, wants_json)
    if isinstance(error, OSError) and (named := unwritable(error.filename or "a file", error)) is not None:
        if error.filename is None:  # such as a pipe to a worker process
            named = WriteError(named.reason, remedy=named.remedy)
        return _report(named, FAULT, wants_json)
    note(traceback.format_exc())
    note("this is a fault of vla_isaac or of a package it uses; please report it with the lines above")
    return _report(error, FAULT, wants_json)


def _report(error: Exception, code: int, wants_json: bool) -> int:
    words = in_options(error) or type(error).__name__
    note(f"error: {words}")
    if wants_json:
        _emit_error(words, type(error).__name__)
    return code


def _emit_error(words: str, kind: str) -> None:
    with contextlib.suppress(WriteError):  # perhaps the error that is reported
        emit({"error": words, "kind": kind})


def _read(arguments: list[str]) -> Command:
    """Parse a command's options from the command line."""
    tyro: Any = require("tyro", extra="cli", need="the command line")
    config = (tyro.conf.FlagCreatePairsOff,)
    if arguments and arguments[0] in COMMANDS:
        name, *options = arguments
        return cast(Command, tyro.cli(_class_of(name), prog=f"vla-isaac {name}", args=options, config=config))
    every = reduce(or_, (Annotated[_class_of(name), tyro.conf.subcommand(name)] for name in COMMANDS))
    command = tyro.cli(
        every,
        prog="vla-isaac",
        description=DESCRIPTION,
        args=arguments,
        config=config,
    )
    return cast(Command, command)


def _class_of(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
