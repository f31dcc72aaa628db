"""High dynamic range from file to file: kept deep and tagged where it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio.api import SRGB, ColorSpace, File, Image, MediaError, OutputPath, Video
from studio.api.hdr_transfer import encode_pq
from studio.testing import TestContext
from studio_video.nodes import files

PQ = ColorSpace("pq", "bt2020")
NITS = (0.0, 1.0, 48.0, 203.0, 600.0, 1000.0, 4000.0)


def make_steps(color: ColorSpace = PQ) -> Video:
    """Return grey stripes of these cd/m2."""
    levels = np.rint(encode_pq(np.array(NITS)) * 65535).astype(np.uint16)
    image = np.repeat(np.repeat(levels[None, :], 64, axis=0), 32, axis=1)
    return Video.from_images([Image(np.repeat(image[:, :, None], 3, axis=2), color=color)] * 3, 10)


def save(video: Video, folder: Path, name: str = "a.mp4", **how: Any) -> tuple[Path, list[str]]:
    context = TestContext()
    files.save_video(context, video, OutputPath(folder / name, name), **{"codec": "h265", **how})
    return folder / name, context.messages


def load(path: Path, **how: Any) -> tuple[Video, list[str]]:
    context = TestContext()
    return files.load_video(context, File(path, "0" * 64, path.stat().st_size), **how), context.messages


def read_stripes(video: Video) -> Any:
    frame = next(video.frames()).image
    assert frame.stored.dtype == np.uint16
    return frame.pixels[32, 16::32, :]


@pytest.mark.parametrize(
    ("codec", "name"), [("h265", "a.mp4"), ("av1", "a.webm"), ("h264", "a.mov"), ("prores", "a.mov")]
)
@pytest.mark.parametrize("dynamic_range", ["pq", "hlg"])
def test_light_comes_back_from_a_file_to_a_level_of_10_bits(
    tmp_path: Path, codec: str, name: str, dynamic_range: str
) -> None:
    color = ColorSpace(dynamic_range, "bt2020")  # type: ignore[arg-type]
    video = make_steps(color)

    path, said = save(video, tmp_path, name, codec=codec, quality=95, dynamic_range=dynamic_range)
    back, warned = load(path, dynamic_range="keep")

    assert back.color == color
    assert said == warned == []
    np.testing.assert_allclose(read_stripes(back), read_stripes(video), atol=2.5 / 876)  # levels between 64 and 940


@pytest.mark.parametrize(("dynamic_range", "transfer"), [("pq", 16), ("hlg", 18)])  # numbers of H.273
def test_files_have_the_tags_of_bt_2100(tmp_path: Path, dynamic_range: str, transfer: int) -> None:
    path, _ = save(make_steps(), tmp_path, dynamic_range=dynamic_range)

    with av.open(str(path)) as container:
        header = container.streams.video[0].codec_context

        assert header.pix_fmt == "yuv420p10le"
        assert header.color_trc == transfer
        assert (header.color_primaries, header.colorspace) == (9, 9)
        assert header.color_range == 1  # of television


@pytest.mark.parametrize(("dynamic_range", "transfer"), [("pq", 16), ("hlg", 18)])
@pytest.mark.parametrize(("codec", "name"), [("h265", "a.mp4"), ("av1", "a.webm"), ("prores", "a.mov")])
def test_decoders_find_the_numbers_of_bt_2100(
    tmp_path: Path, codec: str, name: str, dynamic_range: str, transfer: int
) -> None:
    path, _ = save(make_steps(), tmp_path, name, codec=codec, dynamic_range=dynamic_range)

    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))

    assert (frame.color_primaries, frame.color_trc, frame.colorspace) == (9, transfer, 9)
    assert max(component.bits for component in frame.format.components) == 10


def test_without_a_wish_high_dynamic_range_is_srgb_in_both_directions(tmp_path: Path) -> None:
    path, _ = save(make_steps(), tmp_path, dynamic_range="pq")

    plain, warned = load(path)
    _, said = save(make_steps(), tmp_path, "b.mp4")

    assert plain.color == SRGB
    assert read_stripes(plain)[3] == pytest.approx(1.0, abs=0.01)  # 203 cd/m2 is white
    assert "became sRGB" in warned[0]
    assert said[0] == "PQ bt2020 became sRGB, clipped to [0, 1]"
    assert said[1:] == ['16 bits became 8 in yuv420p: "pixel_format" "yuv420p10le" of video.save keeps 10']


def test_linear_light_is_written_as_pq(tmp_path: Path) -> None:
    light = np.array([0.0, 1.0, 48.0, 203.0, 600.0, 1000.0, 4000.0], np.float32) / 203
    image = np.repeat(np.repeat(light[None, :, None], 64, axis=0), 32, axis=1).repeat(3, axis=2)
    video = Video.from_images([Image(image, color=ColorSpace("linear"))] * 2, 10)

    path, said = save(video, tmp_path, quality=95, dynamic_range="pq")

    assert said == ["linear bt709 became PQ bt2020, with reference white at 203 cd/m2"]
    back, _ = load(path, dynamic_range="keep")
    np.testing.assert_allclose(read_stripes(back), read_stripes(make_steps()), atol=2.5 / 876)


@pytest.mark.parametrize("how", [{"codec": "gif"}, {"codec": "h264", "pixel_format": "yuv420p"}])
def test_files_of_8_bits_hold_no_high_dynamic_range(tmp_path: Path, how: dict[str, str]) -> None:
    name = "a.gif" if how["codec"] == "gif" else "a.mp4"

    with pytest.raises(MediaError, match="pq needs 10 bits") as caught:
        save(make_steps(), tmp_path, name, dynamic_range="pq", **how)

    assert caught.value.code == "E702"
    assert not list(tmp_path.iterdir())
