"""`read_yaml`: the content of a YAML file, without aliases that unfold to more than the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_bytes, reading

MOST_BYTES = 1 << 18
"""Bytes of a YAML file; the largest of this package has less than 200,000."""

MOST_ENTRIES = 100_000
"""Numbers, texts, lists and mappings of a file after its aliases are replaced by what they stand for."""

REMEDY = "give the path of a YAML file, or the name of a preset"


def read_yaml(path: Path, *, loader: Any = None) -> Any:
    """Return the content of a YAML file as plain values.

    Args:
        path: The file.
        loader: A safe loader class of PyYAML; None takes its `SafeLoader`.

    Raises:
        ConfigError: If the file is missing, too large, no regular file or no YAML, or its aliases unfold to too much.
    """
    import yaml

    data = read_bytes(path, error=ConfigError, remedy=REMEDY, limit=MOST_BYTES)
    with reading(path, error=ConfigError, remedy="save it as UTF-8"):
        text = data.decode("utf-8-sig")
    with reading(path, error=ConfigError, remedy="correct the file"):
        try:
            return _construct(path, (loader or yaml.SafeLoader)(text))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise ConfigError(f"{path}:{where} is not valid YAML: {getattr(error, 'problem', error)}") from error


def _construct(path: Path, loader: Any) -> Any:
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _entries(node, {}) > MOST_ENTRIES:
            raise ConfigError(
                f"{path} has aliases that unfold to more than {MOST_ENTRIES:,} entries",
                remedy="write the entries out, or leave them out",
            )
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _entries(node: Any, known: dict[int, int]) -> int:
    """Return the number of entries of a node after unfolding; a node that contains itself has too many."""
    if id(node) not in known:
        known[id(node)] = MOST_ENTRIES + 1
        if isinstance(node.value, str):
            node.value.encode()  # raises for half a character, which cannot be written
        inner = node.value if isinstance(node.value, list) else []
        parts = [part for entry in inner for part in (entry if isinstance(entry, tuple) else (entry,))]
        known[id(node)] = 1 + sum(_entries(part, known) for part in parts)
    return known[id(node)]
