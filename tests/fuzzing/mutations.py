"""Mutations of a file by seed: damaged bytes, and values of a text, table or archive that nobody expects."""

from __future__ import annotations

import io
import json
import math
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

DIGITS = "@5000 digits@"
DEEP = "@nested deeply@"
EXTREMES: tuple[Any, ...] = (
    None, True, False, "", "x", "é" * 300, "../../etc/passwd", "/etc/passwd", "nan", "\ud800", [], {}, [[]], [None],
    0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, -0.5, 1e-320, 1e308, math.inf, -math.inf, math.nan, DIGITS, DEEP,
)  # fmt: skip
"""Values in place of one in a JSON or YAML file."""


def mutate(path: Path, rng: random.Random) -> str:
    """Change a file and return what was done."""
    special = SPECIAL.get(path.suffix)
    if special is not None and rng.random() < 0.6:
        return special(path, rng)
    return rng.choice(BYTES)(path, rng)


# ------------------------------------------------------------------ what is no file


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def to_nothing(path: Path) -> None:
    path.unlink()


def to_link(path: Path) -> None:
    """Lead out of the folder that a user has named, to the same content."""
    outside = Path(tempfile.gettempdir()) / f"outside-{os.getpid()}{path.suffix}"
    shutil.move(path, outside)
    path.symlink_to(outside)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "a pipe": to_pipe,
    "a device": to_device,
    "a folder": to_folder,
    "nothing": to_nothing,
    "a link to a file outside": to_link,
}


# ------------------------------------------------------------------ bytes


def flip(path: Path, rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    places = [rng.randrange(len(data) * 8) for _ in range(rng.choice((1, 1, 2, 8, 64)))] if data else []
    for bit in places:
        data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    return f"flip bits {places[:8]}"


def cut(path: Path, rng: random.Random) -> str:
    data = path.read_bytes()
    size = rng.choice((0, 1, rng.randrange(len(data) + 1), max(0, len(data) - rng.randint(1, 16))))
    path.write_bytes(data[:size])
    return f"cut to {size} of {len(data)} bytes"


def overwrite(path: Path, rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 8, 64, 512))
    kind = rng.choice(("zeros", "ones", "noise", "largest"))
    patches = {"zeros": bytes(size), "ones": b"\xff" * size, "noise": rng.randbytes(size)}
    data[start : start + size] = patches.get(kind, b"\xff" * (size - 1) + b"\x7f")
    path.write_bytes(data)
    return f"write {size} bytes of {kind} at {start}"


def insert(path: Path, rng: random.Random) -> str:
    data = path.read_bytes()
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 4, 100))
    path.write_bytes(data[:start] + rng.randbytes(size) + data[start:])
    return f"insert {size} bytes at {start}"


def move(path: Path, rng: random.Random) -> str:
    """Exchange two blocks, or repeat one."""
    data = path.read_bytes()
    size = max(1, len(data) // 8)
    one, other = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    path.write_bytes(data[:one] + data[other : other + size] + data[one + size :])
    return f"write block {other} over {one}"


BYTES = (flip, flip, cut, overwrite, overwrite, insert, move)


# ------------------------------------------------------------------ JSON and YAML


def change_value(tree: Any, rng: random.Random) -> str:
    """Replace, remove, repeat or exchange one value of nested lists and mappings, which are changed in place."""
    parents: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            parents.append((value, key))
            if isinstance(value[key], dict | list):
                walk(value[key])

    walk(tree)
    if not parents:
        return "nothing"
    shallow = [pair for pair in parents if not isinstance(pair[0], list) or len(pair[0]) < 12]
    parent, key = rng.choice(shallow if shallow and rng.random() < 0.8 else parents)
    what = rng.choice(("replace", "replace", "replace", "replace", "remove", "repeat", "exchange", "scale"))
    old = parent[key]
    if what == "remove":
        del parent[key]
    elif what == "repeat" and isinstance(parent, list):
        parent.insert(key, old)
    elif what == "exchange":
        other, there = rng.choice(parents)
        parent[key], other[there] = json.loads(json.dumps(other[there])), json.loads(json.dumps(old))
    elif what == "scale" and isinstance(old, int | float) and not isinstance(old, bool):
        parent[key] = old * rng.choice((-1, 2, 0.5, 1000, 10**9))
    else:
        parent[key] = rng.choice(EXTREMES)
        return f"{str(key)[:40]} = {str(parent[key])[:40]!r}"
    return f"{what} {str(key)[:40]}"


def to_json(tree: Any, **options: Any) -> str:
    text = json.dumps(tree, **options)
    return text.replace(json.dumps(DIGITS), "9" * 5000).replace(json.dumps(DEEP), "[" * 5000 + "]" * 5000)


def change_json(path: Path, rng: random.Random) -> str:
    tree = [json.loads(path.read_text(encoding="utf-8"))]
    done = change_value(tree, rng)
    path.write_text(to_json(tree[0], indent=1) if tree else "", encoding="utf-8")
    return done


def change_json_lines(path: Path, rng: random.Random) -> str:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    done = change_value(lines, rng)
    path.write_text("".join(to_json(line) + "\n" for line in lines), encoding="utf-8")
    return done


def change_yaml(path: Path, rng: random.Random) -> str:
    import yaml

    tree = [yaml.safe_load(path.read_text(encoding="utf-8"))]
    done = change_value(tree, rng)
    path.write_text(to_json(tree[0], indent=1) if tree else "", encoding="utf-8")  # JSON is YAML
    return done


# ------------------------------------------------------------------ tables and archives


def change_arrays(path: Path, rng: random.Random) -> str:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    name = rng.choice(sorted(arrays))
    arrays[name], done = other_array(arrays[name], rng)
    if name == "meta" and rng.random() < 0.7:
        with np.load(path) as file:
            tree = json.loads(bytes(file["meta"]))
        done = change_value(tree, rng)
        arrays[name] = np.frombuffer(to_json(tree).encode("utf-8", "surrogatepass"), np.uint8)
    if done == "remove":
        del arrays[name]
    memory = io.BytesIO()
    np.savez(memory, **arrays)
    path.write_bytes(memory.getvalue())
    return f"{name}: {done}"


STRANGE = ("nan", "inf", "negative", "huge", "text", "objects", "shorter", "wider", "empty", "scalar", "complex", "remove")


def other_array(values: Any, rng: random.Random) -> tuple[Any, str]:
    """Return an array of another type or shape, or with values that nobody expects."""
    what = rng.choice(STRANGE)
    values = np.array(values)
    if what in ("nan", "inf", "negative", "huge") and values.size and values.dtype.kind in "fiu":
        is_whole = values.dtype.kind in "iu"
        flat = values.astype(np.float64 if what in ("nan", "inf") else values.dtype).reshape(-1)
        numbers = {"nan": np.nan, "inf": np.inf, "negative": -1, "huge": np.iinfo(values.dtype).max if is_whole else 1e30}
        flat[rng.randrange(flat.size)] = 0 if (what, flat.dtype.kind) == ("negative", "u") else numbers[what]
        return flat.reshape(values.shape).astype(flat.dtype if is_whole else values.dtype), what
    shapes: dict[str, Callable[[], Any]] = {
        "text": lambda: np.full(values.shape, "x"),
        "objects": lambda: np.full(values.shape, {}, dtype=object) if values.size < 1000 else values.astype(object),
        "shorter": lambda: values[:-1] if values.ndim else values,
        "wider": lambda: values[..., None],
        "empty": lambda: values[:0] if values.ndim else values,
        "scalar": lambda: np.float64(3.0),
        "complex": lambda: values.astype(np.complex128) if values.dtype.kind in "fiub" else values,
    }
    return (shapes[what]() if what in shapes else values), what


def change_hdf5(path: Path, rng: random.Random) -> str:
    import h5py

    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name = rng.choice(names)
        if rng.random() < 0.4 and len(file[name].attrs):
            key = rng.choice(sorted(file[name].attrs))
            return f"{name}.{key}: {_change_attribute(file[name].attrs, key, rng)}"
        if isinstance(file[name], h5py.Dataset):
            values, done = other_array(file[name][()], rng)
            del file[name]
            if done == "objects":
                values = np.full(values.shape, b"x", dtype=h5py.string_dtype())
            elif done == "text":
                values = np.full(values.shape, b"x")
            if done != "remove":
                file[name] = values
            return f"{name}: {done}"
        del file[name]
        return f"{name}: remove"


def _change_attribute(attributes: Any, key: str, rng: random.Random) -> str:
    value = attributes[key]
    try:
        tree = [json.loads(value)]
        done = change_value(tree, rng)
        attributes[key] = to_json(tree[0]) if tree else ""
        return done
    except (TypeError, ValueError):
        attributes[key] = rng.choice((0, -1, 2**62, math.nan, "x", b"\xff", np.zeros((2, 2))))
        return str(attributes[key])[:40]


def change_table(path: Path, rng: random.Random) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    number = rng.randrange(table.num_columns)
    name = table.column_names[number]
    what = rng.choice(("null", "nan", "negative", "huge", "text", "remove", "rename", "repeat rows", "drop rows", "type"))
    if what == "remove":
        table = table.drop_columns([name])
    elif what == "rename":
        table = table.rename_columns([f"{n}x" if n == name else n for n in table.column_names])
    elif what in ("repeat rows", "drop rows"):
        table = pa.concat_tables([table, table]) if what == "repeat rows" else table.slice(rng.randrange(table.num_rows + 1))
    else:
        rows = table[name].to_pylist()
        row = rng.randrange(len(rows)) if rows else 0
        values = {"null": None, "nan": math.nan, "negative": -1, "huge": 2**60, "text": "x", "type": 0}
        rows = [_replaced(one, values[what]) if k == row or what == "type" else one for k, one in enumerate(rows)]
        try:
            column = pa.array(rows, table.schema.field(name).type if what in ("null", "nan", "negative", "huge") else None)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            column = pa.array([str(one) for one in rows])
        table = table.set_column(number, name, column)
    pq.write_table(table, path)
    return f"{name}: {what}"


def _replaced(value: Any, new: Any) -> Any:
    """Return a list of the same length with another first entry, or the new value."""
    return [new, *value[1:]] if isinstance(value, list) and value and not isinstance(value[0], list) else new


SPECIAL: dict[str, Callable[[Path, random.Random], str]] = {
    ".json": change_json,
    ".jsonl": change_json_lines,
    ".yaml": change_yaml,
    ".npz": change_arrays,
    ".hdf5": change_hdf5,
    ".parquet": change_table,
}
