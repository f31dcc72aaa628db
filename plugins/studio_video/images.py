"""Videos from images and images from videos: numbered files, chosen frames, contact sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw

from studio.api import Audio, Frame, Image, ImageType, MediaError, MediaLimits, Video, convert_color
from studio.api.fonts import LABEL_FONT
from studio_video.checks import check_span
from studio_video.fonts import load_font
from studio_video.retime import closing_stream, keep_time
from studio_video.shape import resize, scale_to

Array = npt.NDArray[Any]
_EDGE = 1e-6
_GAP = 8
_MOST_NAMED = 12  # missing numbers


def sort_naturally(paths: Sequence[Path]) -> list[Path]:
    """Return paths by name, with numbers in them by value: 9 before 10."""

    def key(path: Path) -> list[tuple[int, int, str]]:
        parts = re.split(r"(\d+)", path.name)
        return [(1, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in parts]

    return sorted(paths, key=key)


def describe_gaps(paths: Sequence[Path]) -> str:
    """Say which numbers are missing between those of numbered files; "" if none is, or the names are of other kinds."""
    found = [re.fullmatch(r"(.*?)(\d+)(\D*)", path.name) for path in paths]
    if len({(each.group(1), each.group(3)) for each in found if each}) != 1 or not all(found):
        return ""
    numbers = sorted({int(each.group(2)) for each in found if each})
    steps = [after - before for before, after in pairwise(numbers)]
    step = min(steps, default=1)
    gaps = (n for before, after in pairwise(numbers) for n in range(before + step, after, step))
    missing = list(islice(gaps, _MOST_NAMED + 1))
    if not missing:
        return ""
    more = f" and {sum(steps) // step + 1 - len(numbers) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    names = ", ".join(map(str, missing[:_MOST_NAMED]))
    return f"images are missing between {numbers[0]} and {numbers[-1]}: {names}{more}; the others follow each other"


def read_images(
    paths: Sequence[Path], rate: Fraction, audio: Audio | None, limits: MediaLimits, layer: str = ""
) -> tuple[Video, Sequence[str]]:
    """Return a video of image files, each read when its frame is asked for, and what the first file has besides.

    Raises:
        MediaError: E511 if the first cannot be read; while frames are read also E704 for one of another size.
    """
    first, doubts = ImageType().read_layer(paths[0], limits, layer=layer)

    def frames() -> Iterator[Frame]:
        for index, path in enumerate(paths):
            image = first if index == 0 else ImageType().read_layer(path, limits, layer=layer)[0]
            if (image.width, image.height) != (first.width, first.height):
                message = f"{path.name} is {image.width} x {image.height}, the first is {first.width} x {first.height}"
                raise MediaError("E704", message, hint="make them one size first")
            image = convert_color(match_channels(image, first.channels), first.color)
            yield Frame(image, float(index / rate))

    video = Video(
        frames,
        width=first.width,
        height=first.height,
        channels=first.channels,
        color=first.color,
        rate=rate,
        count=len(paths),
        audio=audio,
    )
    return video, doubts


def match_channels(image: Image, channels: int) -> Image:
    """Return an image with this many channels: grey spread, alpha added or left out."""
    array = image.stored
    if array.shape[2] == channels:
        return image
    if channels == 1:
        weights = np.array([0.2126, 0.7152, 0.0722], np.float32)
        grey = image.pixels[:, :, :3] @ weights
        return Image(np.clip(grey, 0.0, 1.0) if image.color.is_bounded else grey, color=image.color)
    colors = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[:, :, :3]
    if channels == 3:
        return Image(colors, color=image.color)
    top = 1.0 if array.dtype.kind == "f" else np.iinfo(array.dtype).max
    return Image(np.concatenate([colors, np.full((*array.shape[:2], 1), top, array.dtype)], axis=2), color=image.color)


def join_images(images: Sequence[Image], rate: Fraction, audio: Audio | None) -> Video:
    """Return a video of images; those of other sizes are fitted to the first, with bars."""
    first = images[0]
    size = first.width, first.height

    def fit(image: Image) -> Image:
        image = convert_color(match_channels(image, first.channels), first.color)
        if (image.width, image.height) == size:
            return image
        return Image(resize(image.stored, size, "pad", "auto", (0, 0, 0), image.color), color=image.color)

    return Video.from_images([fit(image) for image in images], rate, audio)


def match_video(video: Video, like: Video) -> Video:
    """Return a video with the size and the channels of another, fitted with bars; itself if it has them."""
    if (video.width, video.height, video.channels) == (like.width, like.height, like.channels):
        return video
    size = like.width, like.height

    def frames() -> Iterator[Frame]:
        for frame in video.frames():
            array = match_channels(frame.image, like.channels).stored
            yield Frame(Image(resize(array, size, "pad", "auto", (0, 0, 0))), frame.time)

    return keep_time(video, frames, size=size, channels=like.channels)


def take_frames(video: Video, times: Sequence[float]) -> list[Image]:
    """Return the images that show at rising times; one pass, and no more is held than was asked for."""
    found: list[Image] = []
    shown: Frame | None = None
    with closing_stream(video) as stream:
        for frame in stream:
            while shown is not None and len(found) < len(times) and times[len(found)] < frame.time - _EDGE:
                found.append(shown.image)
            shown = frame
            if len(found) == len(times):
                break
    if shown is None:
        raise MediaError("E700", "the video has no frames", hint="check what makes it")
    return found + [shown.image] * (len(times) - len(found))


def spread_times(video: Video, count: int, start: float, end: float | None) -> list[float]:
    """Return so many times in the middle of equal parts of a span."""
    check_span(end, start)
    last = video.duration if end is None else min(end, video.duration)
    if last <= start:
        raise MediaError("E701", f"the video ends before {start:g} seconds", hint="start earlier")
    return [start + (last - start) * (index + 0.5) / count for index in range(count)]


def make_sheet(images: Sequence[Image], times: Sequence[float], columns: int, width: int, *, labels: bool) -> Image:
    """Return a contact sheet: images in rows, each with its time below."""
    first = images[0]
    height = max(1, round(width * first.height / first.width))
    size = max(11, width // 14)
    below = round(size * 1.5) if labels else 0
    rows = -(-len(images) // columns)
    sheet = Pillow.new("RGB", (columns * (width + _GAP) + _GAP, rows * (height + below + _GAP) + _GAP), (22, 23, 27))
    draw, font = ImageDraw.Draw(sheet), load_font(LABEL_FONT, size)
    for index, (image, time) in enumerate(zip(images, times, strict=True)):
        x = _GAP + index % columns * (width + _GAP)
        y = _GAP + index // columns * (height + below + _GAP)
        small = scale_to(match_channels(image, 3).to_uint8(), (width, height))
        sheet.paste(Pillow.fromarray(small), (x, y))
        if labels:
            draw.text((x, y + height + size * 0.2), write_time(time), (220, 220, 225), font)
    return Image(np.asarray(sheet))


def write_time(seconds: float) -> str:
    """Return a time as people write it: 1:02:03.4."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    lead = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{lead}:{rest // 10:02d}.{rest % 10}"
