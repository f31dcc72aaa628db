"""Node types that read and write videos."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

from studio.api import Audio, Context, Field, File, JsonValue, Migration, OutputPath, Video, check_inputs, node
from studio_video import checks
from studio_video.nodes.old_values import read_encoder

Fps = Annotated[float, Field(gt=0, le=1000, unit="frames per second")]


class Saved(NamedTuple):
    """A file that was written.

    Attributes:
        path: The file, relative to the run's output folder.
    """

    path: str


class Probed(NamedTuple):
    """What a file contains.

    Attributes:
        facts: A JSON mapping.
    """

    facts: JsonValue


@node("video.load", lane="io", version="2.0", migrations={1: Migration(inputs={"rate": "fps"})})
def load_video(ctx: Context, file: File, *, fps: Fps | None = None) -> Video:
    """Load a video with its audio; frames are decoded when they are asked for.

    Frames keep their times, also uneven ones, and are turned upright by the file's rotation flag. A file that is cut
    off gives the frames that are there; that, uneven times and a header that is wrong are named in a warning.

    Args:
        file: MP4, MOV, WebM, MKV, GIF, AVI or another format that Studio reads.
        fps: Even frames per second to give instead: frames are repeated or left out.

    Raises:
        MediaError: E511 if the file contains no video, it is broken, or it is over the limits.
    """
    from studio.api import MediaError, MediaLimits, VideoType
    from studio.api.video_probing import find_warnings, probe_file
    from studio_video.retime import even_out

    limits = MediaLimits()
    facts = probe_file(file.path, limits)
    if not facts["video"]:
        what = "audio alone" if facts["audio"] else "nothing that moves"
        raise MediaError("E511", f"the file holds {what}", where=str(file.path), hint="load audio with audio.load")
    for warning in find_warnings(facts):
        ctx.log(warning)
    film = VideoType().read_file(file.path, limits)
    return film if fps is None else even_out(film, Fraction(fps).limit_denominator(100_000))


@node(
    "video.load_images",
    lane="io",
    version="2.0",
    migrations={1: Migration(inputs={"rate": "fps", "sort": "sort_files"})},
)
def load_images(
    ctx: Context,
    files: Annotated[list[File], Field(min_length=1, max_length=1_000_000)],
    *,
    fps: Fps = 25.0,
    audio: Audio | None = None,
    sort_files: bool = True,
) -> Video:
    """Make a video of image files, such as a folder of numbered frames; each is read when its frame is asked for.

    Args:
        files: The images, all of one size; a graph names those of a folder as {"files": "renders/%05d.png"}.
        fps: Frames per second.
        audio: Audio for the video.
        sort_files: Order them by name, numbers in it by value; otherwise as given.

    Raises:
        MediaError: E511 if an image cannot be read, E704 if one has another size.
    """
    from studio.api import MediaLimits
    from studio_video.images import read_images, sort_naturally

    paths = [file.path for file in files]
    paths = sort_naturally(paths) if sort_files else paths
    return read_images(paths, Fraction(fps).limit_denominator(100_000), audio, MediaLimits())


@node(
    "video.save",
    cache="never",
    lane="io",
    check=check_inputs(checks.check_video_name, checks.check_codec, checks.check_pixels, checks.check_hardware),
    version="2.0",
    migrations={
        1: Migration(
            inputs={"encoder": "hardware", "first_number": "start_number"},
            values={"hardware": read_encoder},
            outputs={"text": "path"},
        )
    },
)
def save_video(
    ctx: Context,
    video: Video,
    path: OutputPath,
    *,
    codec: Literal["auto", "h264", "h265", "vp9", "av1", "prores", "gif", "apng", "webp"] = "auto",
    quality: Annotated[int | None, Field(ge=1, le=100)] = None,
    pixel_format: Annotated[str, Field(max_length=20)] = "auto",
    faststart: bool = True,
    hardware: Literal["auto", "never", "always"] = "auto",
    start_number: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0,
) -> Saved:
    """Save a video to a file beside the graph's outputs; the extension chooses the format.

    A graph's own outputs are written without this node. The file appears complete or not at all. A size that the
    pixel format cannot hold is made even by repeating the edge, with a warning; nothing is cut.

    Args:
        video: Video to write.
        path: Where, relative to the run's output folder: .mp4, .mov, .mkv, .webm, .gif, .apng, .webp; or numbered
            images, such as frames/%05d.png.
        codec: "auto": H.264, VP9 in WebM. H.265 and AV1 are smaller and slower; ProRes is for editing, in MOV.
        quality: From 1 to 100; without it about 80 (visually near the source). For codecs that lose nothing it is
            ignored.
        pixel_format: Such as yuv420p, yuv444p, yuv420p10le; "auto" is what all players take, with alpha where both
            the video and the codec have it.
        faststart: Put the index of MP4 and MOV first, so that a browser plays before it has all.
        hardware: When to use a GPU's encoder for H.264, H.265 and AV1; "auto" does where the run is on such a GPU.
        start_number: Number of the first image of a sequence.

    Raises:
        MediaError: E702 for an extension, a codec and a pixel format that do not go together, or a GPU that cannot;
            E512 if the file cannot be written.
    """
    from studio_video.encodings import find_extension, is_sequence
    from studio_video.retime import count_frames
    from studio_video.save import can_use_hardware, choose_encoding, save_encoded, save_images

    if is_sequence(path.path):
        save_images(video, path, start_number, ctx.step)
        return Saved(path.name)
    checks.check_video_name(path.name)
    checks.check_codec(codec, path.name)
    checks.check_pixels(pixel_format, codec, path.name)
    checks.check_hardware(hardware, path.name, codec)
    extension = find_extension(path.path)
    alpha = video.channels == 4
    encoding = choose_encoding(
        extension, codec, pixel_format, quality, alpha=alpha, faststart=faststart, hardware=False
    )
    named = {"libx264": "h264", "libx265": "h265", "libsvtav1": "av1"}.get(encoding.codec, "")
    wanted = hardware == "always" or (hardware == "auto" and ctx.device.startswith("cuda"))
    if wanted and can_use_hardware(named):
        encoding = choose_encoding(
            extension, named, pixel_format, quality, alpha=False, faststart=faststart, hardware=True
        )
    elif hardware == "always":
        raise checks.refuse_hardware(codec)
    save_encoded(count_frames(video, ctx.step), path, encoding, ctx.log)
    return Saved(path.name)


@node("video.probe", lane="io", version="2.0", migrations={1: Migration(outputs={"json": "facts"})})
def probe_video(ctx: Context, file: File) -> Probed:
    """Describe a file: container, streams, codecs, sizes, rates, lengths, rotation, and what is wrong with it.

    Packets are read and one frame is decoded. `frames` and `seconds` are what is there, `header_frames` and
    `header_seconds` what the file says.

    Args:
        file: Video or audio.

    Raises:
        MediaError: E511 if it cannot be read.
    """
    from studio.api import MediaLimits
    from studio.api.video_probing import find_warnings, probe_file

    facts = probe_file(file.path, MediaLimits())
    return Probed({**facts, "warnings": find_warnings(facts)})


NODE_TYPES: list[Callable[..., Any]] = [load_video, load_images, save_video, probe_video]
