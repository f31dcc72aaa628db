"""Provokers of E70x to E72x, videos."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Image, Model, OutputPath, Video
from studio.testing import TestContext
from tests.docs.provokers.media import make_image, make_video
from tests.docs.provokers.place import Place, provokes

IT = Model("local:it")


@provokes("E700")
def _(place: Place) -> Any:
    empty = Video(lambda: iter(()), width=16, height=16, rate=Fraction(10))
    place.call("video.save", TestContext(), empty, OutputPath(place.folder / "a_%d.png", "a_%d.png"))


@provokes("E701")
def _(place: Place) -> Any:
    place.call("video.crop", TestContext(), make_video(1, 640, 360), x=20, y=0, width=640, height=480)


@provokes("E702")
def _(place: Place) -> Any:
    place.call("video.save", TestContext(), make_video(), OutputPath(place.folder / "a.webm", "a.webm"), codec="h264")


@provokes("E703")
def _(place: Place) -> Any:
    from studio_video.subtitles import parse_subtitles

    parse_subtitles("no cue at all")


@provokes("E704")
def _(place: Place) -> Any:
    place.call("video.concatenate", TestContext(), [make_video(5)] * 2, transition="crossfade", transition_seconds=1.0)


@provokes("E715")
def _(place: Place) -> Any:
    long = Video(lambda: iter([]), width=8, height=8, rate=Fraction(1), count=36_000)
    place.call("video.interpolate", TestContext(), long, fps=1000.0)


@provokes("E716")
def _(place: Place) -> Any:
    list(place.call("video.deflicker", TestContext(), make_video(20), guide=make_video(21)).frames())


@provokes("E717")
def _(place: Place) -> Any:
    place.call("video.animate", TestContext(), Image(np.zeros((10, 40_000, 3), np.uint8)))


def open_maker(place: Place, kind: str) -> TestContext:
    """Return a context with a tiny model that makes videos."""
    from studio_diffusion.opener import DiffusionOpener
    from tests.plugins.studio_video import tiny_video_pipelines

    path: Path = getattr(tiny_video_pipelines, f"write_{kind}")(place.folder / kind)
    return TestContext(models={IT.reference: DiffusionOpener().open(path, IT, device="cpu", dtype="float32", parts={})})


@provokes("E718")
def _(place: Place) -> Any:
    place.call("video.animate", open_maker(place, "cogvideox"), make_image(32, 32), prompt="a cat", model=IT)


@provokes("E719")
def _(place: Place) -> Any:
    ctx = open_maker(place, "animatediff")
    ctx.models[IT.reference].pipeline.vae.decoder.conv_out.weight.data.fill_(float("nan"))
    place.call("video.from_text", ctx, "a cat", seconds=0.25, fps=8.0, width=32, height=32, steps=1, model=IT)


@provokes("E720")
def _(place: Place) -> Any:
    from tests.docs.provokers.sounds import make_tone

    place.call("video.storyboard", TestContext(), [make_image(16, 16)] * 3, narrations=[make_tone(0.1)] * 2)
