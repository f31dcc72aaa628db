"""A cache on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_caches import open_cache

from studio.cache import Cache


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """A cache on disk that keeps nothing in memory."""
    made = open_cache(tmp_path)
    yield made
    made.close()
