"""Models opened as the runtime does, and folders changed so that they cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.api import Model, ModelError


def open_model(opener: Any, path: Path, **options: Any) -> Any:
    """Open a model with its parts, as the runtime does."""
    model = Model(f"file:{path}", tuple(options.items()))
    assert opener.can_open(path, model)
    parts = {
        name: opener.open_part(name, place, model, device="cpu", dtype="float32")
        for name, place in opener.parts(path, model).items()
    }
    return opener.open(path, model, device="cpu", dtype="float32", parts=parts)


def change_index(path: Path, **changes: Any) -> None:
    """Change a model's index."""
    index = json.loads((path / "model_index.json").read_text(encoding="utf-8"))
    (path / "model_index.json").write_text(json.dumps(index | changes), encoding="utf-8")


def expect(opener: Any, path: Path, code: str, *words: str, **options: Any) -> ModelError:
    """Expect that opening fails with a code and words."""
    with pytest.raises(ModelError) as caught:
        open_model(opener, path, **options)
    assert caught.value.code == code
    assert all(word in str(caught.value) for word in words)
    return caught.value
