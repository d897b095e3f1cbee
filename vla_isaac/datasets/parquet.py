"""Parquet tables in memory and on disk; errors name the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError
from vla_isaac.core.optional import require
from vla_isaac.datasets.episode import Feature, stored_column
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, reading, regular_file

pa: Any = require("pyarrow", extra="data", need="the dataset format lerobot")
pq: Any = require("pyarrow.parquet", extra="data", need="the dataset format lerobot")

AT_ONCE, FEW_AT_ONCE = 1024, 32  # rows that are unpacked together; the fewer for columns with texts
MOST_BYTES = 1 << 30
"""Bytes of the columns and row groups that are read together."""


def to_bytes(tables: Sequence[Any], *, lean: bool = False) -> bytes:
    """Return the file content of some tables of one schema, each a row group.

    Args:
        tables: At least one.
        lean: For few rows of many columns: omit the column metadata, which is larger than the data.
    """
    sink = pa.BufferOutputStream()
    options = {"use_dictionary": False, "write_statistics": False, "store_schema": False} if lean else {}
    with pq.ParquetWriter(sink, tables[0].schema, compression="snappy", **options) as writer:
        for table in tables:
            writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def open_file(path: Path) -> Any:
    """Return the open file.

    Raises:
        DatasetError: If it is missing or broken.
    """
    with reading(path):
        return pq.ParquetFile(regular_file(path))


def num_rows(path: Path) -> int:
    """Return the number of rows of a file; errors as for `open_file`."""
    with open_file(path) as file:
        return int(file.metadata.num_rows)


def read_table(path: Path, columns: Sequence[str] | None = None, row_groups: Sequence[int] | None = None) -> Any:
    """Return a file as a table, or some columns and row groups of it.

    Raises:
        DatasetError: If it is missing, broken, or has no such column.
    """
    with open_file(path) as file:
        missing = set(columns or ()) - set(file.schema_arrow.names)
        if missing:
            raise DatasetError(
                f"{path} has no column {', '.join(sorted(missing))}; it has {', '.join(file.schema_arrow.names)}"
            )
        groups = range(file.num_row_groups) if row_groups is None else row_groups
        return _read(file, path, list(groups), list(columns or file.schema_arrow.names))


def first_value(path: Path, column: str) -> Any:
    """Return the first value of a column as a Python object, without reading the others; None if there is none.

    Raises:
        DatasetError: If the file is missing or broken.
    """
    with open_file(path) as file, reading(path):
        batch = next(file.iter_batches(batch_size=1, columns=[column], use_threads=False), None)
        return batch[0][0].as_py() if batch is not None and batch.num_columns and batch.num_rows else None


def read_where(path: Path, predicate: Callable[[str], bool]) -> Any:
    """Return the columns of a file whose names satisfy `predicate`.

    Raises:
        DatasetError: If it is missing or broken.
    """
    with open_file(path) as file:
        names = [name for name in file.schema_arrow.names if predicate(name)]
        return _read(file, path, list(range(file.num_row_groups)), names)


def _read(file: Any, path: Path, groups: list[int], columns: list[str]) -> Any:
    """Return columns of row groups of an open file.

    In parts, which end at `MOST_BYTES`: run lengths and dictionaries make a file small whose values fill any memory. The
    metadata of a column is not looked at: pyarrow ends the process where it is broken.
    """
    parts, size = [], 0
    with reading(path):
        schema = pa.schema([file.schema_arrow.field(name) for name in columns])
        rows = FEW_AT_ONCE if any(map(_has_text, schema.types)) else AT_ONCE
        for part in file.iter_batches(rows, row_groups=groups, columns=columns, use_threads=False):
            part.validate(full=True)
            parts.append(part)
            size += part.nbytes
            if size > MOST_BYTES:
                raise DatasetError(f"{path} unpacks to more than {MOST_BYTES >> 20} MiB at once", remedy=COPY_AGAIN)
        return pa.Table.from_batches(parts, schema)


def _has_text(kind: Any) -> bool:
    """Return whether a column has texts or bytes, of which a dictionary repeats long ones at no cost."""
    inner = [kind.field(k).type for k in range(kind.num_fields)] if pa.types.is_nested(kind) else []
    return any(map(_has_text, inner)) if inner else not pa.types.is_primitive(kind)


def to_arrow(values: AnyArray, feature: Feature) -> Any:
    """Return a column as LeRobot stores it: numbers, or lists of fixed length, nested for more dimensions."""
    array = pa.array(np.ascontiguousarray(values, dtype=feature.dtype).reshape(-1))
    if feature.shape == (1,):
        return array
    for size in reversed(feature.shape):
        array = pa.FixedSizeListArray.from_arrays(array, size)
    return array


def to_numpy(column: Any, feature: Feature) -> AnyArray:
    """Return a column, shape (T, *shape), bit-identical to the stored numbers."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    rows = len(array)
    while pa.types.is_nested(array.type) or isinstance(array, pa.ExtensionArray):
        array = array.storage if isinstance(array, pa.ExtensionArray) else array.flatten()
    if array.null_count:
        raise ValueError(f"it has {array.null_count} empty cells")
    values: AnyArray = array.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "fiub":
        raise ValueError(f"it holds {array.type}, not numbers")
    return stored_column(values, feature).reshape(rows, *feature.shape).copy()


def of_columns(columns: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> Any:
    """Return a table of arrays by name."""
    return pa.table(dict(columns)).replace_schema_metadata(dict(metadata) if metadata else None)
