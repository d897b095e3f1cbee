"""`check_checkpoint`: check that a checkpoint refers only to its own files, before the transformers library loads it.

A checkpoint is untrusted input. The library joins the file names of an index with the folder unchecked, so ``../x`` leads
out of it, and downloads from the hub an encoder without settings or a named implementation of attention.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from vla_isaac.core.contained_paths import check_folder
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_json, reading
from vla_isaac.models.encoders.pretrained import is_pretrained

SUFFIXES = (".json", ".safetensors")
"""Endings of the files that the transformers library opens."""

INDEX = "model.safetensors.index.json"
IMPLEMENTATIONS = ("attn_implementation", "experts_implementation")
MOST_LAYERS = 256
"""Largest number of layers that is built, before the weights are compared with it."""

REMEDY = "copy the checkpoint again from its author, or train one"


def check_checkpoint(folder: Path, config: Mapping[str, Any]) -> None:
    """Check that a checkpoint can be loaded without other files and without network access.

    Args:
        folder: The checkpoint.
        config: Content of its ``config.json``.

    Raises:
        ConfigError: If a field refers to something outside the folder; names file, field and value.
    """
    check_folder(folder, SUFFIXES, error=ConfigError, remedy=REMEDY)
    source = folder / "config.json"
    weights = config.get("transformers_weights")
    if weights is not None and not _is_name(weights):
        raise _refused(source, "transformers_weights", weights, "the name of a file next to it")
    for field in ("vision", "language"):
        encoder = config.get(field)
        if encoder is not None and is_pretrained(str(encoder)) and not config.get(f"{field}_settings"):
            raise _refused(source, field, encoder, f"an encoder whose {field}_settings are in the file")
    for field, value in _entries(config):
        if field.endswith(("layers", "blocks")) and isinstance(value, int) and value > MOST_LAYERS:
            raise _refused(source, field, str(value)[:60], f"a number of at most {MOST_LAYERS}")
        if field.lstrip("_").removesuffix("_internal") in IMPLEMENTATIONS and "/" in str(value):
            raise _refused(source, field, value, "an implementation of the transformers library, such as 'sdpa'")
    for value in _shards(folder / INDEX):
        if not _is_name(value):
            raise _refused(folder / INDEX, "weight_map", value, "the name of a file next to it")


def _shards(path: Path) -> list[Any]:
    """Return the names of the weight files; empty for a single file, which training writes."""
    if not path.exists():
        return []
    with reading(path, error=ConfigError, remedy=REMEDY):
        return list(read_json(path, error=ConfigError, remedy=REMEDY)["weight_map"].values())


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield keys and values of a config and of all nested mappings."""
    for key, inner in value.items():
        yield str(key), inner
        if isinstance(inner, Mapping):
            yield from _entries(inner)


def _is_name(value: Any) -> bool:
    """Return whether `value` is a file name without a folder, on every operating system."""
    return (
        isinstance(value, str)
        and value not in ("", "..")
        and {PurePosixPath(value).name, PureWindowsPath(value).name} == {value}
    )


def _refused(source: Path, field: str, value: Any, accepted: str) -> ConfigError:
    return ConfigError(
        f"{source}: {field} is {value!r}, which is not part of the checkpoint; accepted is {accepted}; {REMEDY}"
    )
