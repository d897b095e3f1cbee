"""`Fields`: the fields of a JSON object or table row, each checked; an error names the place and the field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN

MOST = 10**12  # rows, episodes or files; more than a dataset can have


class Fields:
    """An object and its place, such as ``meta/episodes.jsonl, line 3``."""

    def __init__(self, data: Any, source: str, *, remedy: str = COPY_AGAIN) -> None:
        """Take an object.

        Raises:
            DatasetError: If it is no mapping of names to values.
        """
        self._source, self._remedy = source, remedy
        if not isinstance(data, Mapping):
            raise self._error(f"is {data!r:.60}, expected an object")
        self._data = data

    def whole(self, name: str, default: int | None = None, *, least: int = 0) -> int:
        """Return a whole number of at least `least`; a float without a fraction is one.

        Raises:
            DatasetError: If it is something else, or missing or null without a default.
        """
        value = self._value(name, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
            raise self.wrong(name, f"a whole number from {least} to {MOST}")
        return value

    def number(self, name: str, default: float | None = None, *, least: float = 0.0) -> float:
        """Return a finite number of at least `least`; errors as for `whole`."""
        value = self._value(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value < math.inf or abs(value) > 1e300:
            raise self.wrong(name, f"a number from {least:g}")
        return float(value)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; errors as for `whole`."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "text")
        return value

    def mapping(self, name: str, default: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return an object; errors as for `whole`."""
        value = self._value(name, default)
        if not isinstance(value, Mapping):
            raise self.wrong(name, "an object")
        return value

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers from 1; errors as for `whole`."""
        value = self._value(name, None)
        is_list = isinstance(value, list | tuple)
        if not is_list or not all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in value):
            raise self.wrong(name, "a list of whole numbers from 1")
        return tuple(value)

    def has(self, name: str) -> bool:
        """Return whether there is a value that is not null."""
        return self._data.get(name) is not None

    def _value(self, name: str, default: Any) -> Any:
        value = self._data.get(name)
        if value is None and default is None:
            raise self._error(f"{name} is {'null' if name in self._data else 'missing'}")
        return default if value is None else value

    def wrong(self, name: str, expected: str) -> DatasetError:
        """Return the error for a value that is not as expected."""
        return self._error(f"{name} is {self._data.get(name)!r:.60}, expected {expected}")

    def _error(self, what: str) -> DatasetError:
        return DatasetError(f"{self._source}: {what}", remedy=self._remedy)
