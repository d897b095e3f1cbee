"""Every import of, and call into, Isaac Sim that Python files make, read without running them."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tools.isaac_api.recorded import Call

ROOTS = ("omni", "isaacsim", "carb", "pxr")
DOCUMENTED = {"pxr": "OpenUSD API documentation; run in our tests under usd-core"}
"""Groups with one source for all: their imports are listed, their calls are not."""

DOTTED = re.compile(rf"(?:{'|'.join(ROOTS)})(?:\.\w+)+(?::\w+)?")
MENTIONED = re.compile(rf"\b(?:{'|'.join(ROOTS)})\b")
FLAG = re.compile(r"_?(has|supports|is_classic|is_experimental|generation)(_|$)|type_checking", re.IGNORECASE)
GENERATION = re.compile(r"[A-Ca-c]|classic|experimental|isaacsim|\d+(\.\d+)*\+?|\w*_?\d+_\d+")
GUARDING = {"ImportError", "ModuleNotFoundError", "AttributeError"}
PROBED = "PROBED_MODULE"  # a module-level constant: the file is imported only where this module was found

Paths = frozenset[str]
NOTHING: Paths = frozenset()


@dataclass(frozen=True)
class Use:
    """One import, call, read or table entry."""

    file: str
    line: int
    paths: Paths
    """What the line may mean, one path per generation where a name has several; ``()`` marks a call."""

    kind: str
    call: Call | None = None
    guards: frozenset[str] = frozenset()
    """Exceptions caught around it, and ``if`` where a probe stands before it."""

    has_guarded_import: bool = False
    source: str = ""
    probed: str = ""

    @property
    def name(self) -> str:
        """The path, or the paths, as the table shows them."""
        return " or ".join(sorted(self.paths))


@dataclass(frozen=True)
class _Place:
    """Where the walker stands: what guards this line and what documents it."""

    guards: frozenset[str] = frozenset()
    source: str = ""


@dataclass(frozen=True)
class _Import:
    path: str
    is_guarded: bool
    source: str


def find_uses(files: Iterable[Path], root: Path) -> list[Use]:
    """Return the uses of all `files`; import tables serve the files of their own folder and below."""
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    trees = {path: ast.parse(text) for path, text in texts.items() if MENTIONED.search(text)}
    tables = {path: entries for path, tree in trees.items() if (entries := _table_entries(tree))}
    found: list[Use] = []
    for path, text in texts.items():
        roles: dict[str, Paths] = {}
        for home, entries in tables.items():
            for role, dotted, _ in entries if home.parent in path.parents else ():
                roles[role] = roles.get(role, NOTHING) | {dotted}
        if path not in trees and not roles:
            continue  # without a name of Isaac Sim and out of every table's reach there is nothing to find
        name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
        found.extend(_Walker(name, text, trees.get(path) or ast.parse(text), roles).uses())
    return found


def _table_entries(tree: ast.Module) -> list[tuple[str, str, int]]:
    """Return (role, dotted path, line) of the module-level tables: dicts keyed by generation, tuples."""

    def entries(node: ast.AST, role: str) -> Iterator[tuple[str, str, int]]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and DOTTED.fullmatch(node.value):
            yield role, node.value.replace(":", "."), node.lineno
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                name = str(getattr(key, "value", ""))
                yield from entries(value, role if GENERATION.fullmatch(name) or not name.isidentifier() else name)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                yield from entries(keyword.value, keyword.arg or role)
        elif isinstance(node, ast.Tuple | ast.List):
            for item in node.elts:
                yield from entries(item, role)

    values = (node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
    return [entry for value in values if isinstance(value, ast.Dict | ast.Tuple) for entry in entries(value, "")]


class _Walker(ast.NodeVisitor):
    """Follow the names of one file: modules, imported names, and variables of a plain type."""

    def __init__(self, file: str, text: str, tree: ast.Module, roles: dict[str, Paths]) -> None:
        self._file, self._tree, self._roles = file, tree, {k: v for k, v in roles.items() if k}
        self._comments = dict(_source_comments(text))
        self._lines = [line.strip()[:1] for line in text.splitlines()]
        self._place, self._statement = _Place(), self._tree.body[0] if self._tree.body else self._tree
        self._scope: dict[str, Paths] = {}
        self._self: dict[str, Paths] = {}
        self._imports: list[_Import] = []
        self._later: list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, dict[str, Paths], dict[str, Paths], _Place]] = []
        self._found: list[Use] = []
        self._probed = ""

    def uses(self) -> list[Use]:
        """Walk the file: module level first, then each function with the names it sees."""
        for _, dotted, line in _table_entries(self._tree):
            self._add(dotted, line, "table", guards=frozenset({"if"}))
        for statement in self._tree.body:
            self.visit(statement)
        while self._later:
            function, scope, own, place = self._later.pop(0)
            self._scope, self._self, self._place = dict(scope), own, place
            self._arguments(function)
            for statement in function.body:
                self.visit(statement)
        return sorted((replace(use, probed=self._probed) for use in self._found), key=lambda use: use.line)

    def visit(self, node: ast.AST) -> None:
        """Remember the statement, whose comment documents its expressions."""
        if isinstance(node, ast.stmt):
            self._statement = node
        super().visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.partition(".")[0] in ROOTS:
                self._import(alias.name, node.lineno)
                self._bind(
                    alias.asname or alias.name.partition(".")[0],
                    _one(alias.name if alias.asname else alias.name.partition(".")[0]),
                )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if not node.level and (node.module or "").partition(".")[0] in ROOTS:
            for alias in node.names:
                self._import(f"{node.module}.{alias.name}", node.lineno)
                self._bind(alias.asname or alias.name, _one(f"{node.module}.{alias.name}"))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for expression in (*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            self.visit(expression)
        place = replace(self._place, source=self._head_source(node) or self._place.source)
        self._later.append((node, self._scope, self._self, place))

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 (the name ast asks for)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self._self = self._self, {}
        with self._at(replace(self._place, source=self._head_source(node) or self._place.source)):
            self.generic_visit(node)
        self._learn_attributes(node)
        self._self = outer

    def visit_Try(self, node: ast.Try) -> None:
        caught = {n.id for h in node.handlers if h.type for n in ast.walk(h.type) if isinstance(n, ast.Name)} & GUARDING
        with self._at(replace(self._place, guards=self._place.guards | caught)):
            for part in (*node.body, *node.handlers, *node.orelse):
                self.visit(part)
        for part in node.finalbody:
            self.visit(part)

    def visit_If(self, node: ast.If | ast.IfExp) -> None:
        guards = self._place.guards | ({"if"} if _is_probe(node.test) else set())
        self.visit(node.test)
        with self._at(replace(self._place, guards=guards)):
            for part in (node.body, node.orelse):
                for child in part if isinstance(part, list) else [part]:
                    self.visit(child)

    visit_IfExp = visit_If  # noqa: N815

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.value, ast.Constant) and any(getattr(t, "id", "") == PROBED for t in node.targets):
            self._probed = str(node.value.value)
        self.visit(node.value)
        is_none = isinstance(node.value, ast.Constant) and node.value.value is None
        for target in node.targets:
            if isinstance(target, ast.Name) and not is_none:
                self._bind(target.id, self._paths(node.value))
            else:
                self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)
        if isinstance(node.target, ast.Name):  # what the author says comes before what the recording knows
            inferred = self._paths(node.value) if node.value else NOTHING
            self._bind(node.target.id, self._instance(node.annotation) or inferred)

    def visit_Call(self, node: ast.Call) -> None:
        module = _imported_by_call(node)
        if module:
            self._import(module, node.lineno)
        elif paths := self._paths(node.func):
            self._add_all({f"{path}()" for path in paths}, node, "call", _call(node))
        else:
            self.visit(node.func)
        if paths := NOTHING if module else self._paths(node.func):
            self._inner_calls(node.func)
        for child in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.visit(child)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if paths := self._paths(node):
            self._add_all((path for path in paths if not path.endswith("()")), node, "read")
            self._inner_calls(node)
        else:
            self.generic_visit(node)

    def _inner_calls(self, node: ast.AST) -> None:
        """Visit the calls a chain stands on: in ``a.b().c()`` the call of ``b``."""
        while isinstance(node, ast.Attribute | ast.Await):
            node = node.value
        if isinstance(node, ast.Call):
            self.visit(node)

    def _paths(self, node: ast.AST) -> Paths:
        """Return what an expression may mean, nothing if it is not Isaac's or its type is not plain."""
        if isinstance(node, ast.Name):
            return self._scope.get(node.id, NOTHING)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                return self._self.get(node.attr, NOTHING)
            base = self._paths(node.value)
            return frozenset(f"{path}.{node.attr}" for path in base) if base else self._roles.get(node.attr, NOTHING)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and not self._paths(node.value):
            return self._roles.get(str(node.slice.value), NOTHING)
        if isinstance(node, ast.Call):
            module = _imported_by_call(node)
            return _one(module) if module else frozenset(f"{path}()" for path in self._paths(node.func))
        if isinstance(node, ast.Await):
            return self._paths(node.value)
        if isinstance(node, ast.IfExp):
            return self._paths(node.body) | self._paths(node.orelse)
        if isinstance(node, ast.BoolOp):  # World.instance() or World()
            return NOTHING.union(*map(self._paths, node.values))
        return NOTHING

    def _instance(self, annotation: ast.AST | None) -> Paths:
        if isinstance(annotation, ast.BinOp):  # World | None
            return self._instance(annotation.left)
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        return frozenset(f"{path}()" for path in self._paths(annotation)) if annotation is not None else NOTHING

    def _arguments(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = function.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            self._scope[argument.arg] = self._instance(argument.annotation)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                self._scope[extra.arg] = NOTHING

    def _learn_attributes(self, node: ast.ClassDef) -> None:
        """Note ``self.x = Class(...)`` anywhere in a class, so that ``self.x.method()`` is followed in all of it."""
        scope = self._scope
        for function in (child for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)):
            self._scope = dict(scope)
            self._arguments(function)
            for inner in ast.walk(function):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    self._names_only(inner)
                if isinstance(inner, ast.Assign) and (paths := self._paths(inner.value)):
                    for target in inner.targets:
                        if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self":
                            self._self[target.attr] = self._self.get(target.attr, NOTHING) | paths
        self._scope = scope

    def _names_only(self, node: ast.Import | ast.ImportFrom) -> None:
        found, imports = list(self._found), list(self._imports)
        self.visit(node)
        self._found, self._imports = found, imports

    def _bind(self, name: str, paths: Paths) -> None:
        """Give a name its meaning; under a guard it may have an older one as well."""
        self._scope[name] = paths | (self._scope.get(name, NOTHING) if self._place.guards else NOTHING)

    def _import(self, path: str, line: int) -> None:
        source = self._source(line)
        self._imports.append(_Import(path, bool(self._place.guards), source))
        self._add(path, line, "import", guards=self._place.guards, source=source)

    def _add_all(self, paths: Iterable[str], node: ast.expr, kind: str, call: Call | None = None) -> None:
        wanted = frozenset(path for path in paths if path.partition(".")[0] not in DOCUMENTED)
        covering = [
            one for one in self._imports if any(f"{path}.".startswith((f"{one.path}.", f"{one.path}(")) for path in wanted)
        ]
        is_guarded = all(one.is_guarded for one in covering)  # a name of an import table has no import: guarded too
        source = self._source(node.lineno, node.end_lineno) or next((one.source for one in covering if one.source), "")
        if wanted:
            self._found.append(Use(self._file, node.lineno, wanted, kind, call, self._place.guards, is_guarded, source))

    def _add(self, path: str, line: int, kind: str, guards: frozenset[str], source: str = "") -> None:
        documented = DOCUMENTED.get(path.partition(".")[0], "")
        text = documented or source or self._comment(line, line)
        self._found.append(Use(self._file, line, _one(path), kind, None, guards, False, text))

    def _source(self, line: int, end: int | None = None) -> str:
        """Return the comment on these lines, on the lines of a simple statement, above it, or of the function."""
        first, last = line, end or line
        if not hasattr(self._statement, "body"):
            first, last = self._statement.lineno, max(last, self._statement.end_lineno or last)
        return self._comment(first, last) or self._place.source

    def _head_source(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
        return self._comment(min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.body[0].lineno - 1)

    def _comment(self, first: int, last: int) -> str:
        """Return the source named on these lines, or on a line of its own right above them."""
        above = self._comments.get(first - 1, "") if self._lines[first - 2 : first - 1] == ["#"] else ""
        lines = (self._comments.get(number, "") for number in range(first, max(first, last) + 1))
        return next((text for text in lines if text), above)

    @contextmanager
    def _at(self, place: _Place) -> Iterator[None]:
        outer, self._place = self._place, place
        yield
        self._place = outer


def _one(path: str) -> Paths:
    return frozenset({path})


def _call(node: ast.Call) -> Call:
    starred = [arg for arg in node.args if isinstance(arg, ast.Starred)]
    keywords = tuple(keyword.arg for keyword in node.keywords if keyword.arg)
    return Call(len(node.args) - len(starred), keywords, bool(starred) or len(keywords) < len(node.keywords))


def _imported_by_call(node: ast.Call) -> str:
    """Return the module that ``importlib.import_module("...")`` and its likes name."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    is_ours = isinstance(text, str) and text.partition(".")[0] in ROOTS
    return str(text) if is_ours and name in ("import_module", "__import__", "require") else ""


def _is_probe(test: ast.expr) -> bool:
    """Tell whether a condition asks what the release has: find_spec, hasattr or a feature flag."""
    names = [getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(test)]
    return any(name in ("find_spec", "hasattr") or FLAG.match(name) for name in names if name)


def _source_comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.string.lstrip("# ").lower().startswith("source:"):
            yield token.start[0], token.string.partition(":")[2].strip()
