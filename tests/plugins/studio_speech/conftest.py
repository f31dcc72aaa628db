"""Tiny models that are written and opened once, and what measures a voice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import Model
from studio.testing import TestContext

TINY = Model("local:tiny")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function from the name of an architecture to the folder of a tiny model of it."""
    from tests.plugins.studio_speech import tiny_models

    folder, written = tmp_path_factory.mktemp("tiny"), dict[str, Path]()

    def write(name: str, **options: int) -> Path:
        key = f"{name}{''.join(f'-{value}' for value in options.values())}"
        if key not in written:
            written[key] = getattr(tiny_models, f"write_{name}")(folder / key, **options)
        return written[key]

    return write


@pytest.fixture(scope="session")
def open_tiny(tiny: Callable[..., Path]) -> Iterator[Callable[..., TestContext]]:
    """A function from the name of an architecture to a context that leases a tiny model of it as `TINY`."""
    from studio_speech.opener import SpeechOpener

    opened = dict[Path, Any]()
    contexts = list[TestContext]()

    def open_model(name: str, **options: int) -> TestContext:
        path = tiny(name, **options)
        if path not in opened:
            opened[path] = SpeechOpener().open(path, TINY, device="cpu", dtype="float32", parts={})
        contexts.append(TestContext(models={TINY.reference: opened[path]}))
        return contexts[-1]

    yield open_model
    for context in contexts:
        context.close()


@pytest.fixture
def ctx() -> Iterator[TestContext]:
    """A context without models."""
    context = TestContext()
    yield context
    context.close()
