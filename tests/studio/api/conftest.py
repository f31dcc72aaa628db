"""Fixtures of the tests of the plugin contract."""

from __future__ import annotations

import pytest


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count audio as long from 10,000 samples on."""
    monkeypatch.setattr("studio.api.audio_blocks.HELD_VALUES", 10_000)
