"""`ModelOpener`: what an opener must have, and what it may leave out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio.api import Model, ModelOpener

MODEL, PATH = Model("builtin:net"), Path("net.safetensors")


class SmallOpener(ModelOpener):
    """An opener with no more than it must have."""

    def can_open(self, path: Path, model: Model) -> bool:
        return True

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        return (path, device, dtype, dict(parts))

    def measure(self, opened: Any) -> int:
        return 1


@pytest.mark.parametrize("missing", ["can_open", "open", "measure"])
def test_an_opener_without_one_of_the_three_cannot_be_made(missing: str) -> None:
    methods = {name: vars(SmallOpener)[name] for name in ("can_open", "open", "measure") if name != missing}

    with pytest.raises(TypeError, match=missing):
        type("Opener", (ModelOpener,), methods)()


def test_an_opener_that_names_no_parts_shares_none_and_has_no_measures() -> None:
    opener = SmallOpener()
    opened = opener.open(PATH, MODEL, device="cpu", dtype="float32", parts={})

    assert opener.parts(PATH, MODEL) == {}
    assert opener.save_memory(opened) is None
    opener.undo_measures(opened)
    opener.close(opened)


def test_an_opener_that_names_parts_must_open_them() -> None:
    with pytest.raises(NotImplementedError, match="SmallOpener names parts and does not open them"):
        SmallOpener().open_part("text", PATH, MODEL, device="cpu", dtype="float32")
