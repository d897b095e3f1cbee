"""The table of tasks, and the sentence of each row: `task_index` is its number in the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.lerobot.layout import TASKS
from vla_isaac.datasets.parquet import of_columns, pa, read_table, to_bytes
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, file_inside

TASK_INDEX = "__index_level_0__"  # name that pandas gives an unnamed index


def tasks_file(tasks: Mapping[str, int]) -> bytes:
    """Return the table of tasks; pandas reads the texts as its index."""
    about = {
        "index_columns": [TASK_INDEX],
        "column_indexes": [
            {
                "name": None,
                "field_name": None,
                "pandas_type": "unicode",
                "numpy_type": "object",
                "metadata": {"encoding": "UTF-8"},
            }
        ],
        "columns": [
            {
                "name": "task_index",
                "field_name": "task_index",
                "pandas_type": "int64",
                "numpy_type": "int64",
                "metadata": None,
            },
            {"name": None, "field_name": TASK_INDEX, "pandas_type": "unicode", "numpy_type": "object", "metadata": None},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    columns = {"task_index": pa.array(list(tasks.values()), pa.int64()), TASK_INDEX: pa.array(list(tasks), pa.string())}
    return to_bytes([of_columns(columns, {"pandas": json.dumps(about)})])


def read_tasks(root: Path) -> dict[str, int]:
    """Return the number of each task by its text; empty if the file does not exist.

    Raises:
        DatasetError: If it is broken, or holds anything but numbers and texts.
    """
    path = root / TASKS
    if not path.exists():
        return {}
    table = read_table(file_inside(root, TASKS))
    texts = [name for name in table.column_names if name != "task_index"]
    if "task_index" not in table.column_names or not texts:
        names = ", ".join(table.column_names)
        raise DatasetError(f"{path} has the columns {names}, not task_index and the texts", remedy=COPY_AGAIN)
    rows = zip(table["task_index"].to_pylist(), table[texts[-1]].to_pylist(), strict=True)
    return by_text([task_entry(number, text, source=f"{path}, row {row}") for row, (number, text) in enumerate(rows)])


def task_entry(number: Any, text: Any, *, source: str) -> tuple[int, str]:
    """Return an entry of the table of tasks.

    Raises:
        DatasetError: If the number is not a whole one from 0, or the text is no text.
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise DatasetError(f"{source}: task_index is {number!r:.60}, expected a whole number from 0", remedy=COPY_AGAIN)
    if not isinstance(text, str):
        raise DatasetError(f"{source}: the text of the task is {text!r:.60}, expected text", remedy=COPY_AGAIN)
    return number, text


def by_text(entries: Sequence[tuple[int, str]]) -> dict[str, int]:
    """Return the number of each task by its text, in the order of the numbers."""
    return {text: number for number, text in sorted(entries)}


def listed_tasks(value: Any, *, source: str) -> tuple[str, ...]:
    """Return the sentences that an entry of the list of episodes names, each once; a lone text is one sentence.

    Raises:
        DatasetError: If it is neither text, a list of texts nor missing.
    """
    texts = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DatasetError(f"{source}: tasks is {value!r:.60}, expected a list of texts", remedy=COPY_AGAIN)
    return tuple(dict.fromkeys(texts))


def texts_of_rows(numbers: Sequence[int], listed: Sequence[str], table: Mapping[str, int], *, source: str) -> list[str]:
    """Return the sentence of each row of an episode.

    The table gives the sentence of a number. A table that has none of the sentences that the episode lists is one of
    placeholders: then the listed ones are taken, in the order in which the rows first use a number.

    Args:
        numbers: `task_index` of each row.
        listed: The sentences that the list of episodes names.
        table: The number of each task by its text.
        source: File and episode, for errors.

    Raises:
        DatasetError: If a number has no sentence.
    """
    used = list(dict.fromkeys(numbers))
    texts = {number: text for text, number in table.items() if number in set(used)}
    if len(listed) == len(used) and not set(listed) & set(texts.values()):
        texts = dict(zip(used, listed, strict=True))
    if not table and not listed:
        return [""] * len(numbers)
    unknown = [number for number in used if number not in texts]
    if unknown:
        raise DatasetError(
            f"{source}: task_index {unknown[0]} is not in the table of tasks, which has {len(table)}",
            remedy="copy the table again, or correct the column task_index",
        )
    return [texts[number] for number in numbers]
