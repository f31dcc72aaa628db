"""Node types of a plugin that was released: version 1.0 of its distribution, whatever release of Studio runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from studio.api import Audio, Context, Image, Mask, Video, hookimpl, node


def _count_call(ctx: Context, name: str) -> None:
    """Say in a file of the working folder that a node type ran."""
    with Path("calls.txt").open("a", encoding="utf-8") as file:
        file.write(f"{name}\n")


@node("golden.paint", code=2)
def paint(ctx: Context, width: int, *, shade: float = 0.5) -> Image:
    """Paint a ramp.

    Args:
        width: Columns.
        shade: Blue of every pixel.
    """
    _count_call(ctx, "paint")
    ramp = np.linspace(0, 1, width, dtype=np.float32)
    rows = [ramp, ramp[::-1], np.full(width, shade, np.float32)]
    return Image(np.tile(np.stack(rows, -1), (16, 1, 1)))


@node("golden.cut", code=1)
def cut(ctx: Context, image: Image) -> Mask:
    """Cut out what is red.

    Args:
        image: Image to look at.
    """
    _count_call(ctx, "cut")
    return Mask((image.pixels[..., 0] > 0.5).astype(np.float32))


@node("golden.ring", code=1)
def ring(ctx: Context, pitch: float) -> Audio:
    """Ring a tone for a tenth of a second.

    Args:
        pitch: Frequency in hertz.
    """
    _count_call(ctx, "ring")
    return Audio(np.sin(np.arange(800, dtype=np.float32) * np.float32(2 * np.pi * pitch / 8000))[:, None] / 2, 8000)


@node("golden.film", code=1)
def film(ctx: Context, image: Image, count: int) -> Video:
    """Show an image for some frames, each a column further.

    Args:
        image: First frame.
        count: Number of frames.
    """
    _count_call(ctx, "film")
    return Video.from_images([Image(np.roll(image.pixels, index, axis=1)) for index in range(count)], 10)


@node("golden.name", code=1)
def name(ctx: Context, words: list[str]) -> str:
    """Join words.

    Args:
        words: Words to join.
    """
    _count_call(ctx, "name")
    return " ".join(words)


@hookimpl
def studio_node_types() -> list[object]:
    """Return the node types."""
    return [paint, cut, ring, film, name]
