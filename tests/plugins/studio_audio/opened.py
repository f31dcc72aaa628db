"""The name of the tiny model that tests open, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.api import Model
from studio.testing import TestContext
from studio_audio.opener import MusicOpener

TINY = Model("local:tiny")
Open = Callable[..., TestContext]


def open_folder(path: Path, model: Model = TINY) -> Any:
    """Open a model as the runtime does."""
    return MusicOpener().open(path, model, device="cpu", dtype="float32", parts={})
