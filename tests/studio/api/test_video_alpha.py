"""Alpha of videos read: through libvpx, and where only some frames have it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest

from tests.studio.api.videos import LIMITS, VIDEO


def make_bar(index: int) -> np.ndarray:
    array = np.zeros((48, 64, 4), np.uint8)
    array[..., 0] = 200
    array[8:40, 8 * index : 8 * index + 16, 3] = 255
    return array


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_alpha_of_vp8_and_vp9_is_read(tmp_path: Path, codec: str) -> None:
    with av.open(str(tmp_path / "a.webm"), "w") as container:
        stream: Any = container.add_stream(codec, rate=10, options={"auto-alt-ref": "0", "crf": "10", "b": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        for index in range(4):
            frame: Any = av.VideoFrame.from_ndarray(make_bar(index), format="rgba").reformat(format="yuva420p")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    frames = list(VIDEO.read_file(tmp_path / "a.webm", LIMITS).frames())

    assert [frame.time for frame in frames] == [0.0, 0.1, 0.2, 0.3]
    for index, frame in enumerate(frames):
        assert np.abs(frame.image.pixels[:, :, 3] - make_bar(index)[:, :, 3] / 255.0).mean() < 0.02


def test_alpha_that_begins_with_a_later_frame_is_read(tmp_path: Path) -> None:
    pictures = [PIL.Image.new("RGBA", (8, 8), (255, 0, 0, 255)), PIL.Image.new("RGBA", (8, 8), (0, 255, 0, 255))]
    pictures[1].paste((0, 0, 0, 0), (0, 0, 4, 4))
    pictures[0].save(tmp_path / "a.png", save_all=True, append_images=pictures[1:], duration=100, blend=0)
    (tmp_path / "a.png").rename(tmp_path / "a.apng")

    first, second = (frame.image.pixels for frame in VIDEO.read_file(tmp_path / "a.apng", LIMITS).frames())

    assert (first[:, :, 3].min(), first.shape[2]) == (1, 4)
    assert (second[:4, :4, 3].max(), second[4:, 4:, 3].min()) == (0, 1)
