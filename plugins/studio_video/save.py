"""A video written to a file, or to numbered images, in one go."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from studio.api import Image, ImageType, MediaError, OutputPath, Video, replace_file, replace_files
from studio.api.video_writing import WRITERS, Encoding, find_losses, has_depth, write_video
from studio_video.encodings import CODECS, HARDWARE, NUMBER, PIXELS, choose_codec, choose_pixels

CONTAINERS = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm", "gif": "gif", "apng": "apng"}
CONTAINERS |= {"webp": "webp"}
_FACTORS: dict[str, tuple[str, int, float, dict[str, str]]] = {
    "h264": ("18", 40, 0.28, {"preset": "medium"}),
    "h265": ("20", 42, 0.28, {"preset": "medium", "x265-params": "log-level=error"}),
    "vp9": ("30", 58, 0.45, {"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}),
    "av1": ("30", 58, 0.45, {"preset": "8", "svtav1-params": "enable-tf=0"}),  # whose temporal filter brightens 8 bits
}
"""Rate factor by codec: without a quality, at quality 0, how much each point of quality lowers it; other options."""
Step = Callable[[int, int, "Image | None"], None]


def choose_encoding(
    extension: str, codec: str, pixels: str, quality: int | None, *, alpha: bool, faststart: bool, hardware: bool
) -> Encoding:
    """Return how a video is written.

    Raises:
        MediaError: E702 for an extension, a codec and a pixel format that do not go together.
    """
    codec = choose_codec(extension, codec, pixels)
    encoder = CODECS[codec][0]
    if pixels == "auto":
        pixels = choose_pixels(extension, codec, alpha=alpha)
    elif not hardware and not is_encodable(encoder, pixels):
        known = ", ".join(each for each in PIXELS[codec] if is_encodable(encoder, each))
        message = f"the FFmpeg of this PyAV does not write {pixels} with {codec}"
        raise MediaError("E702", message, hint=f"use one of {known}" if known else "choose another codec")
    options = choose_options(codec, quality, pixels)
    if hardware:
        encoder, options = HARDWARE[codec], {"preset": "p5", "rc": "vbr", "cq": options["crf"], "b": "0"}
    return Encoding(CONTAINERS[extension], encoder, WRITERS[extension].audio, pixels, options, faststart)


def choose_options(codec: str, quality: int | None, pixels: str) -> dict[str, str]:
    """Return the encoder's options for a quality from 1 to 100; without it what Studio writes as a rule."""
    if codec in _FACTORS:
        default, least, slope, options = _FACTORS[codec]
        return {"crf": default if quality is None else str(round(least - slope * quality)), **options}
    if codec == "prores":
        profile = 4 if pixels == "yuva444p10le" else 3 if quality is None else min(3, (quality - 1) // 25)
        return {"profile": str(profile), "vendor": "apl0"}
    return {"quality": str(quality or 85), "lossless": "0"} if codec == "webp" else {}


def choose_gif_options(colors: int, dither: str) -> dict[str, str]:
    """Return how a GIF is reduced, in the words of `Encoding`."""
    return {"colors": str(colors), "dither": {"sierra": "sierra2_4a"}.get(dither, dither)}


def is_encodable(encoder: str, pixels: str) -> bool:
    """Say whether the FFmpeg of this PyAV has an encoder, and the encoder a pixel format."""
    import av

    if encoder not in av.codecs_available:
        return False
    formats = av.Codec(encoder, "w").video_formats
    return not formats or pixels in {each.name for each in formats}


def can_use_hardware(codec: str) -> bool:
    """Say whether the machine's GPU codes videos in this codec: a small encoder is opened to see."""
    import av

    name = HARDWARE.get(codec)
    if name is None or name not in av.codecs_available:
        return False
    try:
        context: Any = av.CodecContext.create(name, "w")
        context.width, context.height, context.pix_fmt = 256, 256, "yuv420p"
        context.framerate = 25
        context.open()
    except (av.error.FFmpegError, ValueError, OSError):
        return False
    return True


def save_encoded(video: Video, path: OutputPath, encoding: Encoding, log: Callable[[str], None]) -> None:
    """Write a video whole or not at all."""
    for loss in find_losses(video, path.path, encoding):
        log(loss)
    if encoding.codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # the library has no other way to be silenced
    try:
        with replace_file(path.path) as partial:
            loses_depth = write_video(video, partial, path.provenance, encoding)
    except MediaError as error:
        raise MediaError(error.code, error.message, where=path.name, hint=error.hint) from None
    if loses_depth and path.is_deep is not False:
        log(f"16 bits became 8 in {encoding.pixels}: {_name_deep(encoding)}")


def _name_deep(encoding: Encoding) -> str:
    """Return how to keep the depth."""
    codec = next((name for name, (encoder, _) in CODECS.items() if encoder == encoding.codec), "")
    deep = [each for each in PIXELS.get(codec, ()) if has_depth(each) and is_encodable(encoding.codec, each)]
    if deep:
        return f'"pixel_format" "{deep[0]}" of video.save keeps 10'
    return "write .mp4 with codec h265, or .mov with ProRes, to keep 10"


def save_images(
    video: Video, target: OutputPath, first: int, step: Step, log: Callable[[str], None] = lambda _: None
) -> int:
    """Write every frame to an image of its own; all appear once the last one is there. Return how many.

    What the first image loses is logged.

    Raises:
        MediaError: E700 if there is no frame; E512 if the disk is full.
    """
    kind, path = ImageType(), target.path
    count = 0
    try:
        with replace_files(path.parent) as folder:
            for frame in video.frames():
                if not count and (loss := kind.find_loss(frame.image, path)):
                    log(loss)
                if not count and target.is_deep and (loss := kind.find_depth_loss(frame.image, path)):
                    log(loss)
                write = kind.write_deep_file if target.is_deep else kind.write_file
                write(frame.image, folder / fill_number(path.name, first + count), target.provenance)
                count += 1
                step(count, max(video.count or 0, count), None)
    except OSError as error:
        raise MediaError(
            "E512", f"cannot write the images: {error.strerror or error}", where=path.name, hint="free space"
        ) from None
    if not count:
        raise MediaError("E700", "the video has no frames", hint="check what makes it")
    return count


def fill_number(name: str, number: int) -> str:
    """Return a name with the number in the place of %d or %04d."""
    return NUMBER.sub(lambda found: str(number).zfill(int(found.group(1) or 0)), name, count=1)
