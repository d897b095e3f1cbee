"""One thread: small networks gain nothing by more, and tests run side by side."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is ever fetched by a test


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
