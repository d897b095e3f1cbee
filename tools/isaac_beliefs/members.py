"""What must have a row in the ledger, read from the sources without running them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.isaac_api.report import check, releases

ROOT = Path(__file__).resolve().parents[2]
SIMULATED = ROOT / "tests" / "simulated_isaac"
PACKAGE = ROOT / "vla_isaac"

HARNESS = {
    "__init__": "the entrance for tests",
    "behaviour": "the base of the behaviours",
    "bench": "measures the simulator",
    "gl": "opens OpenGL for MuJoCo",
    "modules": "Python's import system",
    "process": "puts the simulator into a process",
    "recording": "the recorded API, compared with ours by tools/isaac_api",
}
"""Files of the simulated Isaac without a behaviour of Isaac Sim, and what they are; their constants may have rows."""

PLAIN = {0, 1, 2, -1, 0.5}
"""Numbers that state nothing by themselves."""

CONSTANT = r"[A-Z][A-Z0-9_]+"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def simulated_members(*, with_harness: bool = False) -> set[str]:
    """Return the public members of the simulated Isaac, as ``module.Class.member``.

    Constants, functions, classes, the public methods and aliases of every class, also of a private base, the fields of
    `Traps`, and what a function of a module hands out: functions in it, names in its tables and in its modules.
    """
    files = sorted(path for path in SIMULATED.glob("*.py") if with_harness or path.stem not in HARNESS)
    return {f"{path.stem}.{member}" for path in files for member in _members(_parsed(path))}


def static_names() -> set[str]:
    """Return every name of Isaac Sim, Kit and OpenUSD that the package imports, calls or reads, without parentheses."""
    rows = check(sorted(PACKAGE.rglob("*.py")), releases())
    return {path.replace("()", "") for row in rows for path in row.use.paths}


def statements() -> set[str]:
    """Return the constants, numbers and port contracts of the files that speak to Isaac Sim, as ``file:what``."""
    folders = (PACKAGE / "backends" / "isaac", PACKAGE / "extension")
    files = [*(p for folder in folders for p in folder.glob("*.py")), *(PACKAGE / "scene").glob("usd*.py")]
    found: set[str] = set()
    for path in sorted(path for path in files if path.name != "beliefs.py"):
        tree, name = _parsed(path), str(path.relative_to(ROOT))
        found |= {f"{name}:{what}" for what in (*_constants(tree), *_numbers(tree))}
        if path.name == "ports.py":
            found |= {f"{name}:{method}" for method in _contracts(tree)}
    return found


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _members(tree: ast.Module) -> Iterator[str]:
    yield from _constants(tree)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            if _is_public(node.name):
                yield node.name
            yield from (f"{node.name}.{member}" for member in _of_class(node))
        elif isinstance(node, Function):
            if _is_public(node.name):
                yield node.name
            yield from (f"{node.name}.{given}" for given in _handed_out(node))


def _of_class(node: ast.ClassDef) -> Iterator[str]:
    for inner in node.body:
        if isinstance(inner, Function) and _is_public(inner.name):
            yield inner.name
        elif isinstance(inner, ast.Assign) and isinstance(inner.value, ast.Name):
            yield from (t.id for t in inner.targets if isinstance(t, ast.Name) and _is_public(t.id) and not t.id.isupper())
        elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name) and node.name == "Traps":
            yield inner.target.id


def _handed_out(node: Function) -> Iterator[str]:
    """Yield the functions in a function, the keys of its tables and the content of the modules that it makes."""
    yield from (inner.name for inner in node.body if isinstance(inner, Function) and _is_public(inner.name))
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and ast.unparse(inner.func) == "_module" and isinstance(inner.args[0], ast.Constant):
            yield from (f"{inner.args[0].value}.{keyword.arg}" for keyword in inner.keywords)
    for inner in node.body:
        if isinstance(inner, ast.Assign) and isinstance(inner.value, ast.Dict):
            keys = (key.value for key in inner.value.keys if isinstance(key, ast.Constant))
            yield from (key for key in keys if isinstance(key, str) and key.isidentifier())


def _constants(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from (n.id for n in names if isinstance(n, ast.Name) and re.fullmatch(CONSTANT, n.id))


def _numbers(tree: ast.Module) -> Iterator[str]:
    """Yield the numbers in functions and classes, as Python writes them."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            for inner in ast.walk(node):
                is_number = isinstance(inner, ast.Constant) and type(inner.value) in (int, float)
                if is_number and inner.value not in PLAIN:
                    yield repr(inner.value)


def _contracts(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases):
            yield from (f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, Function))


def _is_public(name: str) -> bool:
    return not name.startswith("_")
