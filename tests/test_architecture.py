"""The layer rule: a unit imports only units above its own row, and heavy packages only where their work is done."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from vla_isaac.core.telemetry import OFF

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "vla_isaac"

ROWS = (
    ("core",),
    ("robots", "jobs", "language"),
    ("scene",),
    ("sim", "rendering"),
    ("backends", "control", "sensors", "tasks", "models", "datasets", "wire"),
    ("grounding",),
    ("policies",),
    ("runtime",),
    ("collection", "evaluation", "serving", "optimization", "self_test"),
    ("training",),
    ("api",),
    ("extension", "studio", "cli"),
)
LAYER = {unit: number for number, row in enumerate(ROWS) for unit in row}

HOMES = {
    "mujoco": ("rendering", "backends/mujoco"),
    "OpenGL": ("rendering",),
    "sapien": ("backends/physx",),
    "omni": ("backends/isaac", "extension"),
    "isaacsim": ("backends/isaac", "extension"),
    "carb": ("backends/isaac", "extension"),
    "pxr": ("scene", "backends/isaac"),
    "av": ("runtime", "datasets"),
    "pyarrow": ("datasets",),
    "h5py": ("datasets",),
    "rich": ("cli",),
    "tyro": ("cli",),
    "torch": ("models", "training", "datasets", "cli"),  # the command line only says which extra is missing
    "transformers": ("models", "policies", "training", "cli"),
    "onnxruntime": ("models",),
    "viser": ("studio",),
    "scipy": (),
}
"""Where each heavy package may be imported; what is not listed is free."""

TURNS_OFF_FIRST = {"vla_isaac/models/hugging_face.py"}
"""Files that import a library which reports to its makers by a statement; all others go through `require`."""

LIGHT = {"numpy", "PIL", "yaml", "filelock"}
"""What the rows from core to sim may use besides the standard library."""

LIGHT_NAMES = "from vla_isaac import Action, Frame, Observation, PolicySpec, Verdict, VlaIsaacError"
"""What anybody needs who only speaks to a policy."""

FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_resources" not in path.parts)


def unit_of(parts: tuple[str, ...]) -> str:
    """Return ``backends/stub`` for each backend, the folder otherwise, and ``""`` for the package itself."""
    if parts[:1] == ("backends",) and len(parts) > 1:
        return "/".join(parts[:2])
    return parts[0] if parts and parts[0] in LAYER else ""


def layer_of(unit: str) -> int:
    return LAYER[unit.partition("/")[0]]


def place(path: Path) -> str:
    """Return the unit of a file; `backends/__init__.py`, which only names the backends, is ``backends``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return unit_of(parts[:-1])


@cache
def imports_and_calls(path: Path) -> tuple[ast.Import | ast.ImportFrom | ast.Call, ...]:
    """Return what a file imports and calls anywhere in it; each file is parsed once."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom, ast.Call)))


def imported(path: Path, by: tuple[str, ...] = ("require", "import_module", "__import__")) -> Iterator[str]:
    """Yield the dotted name of everything a file imports, also inside functions, and `by` which functions."""
    for node in imports_and_calls(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(path, node)
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in by:
                yield str(node.args[0].value)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join((*package, *([node.module] if node.module else [])))


def is_allowed(here: str, name: str) -> bool:
    """Tell whether a file of the unit `here` may import the dotted `name`."""
    there = unit_of(tuple(name.split(".")[1:])) if name.startswith("vla_isaac.") else ""
    return there in ("", here) or here == "" or layer_of(there) < layer_of(here)


@pytest.mark.parametrize(
    ("here", "name", "allowed"),
    [
        ("scene", "vla_isaac.core.poses.Pose", True),
        ("core", "vla_isaac.scene.spec", False),
        ("control", "vla_isaac.tasks.predicates", False),
        ("control", "vla_isaac.control.safety", True),
        ("backends/stub", "vla_isaac.backends.mujoco.backend", False),
        ("backends/physx", "vla_isaac.rendering.posed_scene.PosedScene", True),
        ("rendering", "vla_isaac.sim.backend.RenderRequest", False),
        ("control", "vla_isaac.backends.BACKENDS", False),
        ("cli", "vla_isaac.backends.BACKENDS", True),
        ("studio", "vla_isaac.cli.main", False),
        ("core", "vla_isaac.VlaIsaacError", True),
        ("core", "numpy", True),
    ],
)
def test_the_rule_tells_right_from_wrong(here, name, allowed):
    assert is_allowed(here, name) == allowed


def test_every_folder_of_the_package_has_its_place_in_a_row():
    folders = {path.relative_to(PACKAGE).parts[0] for path in FILES if path.parent != PACKAGE}
    assert folders <= set(LAYER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_rows_above_its_own(path):
    assert [name for name in imported(path) if not is_allowed(place(path), name)] == []


def test_the_package_itself_loads_only_core_until_more_is_used():
    code = f"import sys; {LIGHT_NAMES}; print(*(m for m in sys.modules if m.startswith('vla_isaac.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert {name.split(".")[1] for name in done.stdout.split()} == {"core"}


@pytest.mark.parametrize("module", sorted(HOMES))
def test_a_heavy_package_is_imported_only_where_its_work_is_done(module):
    homes = HOMES[module]
    strangers = {
        str(path.relative_to(ROOT))
        for path in FILES
        for name in imported(path)
        if name.partition(".")[0] == module and place(path) not in homes
    }
    assert strangers == set()


def test_a_library_that_reports_to_its_makers_is_imported_only_where_that_is_turned_off_first():
    places = [path for folder in ("vla_isaac", "tools", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.py")]
    strangers = {
        str(path.relative_to(ROOT)): name
        for path in places
        if "_resources" not in path.parts
        for name in imported(path, by=("import_module", "__import__", "importorskip"))
        if name.partition(".")[0] in OFF
    }
    assert set(strangers) == TURNS_OFF_FIRST, strangers


def test_the_lower_rows_need_numpy_pillow_and_yaml_at_most():
    lower = [
        path for path in FILES if place(path) in ("core", "robots", "language", "scene", "sim") and "usd" not in path.stem
    ]
    foreign = {name.partition(".")[0] for path in lower for name in imported(path)}
    assert foreign - set(sys.stdlib_module_names) - LIGHT - {"vla_isaac"} == set()


def test_nothing_of_a_kind_that_runs_code_is_read():
    """Pickles run code when they are read; weights are safetensors or ONNX."""
    users = {str(p.relative_to(ROOT)) for p in FILES for name in imported(p) if name.partition(".")[0] in ("pickle", "dill")}
    assert users == set()


def test_the_names_of_an_exchange_load_nothing_heavier_than_numpy():
    code = f"import sys; {LIGHT_NAMES}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "numpy" in loaded
    assert set(loaded) & (set(HOMES) | {"PIL", "yaml", "gymnasium"}) == set()


def test_the_stub_backend_needs_nothing_but_numpy():
    code = "import sys, vla_isaac.backends.stub.backend; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(loaded) & (set(HOMES) | {"PIL", "yaml"}) == set()


OPENERS = {
    "File": {"vla_isaac/datasets/robomimic/layout.py"},  # h5py
    "ParquetFile": {"vla_isaac/datasets/parquet.py"},
    "InferenceSession": {"vla_isaac/models/onnx_network.py"},  # onnxruntime
    "ZipFile": {"vla_isaac/core/array_files.py"},
    "from_file": {"vla_isaac/models/token_vocabulary.py", "vla_isaac/rendering/robot.py"},  # tokenizers; MuJoCo
    "load_file": {"vla_isaac/training/checkpoint.py"},  # safetensors
    "read_bytes": {"vla_isaac/core/input_files.py"},
    "read_text": {"vla_isaac/cli/installed.py"},  # of the metadata of an installed package
}
"""Names of what opens somebody's file, and where that is made safe."""

OPEN = {
    "av.open": {"vla_isaac/datasets/video_container.py"},
    "pil.open": {"vla_isaac/datasets/images_on_disk.py"},
}
"""The same for what is called `open`."""

OPEN_AS = {
    "av.open": "av.open",
    "self._av.open": "av.open",
    "_av().open": "av.open",
    "pil.open": "pil.open",
    "Image.open": "pil.open",
}
"""How it is written in the source."""


def test_somebody_elses_file_is_opened_in_one_place_only():
    found: dict[str, set[str]] = {name: set() for name in OPENERS} | {name: set() for name in OPEN}
    for path in FILES:
        for node in imports_and_calls(path):
            if not isinstance(node, ast.Call):
                continue
            is_writing = any(keyword.arg == "mode" and ast.unparse(keyword.value) == "'w'" for keyword in node.keywords)
            called = ast.unparse(node.func)
            name = OPEN_AS.get(called, called.rpartition(".")[2])
            is_helper = "." not in called and name in ("read_bytes", "read_text")
            if name in found and not is_writing and not is_helper:
                found[name].add(str(path.relative_to(ROOT)))
    assert found == OPENERS | OPEN


PARSERS = {
    "json.loads": {"vla_isaac/core/input_files.py"},
    "np.load": {"vla_isaac/collection/collect.py"},  # what its own workers have staged, mapped into memory
    "np.fromfile": set(),
    "onnx.load": {"vla_isaac/training/onnx_storage.py"},  # what it has just written
    "yaml.load": set(),
    "yaml.safe_load": set(),
}
"""Names of what parses a text or a file, and where; the helpers of `core` are used everywhere else."""

OWN_TEXT = {"dumps(", "json.dumps(", "config.to_json_string("}
"""Beginnings of a text that this process has made itself."""


def test_a_text_is_parsed_only_where_every_error_names_the_file():
    found: dict[str, set[str]] = {name: set() for name in PARSERS}
    for path in FILES:
        for node in imports_and_calls(path):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in found and not ast.unparse(node.args[0]).startswith(tuple(OWN_TEXT)):
                found[called].add(str(path.relative_to(ROOT)))
    assert found == PARSERS


READS_BYTES = {
    "vla_isaac/cli/process.py",  # the standard streams, by their numbers
    "vla_isaac/datasets/loading/frame_cache.py",  # its own cache, to lock it
    "vla_isaac/evaluation/results_file.py",  # a digest, line by line
    "vla_isaac/models/onnx_file.py",  # mapped into memory
}
"""Files that open another for reading by themselves, where it may be too large to be read at once."""


def test_a_file_is_opened_for_reading_by_the_helpers():
    found = set()
    for path in FILES:
        for node in imports_and_calls(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "open":
                modes = [one.value for one in node.args if isinstance(one, ast.Constant)]
                if any(mode in ("r", "rb", "rt") for mode in modes) or ast.unparse(node.func) == "open":
                    found.add(str(path.relative_to(ROOT)))
    assert found == READS_BYTES


ERRORS = {"error", "err", "exc", "exception", "fault"}
"""Names of variables that hold an error, besides those that an `except` binds."""

TEXTS = {"message", "remedy", "reason", "what"}
"""Fields of errors, results and problems that are written for people."""

LOOKS_INTO = {"startswith", "endswith", "split", "rsplit", "partition", "rpartition", "find", "index", "count", "splitlines"}
"""Methods that take a text apart or ask what is in it."""


def parsed_messages(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that decide something by the text of an error, a reason or a problem, as far as the source shows."""
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name} | ERRORS

    def is_error(node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in caught

    def is_text(node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute):
            return node.attr in TEXTS
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("str", "describe")
        return is_call and len(node.args) == 1 and (is_error(node.args[0]) or is_text(node.args[0]))

    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            operators = (ast.In, ast.NotIn, ast.Eq, ast.NotEq)
            if any(map(is_text, sides)) and any(isinstance(op, operators) for op in node.ops):
                yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_regex = ast.unparse(node.func.value) == "re" and any(map(is_text, node.args))
            if is_regex or (node.func.attr in LOOKS_INTO and is_text(node.func.value)):
                yield node.lineno
        elif isinstance(node, ast.Subscript):
            value = node.value
            is_args = isinstance(value, ast.Attribute) and value.attr == "args" and is_error(value.value)
            if is_args or is_text(value):
                yield node.lineno


@pytest.mark.parametrize(
    ("line", "is_parsing"),
    [
        ('"example" in str(error)', True),
        ("str(error).splitlines()[0]", True),
        ("error.args[0]", True),
        ('result.reason.startswith("declined")', True),
        ('status.problem.what.partition("; ")', True),
        ('error.message == "no such file"', True),
        ('re.search("camera", str(error))', True),
        ("isinstance(error, PolicyDeclined)", False),
        ('f"cannot be read ({error})"', False),
        ("type(error)(*error.args)", False),
        ("describe(error)", False),
        ('name.startswith("q")', False),
    ],
)
def test_parsing_of_a_message_is_seen(line, is_parsing):
    assert bool(list(parsed_messages(ast.parse(line)))) == is_parsing


READS_TEXT = {
    "vla_isaac/core/errors.py",  # joins message and remedy
    "vla_isaac/core/read_only.py",  # numpy has no type for a write that it refuses
}


def test_no_module_decides_by_the_text_of_an_error():
    """What a caller must tell apart has a class or a field in `core.errors`, or in the result."""
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in FILES
        if str(path.relative_to(ROOT)) not in READS_TEXT
        for line in parsed_messages(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set()
