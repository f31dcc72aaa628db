"""Tiny models with random weights, written once and opened once, and a plugin that ships them as `builtin:mini`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from studio.api import Model, ModelOpener, ValueType, hookimpl
from studio.testing import TestContext

WORDS = ["apple", "heart", "sun", "house", "red", "blue", "cherry", "leaf"]


class MiniPlugin:
    """The plugin, with tiny models in place of the ones that it ships."""

    def __init__(self, models: Mapping[str, Path]) -> None:
        self.models = models

    @hookimpl
    def studio_node_types(self) -> Iterable[Callable[..., Any]]:
        """Return the plugin's node types."""
        from studio_diffusion import nodes

        return nodes.NODE_TYPES

    @hookimpl
    def studio_value_types(self) -> Iterable[ValueType[Any]]:
        """Return the plugin's value types."""
        from studio_diffusion.control_value import ControlType

        return [ControlType()]

    @hookimpl
    def studio_model_openers(self) -> Iterable[ModelOpener]:
        """Return the plugin's opener."""
        from studio_diffusion.opener import DiffusionOpener

        return [DiffusionOpener()]

    @hookimpl
    def studio_models(self) -> Mapping[str, Path]:
        """Return the tiny models."""
        return self.models


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function from the name of an architecture to the folder of a tiny model of it."""
    from tests.plugins.studio_diffusion import tiny_pipelines

    folder, written = tmp_path_factory.mktemp("tiny"), dict[str, Path]()

    def write(name: str, **options: Any) -> Path:
        key = "-".join([name, *(f"{option}{value}" for option, value in sorted(options.items()) if option != "words")])
        if key not in written:
            written[key] = getattr(tiny_pipelines, f"write_tiny_{name}")(folder / key, **options)
        return written[key]

    return write


@pytest.fixture(scope="session")
def opener() -> Any:
    """The opener."""
    from studio_diffusion.opener import DiffusionOpener

    return DiffusionOpener()


@pytest.fixture(scope="session")
def tiny_models(tiny: Callable[..., Path]) -> dict[str, Path]:
    """Tiny models of five architectures; tests copy what they damage."""
    return {name: tiny(name) for name in ("sd15", "sd2", "sdxl", "sd3", "flux")}


@pytest.fixture
def sd15(tiny_models: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of Stable Diffusion 1.5."""
    return Path(shutil.copytree(tiny_models["sd15"], tmp_path / "sd15"))


@pytest.fixture(scope="session")
def mini(tiny: Callable[..., Path]) -> Path:
    """A tiny model of the classes of `builtin:mini`: SD3 without T5, 8 latent channels."""
    about = {"steps": 3, "guidance_scale": 2.0, "width": 32, "height": 32, "max_sequence_length": 16, "words": WORDS}
    return tiny("sd3", t5=False, channels=8, **about)


@pytest.fixture(scope="session")
def mini_sketch(mini: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny ControlNet for it."""
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3_controlnet

    return write_tiny_sd3_controlnet(tmp_path_factory.mktemp("controlnet") / "net", mini)


@pytest.fixture(scope="session")
def opened_models() -> dict[str, Any]:
    """Models that were opened, by reference."""
    return {}


@pytest.fixture
def ctx(mini: Path, mini_sketch: Path, opened_models: dict[str, Any]) -> TestContext:
    """A context that leases the tiny models, and whatever else a reference names, on the CPU."""
    return make_context({"builtin:mini": mini, "builtin:mini-sketch": mini_sketch}, opened_models)


def make_context(paths: Mapping[str, Path], opened: dict[str, Any]) -> TestContext:
    """Return a context that opens models once."""
    from contextlib import contextmanager

    from studio_diffusion.opener import DiffusionOpener

    @contextmanager
    def lease(model: Model) -> Any:
        if model not in opened:
            path = paths.get(model.reference) or Path(model.target)
            opened[model] = DiffusionOpener().open(path, model, device="cpu", dtype="float32", parts={})
        yield opened[model]

    return TestContext(open_model=lease)
