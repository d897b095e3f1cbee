"""YAML files ⇄ frozen dataclasses, with errors that name file, key, value and what is accepted."""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from vla_isaac.core.errors import ConfigError, VlaIsaacError, shown, unknown
from vla_isaac.core.registry import unknown_name
from vla_isaac.core.resources import preset_names, resource
from vla_isaac.core.yaml_files import read_yaml

T = TypeVar("T")

MOST_INT = 2**63 - 1
"""Largest whole number of NumPy and of every file format."""


def load_preset(cls: type[T], kind: str, name_or_path: str) -> T:
    """Fill `cls` from ``config/<kind>/<name>.yaml`` or from a YAML file given by its path.

    Raises:
        UnknownNameError: If there is no such preset.
        ConfigError: If the file is invalid or does not fit `cls`.
    """
    if name_or_path.endswith((".yaml", ".yml")):
        return load_yaml(cls, Path(name_or_path))
    names = preset_names(kind)
    if name_or_path not in names:
        raise unknown_name(kind.rstrip("s"), name_or_path, names)
    return load_yaml(cls, resource("config", kind, f"{name_or_path}.yaml"))


def load_yaml(cls: type[T], path: Path, *, loader: Any = None) -> T:
    """Fill the dataclass `cls` from a YAML file.

    Args:
        cls: A dataclass.
        path: The file.
        loader: A safe loader class of PyYAML; None takes its `SafeLoader`.

    Raises:
        ConfigError: If the file is missing, too large, is not YAML or does not fit `cls`.
    """
    data = read_yaml(path, loader=loader)
    return from_mapping(cls, {} if data is None else data, source=str(path))


def from_mapping(cls: type[T], data: Any, *, source: str = "configuration", key: str = "") -> T:
    """Make a `cls` from nested plain values, checking every key and type.

    Raises:
        ConfigError: Naming `source`, the key, the value and what is accepted.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{_where(source, key)}: expected a mapping of keys, got {shown(data)}")
    fields = {f.name: f for f in dataclasses.fields(typing.cast(Any, cls)) if f.init}
    hints = typing.get_type_hints(cls)
    for name in data:
        if name not in fields:
            words = f"{_where(source, key)}: unknown key {shown(name)}"
            raise unknown(ConfigError, words, shown(name).strip("'"), fields, label="Accepted")
    for name, f in fields.items():
        if name not in data and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{_where(source, key)}: the key {name!r} is missing")
    values = {name: _convert(hints[name], value, source, f"{key}.{name}".lstrip(".")) for name, value in data.items()}
    try:
        return cls(**values)
    except VlaIsaacError as error:
        raise ConfigError(f"{_where(source, key)}: {error.message}", remedy=error.remedy) from error


def to_mapping(value: Any) -> Any:
    """Return nested plain values (dict, list, numbers, text) that `from_mapping` reads back."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_mapping(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init}
    if isinstance(value, Mapping):
        return {str(k): to_mapping(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_mapping(v) for v in value]
    return value


def _convert(kind: Any, value: Any, source: str, key: str) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin is Literal:
        if value in args:
            return value
        raise _refuse(source, key, value, "one of " + ", ".join(map(repr, args)))
    if origin in (Union, types.UnionType):
        return _convert_union(args, value, source, key)
    if origin is tuple:
        return _convert_tuple(args, value, source, key)
    if origin is list:
        return list(_convert_tuple((args[0], ...), value, source, key))
    if origin in (dict, Mapping) or origin is typing.get_origin(Mapping[str, int]):
        if not isinstance(value, Mapping):
            raise _refuse(source, key, value, "a mapping")
        return {str(k): _convert(args[1], v, source, f"{key}.{k}") for k, v in value.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return value if isinstance(value, kind) else from_mapping(kind, value, source=source, key=key)
    return _convert_plain(kind, value, source, key)


def _convert_plain(kind: Any, value: Any, source: str, key: str) -> Any:
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if not abs(value) <= sys.float_info.max:  # also NaN, and whole numbers that are too large
            raise _refuse(source, key, value, "a finite number")
        return float(value)
    if kind is int and isinstance(value, int) and abs(value) > MOST_INT:
        raise _refuse(source, key, value, f"a whole number of at most {MOST_INT}")
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    names = {float: "a number", int: "a whole number", str: "text", bool: "true or false"}
    raise _refuse(source, key, value, names.get(kind, getattr(kind, "__name__", str(kind))))


def _convert_union(args: tuple[Any, ...], value: Any, source: str, key: str) -> Any:
    if value is None and type(None) in args:
        return None
    errors = []
    for kind in (a for a in args if a is not type(None)):
        try:
            return _convert(kind, value, source, key)
        except ConfigError as error:
            errors.append(error)
    raise errors[0]


def _convert_tuple(args: tuple[Any, ...], value: Any, source: str, key: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _refuse(source, key, value, "a list")
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_convert(args[0], v, source, f"{key}[{i}]") for i, v in enumerate(value))
    if len(value) != len(args):
        raise _refuse(source, key, value, f"a list of {len(args)} values")
    return tuple(_convert(kind, v, source, f"{key}[{i}]") for i, (kind, v) in enumerate(zip(args, value, strict=True)))


def _refuse(source: str, key: str, value: Any, accepted: str) -> ConfigError:
    return ConfigError(f"{_where(source, key)}: {shown(value)} is not accepted", remedy=f"give {accepted}")


def _where(source: str, key: str) -> str:
    return f"{source}, key {key!r}" if key else source
