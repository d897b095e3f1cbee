"""Four episodes, the same in every format."""

from __future__ import annotations

import pytest
from small_datasets import FORMATS, make_episode, path_of, write

from vla_isaac.datasets.formats import open_dataset


@pytest.fixture(scope="session")
def episodes():
    return [make_episode(0), make_episode(1, 9), make_episode(2, 15, success=False), make_episode(3, 10)]


@pytest.fixture(scope="session")
def clean(tmp_path_factory, episodes):
    """Give the same four episodes in every format; not to be changed."""
    folder = tmp_path_factory.mktemp("clean")
    return {format: write(path_of(folder, format, f"demos-{format}"), episodes, format) for format in FORMATS}


@pytest.fixture
def opened():
    """Open datasets, and close them in the end."""
    readers = []

    def call(path, format=None):
        readers.append(open_dataset(path, format))
        return readers[-1]

    yield call
    for reader in readers:
        reader.close()
