"""Provokers of E5xx, media, and of E60x, models."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from fake_hub import FakeHub
from fake_models import write_weights
from safetensors.numpy import save_file

from studio.api import Audio, Image, ImageType, MediaLimits, Model, ModelOpener, Video, VideoType, hookimpl
from studio.cache.digest import hash_file
from studio.runtime.hub import Hub
from studio.runtime.library import Library
from studio.testing import TestContext
from tests.docs.provokers.place import Place, build_graph, provokes
from tests.studio.api.exrs import make_exr, make_ramp

NEW = ("image.new", {"width": 4, "height": 4})


def make_image(width: int = 4, height: int = 4, channels: int = 3) -> Image:
    """Return a grey image."""
    return Image(np.full((height, width, channels), 0.5, np.float32))


def make_video(count: int = 2, width: int = 16, height: int = 16, rate: int = 10) -> Video:
    """Return a grey video."""
    return Video.from_images([make_image(width, height)] * count, Fraction(rate))


@provokes("E501")
def _(place: Place) -> Any:
    Image(np.zeros((2, 2, 7), np.float32))


@provokes("E502")
def _(place: Place) -> Any:
    Image(np.full((2, 2, 3), 2.0, np.float32))


@provokes("E503")
def _(place: Place) -> Any:
    Audio(np.zeros((10, 1), np.float32), 0)


@provokes("E504")
def _(place: Place) -> Any:
    Video.from_images([], Fraction(10))


@provokes("E505")
def _(place: Place) -> Any:
    return place.run({"i": ("image.new", {"width": 4, "height": 4, "color": "blurple"})})


@provokes("E506")
def _(place: Place) -> Any:
    return place.run({"a": ("image.resize", {"image": {"from": "i"}, "width": 65535, "height": 65535}), "i": NEW})


@provokes("E507")
def _(place: Place) -> Any:
    return place.run({"a": ("image.resize", {"image": {"from": "i"}}), "i": NEW})


@provokes("E508")
def _(place: Place) -> Any:
    place.write("notes.md", "no font")
    graph = build_graph(
        {"a": ("image.draw_text", {"image": {"from": "i"}, "text": "a", "font_file": {"file": "notes.md"}}), "i": NEW}
    )
    with place.open() as studio:
        return studio.run(graph).errors


@provokes("E509")
def _(place: Place) -> Any:
    from studio.api.color import ColorSpace

    ColorSpace(primaries="p3")  # type: ignore[arg-type]


@provokes("E511")
def _(place: Place) -> Any:
    ImageType().read_file(place.write("a.png", "no image"), MediaLimits())


@provokes("E512")
def _(place: Place) -> Any:
    VideoType().write_file(make_video(), Path("a.avi"), None)


@provokes("E513")
def _(place: Place) -> Any:
    data = make_exr({"Y": make_ramp(2, 1)}, compression=4)
    (place.folder / "a.exr").write_bytes(data)
    with mock.patch.dict(sys.modules, {"OpenEXR": None}):
        ImageType().read_file(place.folder / "a.exr", MediaLimits())


@provokes("E514")
def _(place: Place) -> Any:
    from studio_image.nodes.codes import draw_svg

    draw_svg(TestContext(), svg='<svg><image href="/etc/passwd"/></svg>')


@provokes("E601")
def _(place: Place) -> Any:
    Model("big")


def open_library(place: Place, served: FakeHub | None = None, **options: Any) -> Library:
    """Return a library of models, with a hub on this machine."""
    hub = Hub(place.folder / "hub", place.folder / "marks", served.url) if served else None
    return Library({}, lambda path: hash_file(path).hex(), folder=place.folder / "models", hub=hub, **options)


@provokes("E602")
def _(place: Place) -> Any:
    with place.open() as studio:
        studio.models.library.find_path(Model("hub:ada/net"))


@provokes("E603")
def _(place: Place) -> Any:
    write_weights(place.folder / "w.safetensors", 1.0)
    with place.open() as studio, studio.models.open(Model("file:w.safetensors"), studio.device):
        pass


@provokes("E604")
def _(place: Place) -> Any:
    place.write("w.pt", b"\x80\x04K\x01.")
    with place.open() as studio:
        studio.models.library.check(Model("file:w.pt"))


@provokes("E605")
def _(place: Place) -> Any:
    save_file({"conv.weight": np.ones(4, np.float32)}, place.folder / "w.safetensors")
    path = place.folder / "w.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with place.open() as studio:
        studio.models.library.check(Model("file:w.safetensors"))


@provokes("E606")
def _(place: Place) -> Any:
    class Opener(ModelOpener):
        name = "bad"

        def can_open(self, path: Path, model: Model) -> bool:
            return True

        def open(self, path: Path, model: Model, **more: Any) -> Any:
            raise KeyError("conv.weight")

        def measure(self, opened: Any) -> int:
            return 0

    class OpenerPlugin:
        @hookimpl
        def studio_model_openers(self) -> list[ModelOpener]:
            return [Opener()]

    write_weights(place.folder / "w.safetensors", 1.0)
    with (
        place.open(("bad", OpenerPlugin()), discover=False) as studio,
        studio.models.open(Model("file:w.safetensors"), studio.device),
    ):
        pass


@provokes("E607")
def _(place: Place) -> Any:
    hub = Hub(place.folder / "hub", place.folder / "marks", "http://127.0.0.1:9")
    Library({}, lambda path: hash_file(path).hex(), hub=hub).pull(Model("hub:ada/net"))


@provokes("E608")
def _(place: Place) -> Any:
    with FakeHub("ada/net", {"model.safetensors": b""}) as served:
        open_library(place, served).pull(Model("hub:ada/net@v9"))


@provokes("E609")
def _(place: Place) -> Any:
    library = open_library(place)
    path = write_weights(place.folder / "w.safetensors", 1.0)
    other = write_weights(place.folder / "v.safetensors", 2.0)
    library.add("mine", path)
    library.add("mine", other)
