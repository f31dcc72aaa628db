"""Videos enlarged in groups of frames, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Cancelled, Frame, Image, MediaError, Model, ModelError, Video
from studio.testing import TestContext
from studio_upscale.nodes.images import enlarge_image
from studio_upscale.nodes.video import enlarge_video
from studio_upscale.opener import UpscaleOpener
from tests.plugins.studio_upscale.tiny_networks import write_compact

NET = Model("builtin:net")


@pytest.fixture
def net(tmp_path: Path) -> TestContext:
    """A context with a tiny network."""
    path = write_compact(tmp_path / "net.safetensors", coded=True)
    opened = UpscaleOpener().open(path, NET, device="cpu", dtype="float32", parts={})
    return TestContext(models={NET.reference: opened})


def _video(count: int, channels: int = 3) -> Video:
    rng = np.random.default_rng(0)
    images = [Image(rng.integers(0, 256, (12, 20, channels)).astype(np.uint8)) for _ in range(count)]
    return Video.from_images(images, Fraction(24))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_video_is_what_its_frames_are_one_by_one(net: TestContext, channels: int) -> None:
    video = _video(5, channels)

    made = enlarge_video(net, video, scale=2.5, model=NET, batch_size=2)

    assert (made.width, made.height, made.channels, made.rate, made.count) == (50, 30, channels, 24, 5)
    for before, after in zip(video.frames(), made.frames(), strict=True):
        alone = enlarge_image(net, before.image, scale=2.5, model=NET)
        assert after.time == before.time
        assert np.abs(after.image.stored.astype(int) - alone.stored.astype(int)).max() <= 1
    assert len(list(made.frames())) == 5  # it can be read again


def test_frames_are_made_as_they_are_read(net: TestContext) -> None:
    read: list[int] = []

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(_video(50).frames()):
            read.append(index)
            yield frame

    video = Video(frames, width=20, height=12, rate=Fraction(24))
    stream = enlarge_video(net, video, model=NET, batch_size=3).frames()
    assert read == []
    next(stream)

    assert len(read) <= 4


def test_a_video_can_be_cancelled(net: TestContext) -> None:
    net.cancel_at_step = 6

    with pytest.raises(Cancelled):
        list(enlarge_video(net, _video(20), model=NET, batch_size=1).frames())


def test_frames_over_the_limits_are_refused_before_any_is_made(net: TestContext) -> None:
    video = Video(lambda: iter(()), width=30_000, height=4, rate=Fraction(24))

    with pytest.raises(MediaError) as caught:
        enlarge_video(net, video, scale=4, model=NET)

    assert caught.value.code == "E506"


def test_a_model_that_does_not_enlarge_is_refused(net: TestContext) -> None:
    other: Any = object()
    ctx = TestContext(models={NET.reference: other})

    with pytest.raises(ModelError) as caught:
        list(enlarge_video(ctx, _video(1), model=NET).frames())

    assert caught.value.code == "E692"
