"""Plain outputs of a graph keep the depth of the files that they come from, or a warning says what is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Context, Image, ImageType, Mask, MediaLimits, Video, hookimpl, node
from studio.api.image_writing import write_image
from studio.api.video_writing import WRITERS, write_video
from studio.app import InputFile, Studio
from studio.provenance.output_folder import OutputFolder
from studio.settings import load_settings

RAMP = np.repeat((np.arange(64 * 64).reshape(64, 64, 1) * 16 + 3).astype(np.uint16), 3, axis=2)


class Plugin:
    """Node types that compute."""

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        """Return them."""
        return [darken, choose, draw]


@node("depth.darken")
def darken(ctx: Context, image: Image) -> Image:
    """Darken an image.

    Args:
        image: Image.
    """
    return Image(image.pixels * np.float32(0.77))


@node("depth.choose")
def choose(ctx: Context, image: Image) -> Mask:
    """Return what is bright.

    Args:
        image: Image.
    """
    return Mask(image.pixels[:, :, 0] * np.float32(0.77))


@node("depth.draw", origin="generated")
def draw(ctx: Context, image: Image) -> Image:
    """Draw an image after another.

    Args:
        image: Image.
    """
    return Image(image.pixels * np.float32(0.77))


def run_node(
    folder: Path, source: Path, node_type: str = "depth.darken", extension: str = ""
) -> tuple[Path, list[str]]:
    """Run a node on a file; return the file of its result, and what is said."""
    kind = "video" if source.suffix == ".mkv" else "image"
    graph = {
        "studio": 1,
        "inputs": {"media": {"type": kind}},
        "nodes": {"change": {"type": node_type, "inputs": {"image": {"from": "inputs.media"}}}},
        "outputs": {"out": {"from": "change"}},
    }
    settings = load_settings(cache_dir=folder / "cache")
    output = OutputFolder(folder / "out", "{output}." + (extension or "{ext}"))
    with Studio(settings, plugins=[("depth", Plugin())], discover=False) as studio:
        result = studio.run(graph, {"media": InputFile(source)}, output=output)
    assert result.status == "done", result.errors
    assert result.manifest["warnings"] == result.warnings
    return result.files[0].path, [str(warning) for warning in result.warnings]


def write_ramp(path: Path, *, deep: bool = True) -> Path:
    write_image(RAMP if deep else (RAMP >> 8).astype(np.uint8), path, None)
    return path


def write_clip(path: Path, pixels: str) -> Path:
    """Write a lossless file of a ramp in a pixel format."""
    encoding = replace(WRITERS["mkv"], codec="ffv1", pixels=pixels, options={})
    write_video(Video.from_images([Image(RAMP)] * 3, 10), path, None, encoding)
    return path


def count_levels(path: Path) -> int:
    return len(np.unique(ImageType().read_file(path, MediaLimits()).pixels))


@pytest.mark.parametrize("name", ["deep.png", "deep.tiff"])
def test_an_image_computed_from_16_bits_is_written_with_16(tmp_path: Path, name: str) -> None:
    path, said = run_node(tmp_path, write_ramp(tmp_path / name))

    read = ImageType().read_file(path, MediaLimits())

    assert said == []
    assert np.abs(read.pixels - RAMP / np.float32(65535) * np.float32(0.77)).max() < 1e-5
    assert count_levels(path) == 64 * 64


def test_a_mask_computed_from_16_bits_is_written_with_16(tmp_path: Path) -> None:
    path, said = run_node(tmp_path, write_ramp(tmp_path / "deep.png"), "depth.choose")

    assert (said, count_levels(path)) == ([], 64 * 64)


def test_an_image_computed_from_8_bits_is_written_with_8(tmp_path: Path) -> None:
    path, said = run_node(tmp_path, write_ramp(tmp_path / "plain.png", deep=False))

    assert (said, path.read_bytes()[24]) == ([], 8)


def test_a_drawn_image_has_the_depth_of_its_model(tmp_path: Path) -> None:
    path, said = run_node(tmp_path, write_ramp(tmp_path / "deep.png"), "depth.draw")

    assert (said, path.read_bytes()[24]) == ([], 8)


@pytest.mark.parametrize("extension", ["jpg", "webp"])
def test_a_computed_image_of_16_bits_that_gets_8_is_warned_of_once(tmp_path: Path, extension: str) -> None:
    _, said = run_node(tmp_path, write_ramp(tmp_path / "deep.png"), extension=extension)

    assert said == [f"out.{extension}: 16 bits become 8 in .{extension}: write .png or .tiff to keep them"]


@pytest.mark.parametrize(("extension", "pixels"), [("mp4", "yuv420p"), ("webm", "yuv420p"), ("gif", "pal8")])
def test_a_computed_video_of_10_bits_that_gets_8_is_warned_of_once(tmp_path: Path, extension: str, pixels: str) -> None:
    _, said = run_node(tmp_path, write_clip(tmp_path / "deep.mkv", "yuv444p10le"), extension=extension)

    assert len(said) == 1
    assert said[0].startswith(f"out.{extension}: 16 bits became 8 in {pixels}")


def test_a_computed_video_of_8_bits_loses_nothing(tmp_path: Path) -> None:
    assert run_node(tmp_path, write_clip(tmp_path / "plain.mkv", "yuv444p"))[1] == []
