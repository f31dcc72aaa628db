"""Contexts whose models are the ones that ship with the plugin."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import Model
from studio.testing import TestContext
from studio_upscale import studio_models
from studio_upscale.opener import UpscaleOpener


@pytest.fixture(scope="session")
def shipped() -> dict[str, Any]:
    """The models that ship, opened."""
    opener = UpscaleOpener()
    return {
        f"builtin:{name}": opener.open(path, Model(f"builtin:{name}"), device="cpu", dtype="float32", parts={})
        for name, path in studio_models().items()
    }


@pytest.fixture
def ctx(shipped: dict[str, Any]) -> TestContext:
    """A context that can open them."""
    return TestContext(models=shipped)
