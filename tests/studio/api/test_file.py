"""References to files: frozen, and marked for graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import File, OutputPath


def test_files_and_paths_are_frozen_and_marked() -> None:
    file, path = File(Path("/a/b.png"), "0" * 64, 3), OutputPath(Path("/o/c.png"), "c.png")

    assert (file.name, File.studio_type, OutputPath.studio_type) == ("b.png", "file", "path")
    for frozen in (file, path):
        with pytest.raises(AttributeError):
            frozen.path = Path("/elsewhere")  # type: ignore[misc]
