"""A catalog to check graphs against: the first-party node types, and some that stand for what these have not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest

import studio_audio
import studio_diffusion
import studio_image
import studio_logic
import studio_speech
import studio_style
import studio_text
import studio_train
import studio_upscale
import studio_video
import studio_vision
from studio.api import Channels, Context, Field, File, Image, JsonValue, Mask, Model, OutputPath, hookimpl, node
from studio.api.builtin import create_builtin_value_types
from studio.registry import PluginRow, Registry, load_registry

TINY = Model("builtin:tiny")


def _migrate(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"picture": inputs["image"]}


@node("probe.migrated", version="3.1", migrations={2: _migrate})
def migrated(ctx: Context, picture: Image) -> Image:
    """Take what version 2 called image."""
    return picture


@node("probe.take_rgb")
def take_rgb(ctx: Context, image: Annotated[Image, Channels(3)]) -> Annotated[Image, Channels(3)]:
    """Take RGB."""
    return image


@node("probe.make_rgba")
def make_rgba(ctx: Context) -> Annotated[Image, Channels(4)]:
    """Make RGBA."""
    raise NotImplementedError


@node("probe.make_maybe")
def make_maybe(ctx: Context) -> Image | None:
    """Make a picture or nothing."""
    return None


@node("probe.everything")
def take_everything(
    ctx: Context, *, file: File | None = None, path: OutputPath | None = None, model: Model = TINY,
    files: list[File] | None = None, models: list[Model] | None = None, data: JsonValue = None,
    names: Annotated[list[str], Field(min_length=1, max_length=3)] = ["a"],  # noqa: B006  (never written to)
    short: Annotated[str, Field(max_length=3)] = "", grid: list[list[int]] | None = None, mask: Mask | None = None,
    anything: Any = None, code: Annotated[str | None, Field(pattern="[a-z]+")] = None,
) -> str:  # fmt: skip
    """Take one input of every kind."""
    return ""


FUNCTIONS = [migrated, take_rgb, make_rgba, make_maybe, take_everything]


@pytest.fixture(scope="session")
def registry() -> Registry:
    probe = SimpleNamespace(studio_node_types=hookimpl(lambda: FUNCTIONS))
    own = (
        studio_audio,
        studio_diffusion,
        studio_image,
        studio_logic,
        studio_speech,
        studio_style,
        studio_text,
        studio_train,
        studio_upscale,
        studio_video,
        studio_vision,
    )
    plugins = [*((plugin.__name__.replace("_", "-"), plugin) for plugin in own), ("probe", probe)]
    found = load_registry(value_types=create_builtin_value_types(), plugins=plugins, discover=False)
    assert not [row for row in found.plugins if row.status != "ok"]
    found.plugins.append(PluginRow("studio-broken", status="failed", problem="ImportError: no module named 'nothing'"))
    found.distributions["studio-image"] = "0.1.0"
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small picture."""
    from PIL import Image as Pictures

    Pictures.new("RGB", (8, 6), "red").save(tmp_path / "photo.png")
    return tmp_path
