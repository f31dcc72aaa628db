"""GIF files as videos: images are laid over each other as browsers do, with the alpha that each leaves."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.api.formats import gif
from studio.api.image import Image
from studio.api.media_file import open_media, refuse
from studio.api.video import Frame, Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from studio.settings import MediaLimits

    AnyArray = npt.NDArray[Any]

_SHORTEST, _DEFAULT = 2, 10  # hundredths of a second: browsers show what is shorter as long as the default
_CLEARS, _RETURNS = 2, 3  # what is done with an image before the next


def is_gif(path: Path, limits: MediaLimits) -> bool:
    """Say whether a file is GIF, by its content; MediaError E511 if it cannot be opened."""
    with open_media(path, limits) as file:
        return file.read(6) in (b"GIF87a", b"GIF89a")


def read_gif_video(path: Path, limits: MediaLimits, check_size: Callable[[Path, int, int, MediaLimits], None]) -> Video:
    """Return a video that decodes a GIF file whenever its frames are asked for; frames keep their lengths.

    It has alpha if one of its frames is not opaque. Damaged images are left out, as players do.

    Raises:
        MediaError: E511 for a file without an image, or one over a limit.
    """
    try:
        with open_media(path, limits) as file:
            size = gif.find_size(file)
            check_size(path, *size, limits)
            images = list(gif.iterate_images(file))
    except ValueError as error:
        raise refuse(path, f"damaged GIF file: {error}", hint="open it in a browser and save it again") from None
    if next(_compose(images, size), None) is None:
        raise refuse(path, "no frame of the video can be decoded", hint="open it in a browser and save it again")
    delays = [image.delay if image.delay >= _SHORTEST else _DEFAULT for image in images]
    channels = 4 if _has_alpha(images, size) else 3

    def create_frames() -> Iterator[Frame]:
        for index, canvas in _compose(images, size):
            yield Frame(Image.take(canvas[:, :, :channels].copy()), sum(delays[:index]) / 100)

    return Video(
        create_frames,
        width=size[0],
        height=size[1],
        channels=channels,
        rate=Fraction(100, min(delays)),
        duration=sum(delays) / 100,
        count=lambda: sum(1 for _ in _compose(images, size)),
        origin=path,
    )


def _has_alpha(images: list[gif.GifImage], size: tuple[int, int]) -> bool:
    """Say whether a frame is not opaque; frames are decoded only where that may be."""
    first = images[0]
    covers = (first.left, first.top, first.width, first.height) == (0, 0, *size)
    if covers and all(image.transparent is None and image.disposal < _CLEARS for image in images):
        return False
    return any(bool(canvas[:, :, 3].min() < 255) for _, canvas in _compose(images, size))


def _compose(images: list[gif.GifImage], size: tuple[int, int]) -> Iterator[tuple[int, AnyArray]]:
    """Yield number and RGBA canvas of each image that can be decoded; the canvas changes with the next."""
    import numpy as np

    canvas = np.zeros((size[1], size[0], 4), np.uint8)
    for index, image in enumerate(images):
        try:
            indexes = _decode(image)
        except (OSError, SyntaxError, ValueError):
            continue
        before = canvas.copy() if image.disposal == _RETURNS else None
        area = canvas[image.top : image.top + image.height, image.left : image.left + image.width]
        indexes = indexes[: area.shape[0], : area.shape[1]]
        drawn = _color(image.palette)[indexes]
        kept = indexes != (-1 if image.transparent is None else image.transparent)
        area[kept] = drawn[kept]
        yield index, canvas
        if image.disposal == _CLEARS:
            area[...] = 0
        elif before is not None:
            canvas = before


def _decode(image: gif.GifImage) -> AnyArray:
    import numpy as np
    import PIL.Image

    size = image.width, image.height
    pixels = PIL.Image.frombytes("L", size, image.blocks, "gif", image.bits, int(image.interlaced), -1)
    return np.asarray(pixels)


def _color(palette: bytes) -> AnyArray:
    """Return 256 opaque colors; those that the palette lacks are black."""
    import numpy as np

    table = np.zeros((256, 4), np.uint8)
    colors = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    table[: len(colors), :3], table[:, 3] = colors, 255
    return table
