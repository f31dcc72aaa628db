"""Tiny models that make audio from text, written once and opened as a user's would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.testing import TestContext
from tests.plugins.studio_audio.opened import TINY, Open, open_folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function from the name of an architecture to the folder of a tiny model of it."""
    from tests.plugins.studio_audio import tiny_models

    folder, written = tmp_path_factory.mktemp("tiny"), dict[str, Path]()

    def write(name: str, **options: Any) -> Path:
        key = f"{name}{''.join(f'-{value}' for value in options.values())}"
        if key not in written:
            written[key] = getattr(tiny_models, f"write_{name}")(folder / key, **options)
        return written[key]

    return write


@pytest.fixture(scope="module")
def open_tiny(tiny: Callable[..., Path]) -> Iterator[Open]:
    """A function from the name of an architecture to a context that leases a tiny model of it as `TINY`."""
    contexts = list[TestContext]()

    def open_model(name: str, **options: Any) -> TestContext:
        contexts.append(TestContext(models={TINY.reference: open_folder(tiny(name, **options))}))
        return contexts[-1]

    yield open_model
    for context in contexts:
        context.close()
