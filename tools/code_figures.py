"""Print what the package's code looks like in figures: how long, how divided, what is there twice.

``python tools/code_figures.py`` measures this checkout; with folders of other checkouts it prints them side by side.
A code line is a line with at least one token that is neither a comment nor part of a docstring.
"""

from __future__ import annotations

import argparse
import ast
import io
import statistics
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PACKAGE = "vla_isaac"
EQUAL_LINES = 15
"""From how many equal code lines in a row two places count as written twice."""

LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class SourceFile:
    """One module of the package, parsed once."""

    path: Path
    module: str
    """Dotted name; that of a package for its ``__init__.py``."""

    @cached_property
    def text(self) -> str:
        """Return the source."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Return the syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def code_lines(self) -> tuple[int, ...]:
        """Numbers of the lines that hold code."""
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in LAYOUT:
                lines.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            if isinstance(node, SCOPES) and ast.get_docstring(node, clean=False) is not None:
                lines -= _span(node.body[0])
        return tuple(sorted(lines))

    @property
    def function_lengths(self) -> list[int]:
        """Code lines of every function and method."""
        code = set(self.code_lines)
        functions = (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        return [len(code & _span(node)) for node in functions]

    @property
    def classes(self) -> list[str]:
        """Names of its classes, nested ones too."""
        return [node.name for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)]

    def imports(self) -> Iterator[str]:
        """Yield the dotted name of each import, those for the type checker left out."""
        for node in _executed(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = self._absolute(node)
                yield from (f"{origin}.{alias.name}" for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.split(".") + ([""] if self.path.name == "__init__.py" else [])
        return ".".join((*parts[: -node.level], *([node.module] if node.module else [])))


def _span(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield child
            yield from _executed(child)


class Checkout:
    """The package of one checkout and its figures."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = [SourceFile(path, _module(path, root)) for path in sorted((root / PACKAGE).rglob("*.py"))]

    def figures(self) -> dict[str, str]:
        """Return the rows of the table: what is measured, and the value as text."""
        functions = [length for file in self.files for length in file.function_lengths]
        modules = [len(file.code_lines) for file in self.files if file.code_lines]
        return {
            "code lines": f"{sum(modules):,}",
            "modules": str(len(modules)),
            "module lines, median / p90 / max": _spread(modules),
            "functions": f"{len(functions):,}",
            "function lines, median / p90 / max": _spread(functions),
            "import cycles": str(len(self.cycles())),
            "imports of the same or a higher layer": str(len(self.broken_layers())),
            "class names used twice": str(len(self.repeated_classes())),
            f"pairs of {EQUAL_LINES} or more equal lines": str(len(self.equal_places())),
        }

    def details(self) -> Iterator[str]:
        """Yield a line for everything that should not be there."""
        yield from (f"cycle: {' -> '.join(cycle)}" for cycle in self.cycles())
        yield from (f"layer: {here} imports {there}" for here, there in self.broken_layers())
        yield from (f"class {name}: {', '.join(places)}" for name, places in self.repeated_classes().items())
        yield from (f"equal: {first} and {second}" for first, second in self.equal_places())

    def repeated_classes(self) -> dict[str, list[str]]:
        """Return the class names that stand for more than one class, with the modules."""
        places = defaultdict(list)
        for file in self.files:
            for name in file.classes:
                places[name].append(file.module)
        return {name: found for name, found in sorted(places.items()) if len(found) > 1}

    def import_graph(self) -> dict[str, set[str]]:
        """Return which modules of the package each module imports, inside functions too."""
        modules = {file.module for file in self.files}
        graph: dict[str, set[str]] = {}
        for file in self.files:
            found = {_longest_module(name, modules) for name in file.imports()}
            graph[file.module] = {name for name in found if name and name != file.module}
        return graph

    def cycles(self) -> list[list[str]]:
        """Return the groups of modules that import one another (Tarjan's strongly connected components)."""
        return [group for group in _components(self.import_graph()) if len(group) > 1]

    def broken_layers(self) -> list[tuple[str, str]]:
        """Return the imports that do not go to a lower layer."""
        layers = self._layers()
        broken = []
        for here, imported in self.import_graph().items():
            for there in imported:
                own, other = _unit(here), _unit(there)
                if own != other and own in layers and other in layers and layers[other] >= layers[own]:
                    broken.append((here, there))
        return sorted(broken)

    def _layers(self) -> dict[str, int]:
        """Read the table of layers from the checkout's own architecture test."""
        tree = ast.parse((self.root / "tests" / "test_architecture.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ROWS":
                rows = ast.literal_eval(node.value)
                return {unit: number for number, row in enumerate(rows) for unit in row}
        raise SystemExit(f"{self.root}/tests/test_architecture.py has no table ROWS")

    def equal_places(self) -> list[tuple[str, str]]:
        """Return pairs of places that begin `EQUAL_LINES` or more equal code lines, each run counted once."""
        places = defaultdict(list)
        for file in self.files:
            lines = file.text.splitlines()
            stripped = [lines[number - 1].strip() for number in file.code_lines]
            for start in range(len(stripped) - EQUAL_LINES + 1):
                places[tuple(stripped[start : start + EQUAL_LINES])].append((file, start))
        found = {(a, b) for same in places.values() for a in same for b in same if _before(a, b)}
        begins = [(a, b) for a, b in found if ((a[0], a[1] - 1), (b[0], b[1] - 1)) not in found]
        return sorted((_where(*a), _where(*b)) for a, b in begins)


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _unit(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def _longest_module(name: str, modules: set[str]) -> str:
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name if name != PACKAGE else ""


def _before(a: tuple[SourceFile, int], b: tuple[SourceFile, int]) -> bool:
    return (a[0].module, a[1]) < (b[0].module, b[1])


def _where(file: SourceFile, index: int) -> str:
    return f"{file.module}:{file.code_lines[index]}"


def _spread(values: list[int]) -> str:
    tenths = statistics.quantiles(values, n=10)
    return f"{statistics.median(values):.0f} / {tenths[8]:.0f} / {max(values)}"


def _components(graph: dict[str, set[str]]) -> list[list[str]]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[-len(group) :]
            found.append(group)

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def main() -> None:
    """Print the table, then a line for everything that should not be there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="*", type=Path, default=[HERE], help="folders of checkouts (this one)")
    parser.add_argument("--units", action="store_true", help="also code lines by unit")
    arguments = parser.parse_args()
    checkouts = [Checkout(root.resolve()) for root in arguments.checkouts]
    columns = [checkout.figures() for checkout in checkouts]
    print("| figure | " + " | ".join(str(root) for root in arguments.checkouts) + " |")
    print("|---|" + "---|" * len(columns))
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")
    for checkout in checkouts:
        if arguments.units:
            print(f"\n{checkout.root}: code lines by unit")
            units: Counter[str] = Counter()
            for file in checkout.files:
                units[_unit(file.module) or PACKAGE] += len(file.code_lines)
            print("\n".join(f"  {number:6,}  {unit}" for unit, number in units.most_common()))
        for line in checkout.details():
            print(f"{checkout.root.name}: {line}")


if __name__ == "__main__":
    main()
