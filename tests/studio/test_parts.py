from __future__ import annotations

from pathlib import Path

from studio.parts import Parts
from studio.settings import Settings


def create_parts(folder: Path) -> Parts:
    return Parts(Settings(cache_dir=folder / "cache", device="cpu"), discover=False)


def test_parts_are_made_when_they_are_asked_for(tmp_path: Path) -> None:
    parts = create_parts(tmp_path)

    assert "cache" not in vars(parts)
    assert parts.cache is parts.local_executor.services.cache
    assert parts.executor is parts.local_executor
    assert "output_writer" not in vars(parts)
    parts.close()


def test_closing_makes_nothing(tmp_path: Path) -> None:
    parts = create_parts(tmp_path)

    parts.close()

    assert not {"cache", "executor", "models", "registry"} & vars(parts).keys()
    assert not (tmp_path / "cache").exists()
