"""Deep videos in files: kept where the pixel format is deep, and said once where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Context, Image, OutputPath, Video, hookimpl, node
from studio.api.video_writing import WRITERS, write_video
from studio.app import InputFile, Studio
from studio.settings import load_settings
from studio.testing import TestContext
from studio_video.nodes import files

RAMP = (np.arange(64 * 64).reshape(64, 64) * 16 + 3).astype(np.uint16)


class Plugin:
    """Node types that load, darken and save."""

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        """Return them."""
        return [darken, *files.NODE_TYPES]


@node("depth.darken")
def darken(ctx: Context, image: Image) -> Image:
    """Darken an image.

    Args:
        image: Image.
    """
    return Image(image.pixels * np.float32(0.77))


def run_darkened(folder: Path, source: Path, **inputs: Any) -> list[str]:
    """Load, darken and save a file twice, so that the video between them is stored; return what is said."""
    saves = {name: {"video": {"from": "darken"}, "path": name, **inputs} for name in ("a.mp4", "b.mp4")}
    graph = {
        "studio": 1,
        "inputs": {"clip": {"type": "video"}},
        "nodes": {
            "darken": {"type": "depth.darken", "inputs": {"image": {"from": "inputs.clip"}}},
            **{f"save_{name[0]}": {"type": "video.save", "inputs": given} for name, given in saves.items()},
        },
        "outputs": {"a": {"from": "save_a"}, "b": {"from": "save_b"}},
    }
    settings = load_settings(cache_dir=folder / "cache")
    with Studio(settings, plugins=[("depth", Plugin())], discover=False) as studio:
        result = studio.run(graph, {"clip": InputFile(source)}, output=folder / "out")
    assert result.status == "done", result.errors
    return [str(warning) for warning in result.warnings]


def write_source(path: Path, pixels: str) -> Path:
    """Write a lossless file of a ramp in a pixel format."""
    video = Video.from_images([Image(np.repeat(RAMP[:, :, None], 3, axis=2))] * 3, 10)
    write_video(video, path, None, replace(WRITERS["mkv"], codec="ffv1", pixels=pixels, options={}))
    return path


def test_a_computed_video_of_8_bits_loses_nothing(tmp_path: Path) -> None:
    assert run_darkened(tmp_path, write_source(tmp_path / "source.mkv", "yuv444p")) == []


def test_a_computed_video_of_10_bits_loses_depth(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mkv", "yuv444p10le")

    said = run_darkened(tmp_path, source)

    assert len(said) == 2
    assert all("16 bits became 8" in each for each in said)
    assert run_darkened(tmp_path, source, codec="h265", pixel_format="yuv420p10le") == []


def save(array: Any, folder: Path, name: str, **how: Any) -> list[str]:
    context = TestContext()
    video = Video.from_images([Image(np.repeat(array[:, :, None], 3, axis=2))] * 3, 10)
    files.save_video(context, video, OutputPath(folder / name, name), **how)
    return context.messages


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("a.mp4", {}, '16 bits became 8 in yuv420p: "pixel_format" "yuv420p10le" of video.save keeps 10'),
        ("a.gif", {}, "16 bits became 8 in pal8: write .mp4 with codec h265, or .mov with ProRes, to keep 10"),
    ],
)
def test_a_loss_of_depth_is_said_once(tmp_path: Path, name: str, how: dict[str, Any], said: str) -> None:
    assert save(RAMP, tmp_path, name, **how) == [said]


@pytest.mark.parametrize(
    ("name", "how"),
    [("a.mp4", {"codec": "h265", "pixel_format": "yuv420p10le"}), ("a.mov", {"codec": "prores"}), ("%02d.png", {})],
)
def test_nothing_is_said_where_depth_is_kept(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    assert save(RAMP, tmp_path, name, **how) == []


def test_nothing_is_said_of_8_bits(tmp_path: Path) -> None:
    assert save((RAMP >> 8).astype(np.uint8), tmp_path, "a.mp4") == []
    assert save((RAMP >> 8) * np.uint16(257), tmp_path, "b.mp4") == []


def test_numbered_images_of_8_bits_say_it_once(tmp_path: Path) -> None:
    said = save(RAMP, tmp_path, "%02d.jpg")

    assert len(said) == 1
    assert "16 bits become 8" in said[0]
