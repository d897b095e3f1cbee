"""Parquet tables in memory and on disk; errors name the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import reading
from vla_isaac.core.optional import require
from vla_isaac.datasets.episode import Feature
from vla_isaac.datasets.untrusted_paths import regular_file

pa: Any = require("pyarrow", extra="data", need="the dataset format lerobot")
pq: Any = require("pyarrow.parquet", extra="data", need="the dataset format lerobot")


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
    try:
        return pq.ParquetFile(regular_file(path))
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing; copy the dataset again") from error
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path} is broken or truncated ({error}); copy the dataset again") from error


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
        try:
            groups = range(file.num_row_groups) if row_groups is None else row_groups
            return file.read_row_groups(list(groups), columns=columns, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f"{path} is broken or truncated ({error}); copy the dataset again") from error


def first_value(path: Path, column: str) -> Any:
    """Return the first value of a column as a Python object, without reading the others; None if there is none.

    Raises:
        DatasetError: If the file is missing or broken.
    """
    with open_file(path) as file, reading(path, error=DatasetError, remedy="copy the dataset again"):
        batch = next(file.iter_batches(batch_size=1, columns=[column], use_threads=False), None)
        return batch[0][0].as_py() if batch is not None and batch.num_columns and batch.num_rows else None


def read_where(path: Path, predicate: Callable[[str], bool]) -> Any:
    """Return the columns of a file whose names satisfy `predicate`.

    Raises:
        DatasetError: If it is missing or broken.
    """
    with open_file(path) as file:
        try:
            return file.read(columns=[name for name in file.schema_arrow.names if predicate(name)], use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f"{path} is broken or truncated ({error}); copy the dataset again") from error


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
    values: AnyArray = array.to_numpy(zero_copy_only=False)
    return np.array(values, dtype=feature.dtype).reshape(rows, *feature.shape)


def of_columns(columns: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> Any:
    """Return a table of arrays by name."""
    return pa.table(dict(columns)).replace_schema_metadata(dict(metadata) if metadata else None)
