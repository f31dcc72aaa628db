"""Node types that read and write videos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

from studio.api import Added, Audio, Context, Field, File, JsonValue, Migration, OutputPath, Video, check_inputs, node
from studio_video import checks
from studio_video.encodings import ANY_COLOR
from studio_video.nodes.old_values import read_encoder

Fps = Annotated[float, Field(gt=0, le=1000, unit="frames per second")]
Track = Annotated[int, Field(ge=1, le=1000)]
Language = Annotated[str, Field(max_length=40)]


class Saved(NamedTuple):
    """A file that was written.

    Attributes:
        path: Path of the file, relative to the run's output folder.
    """

    path: str


class Probed(NamedTuple):
    """What a file contains.

    Attributes:
        facts: Description of the file as a JSON mapping.
    """

    facts: JsonValue


@node(
    "video.load", lane="io", version="2.0", code=2, migrations={1: Migration(inputs={"rate": "fps"})}, origin="captured"
)
def load_video(
    ctx: Context,
    file: File,
    *,
    fps: Fps | None = None,
    deinterlace: bool = True,
    video_track: Track | None = None,
    track: Track | None = None,
    language: Language = "",
    dynamic_range: Annotated[Literal["sdr", "keep"], Added] = "sdr",
) -> Video:
    """Load a video with its audio; frames are decoded when they are needed.

    Frames keep their times, even or uneven. They are turned and mirrored as the file says, get square pixels, and
    become sRGB: high dynamic range has its reference white of 203 cd/m2 at white. An incomplete file gives the frames
    that it has. Warnings name an incomplete file, uneven times, a wrong header and what is converted.

    Args:
        file: Video file to read: MP4, MOV, WebM, MKV, GIF, AVI or another format that Studio reads.
        fps: Even frame rate to convert to by repeating or dropping frames; null keeps the file's frames.
        deinterlace: Make interlaced frames whole, by bwdif; false keeps both fields in each frame.
        video_track: Number of the video track in the file, from 1; null takes the track marked as default.
        track: Number of the audio track in the file, from 1; null takes the track marked as default.
        language: Language of the audio track, such as "eng" or "en", instead of its number; "" takes any.
        dynamic_range: What becomes of PQ and HLG: sRGB ("sdr"), or kept deep ("keep") for node types that take it,
            such as `video.trim` and `video.save`. Others get sRGB, with a warning.

    Raises:
        MediaError: E511 if the file contains no video or not the track or language, it is broken, or it is over the
            limits.
    """
    from studio.api import MediaError, MediaLimits, VideoType
    from studio.api.video_extras import find_extras
    from studio.api.video_probing import find_warnings, probe_file
    from studio_video.retime import even_out

    limits = MediaLimits()
    facts = probe_file(file.path, limits)
    if not facts["video"]:
        what = "audio alone" if facts["audio"] else "nothing that moves"
        raise MediaError("E511", f"the file contains {what}", where=str(file.path), hint="load audio with audio.load")
    if dynamic_range == "keep" and facts["video"][0].get("high_dynamic_range"):
        facts["video"][0] |= {"high_dynamic_range": False, "color": ""}
    for warning in find_warnings(facts):
        if deinterlace or not warning.startswith("interlaced"):
            ctx.log(warning)
    for extra in find_extras(file.path, limits):
        ctx.log(extra)
    film = VideoType().read_tracks(
        file.path,
        limits,
        video_track=video_track,
        audio_track=track,
        language=language,
        deinterlace=deinterlace,
        keep_range=dynamic_range == "keep",
    )
    return film if fps is None else even_out(film, Fraction(fps).limit_denominator(100_000))


@node(
    "video.load_images",
    lane="io",
    version="2.0",
    migrations={1: Migration(inputs={"rate": "fps", "sort": "sort_files"})},
    origin="edited",
)
def load_images(
    ctx: Context,
    files: Annotated[list[File], Field(min_length=1, max_length=1_000_000)],
    *,
    fps: Fps = 25.0,
    audio: Audio | None = None,
    sort_files: bool = True,
    layer: Annotated[str, Field(max_length=255), Added] = "",
) -> Video:
    """Make a video from image files, such as a folder of numbered frames; frames are read when they are needed.

    Args:
        files: Image files, all of one size; {"files": "renders/%05d.png"} in a graph names those of a folder.
        fps: Frames per second of the video.
        audio: Audio of the video; null for none.
        sort_files: Sort the files by name, with numbers by value; otherwise they keep their order.
        layer: Layer, part or channel of OpenEXR files; "" for their plain colors, or their only layer.

    Raises:
        MediaError: E511 if an image cannot be read, E704 if one has another size.
    """
    from studio.api import MediaLimits
    from studio_video.images import describe_gaps, read_images, sort_naturally

    paths = [file.path for file in files]
    paths = sort_naturally(paths) if sort_files else paths
    if gaps := describe_gaps(paths):
        ctx.log(gaps)
    video, doubts = read_images(paths, Fraction(fps).limit_denominator(100_000), audio, MediaLimits(), layer)
    for doubt in doubts:
        ctx.log(f"{paths[0].name}: {doubt}")
    return video


@node(
    "video.save",
    cache="never",
    lane="io",
    check=check_inputs(
        checks.check_video_name, checks.check_codec, checks.check_pixels, checks.check_hardware, checks.check_range
    ),
    version="2.0",
    migrations={
        1: Migration(
            inputs={"encoder": "hardware", "first_number": "start_number"},
            values={"hardware": read_encoder},
            outputs={"text": "path"},
        )
    },
    encodings=ANY_COLOR,
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
    fps: Fps | None = None,
    colors: Annotated[int, Field(ge=2, le=255)] = 255,
    dither: Literal["sierra", "floyd_steinberg", "bayer", "none"] = "sierra",
    dynamic_range: Annotated[Literal["sdr", "pq", "hlg"], Added] = "sdr",
) -> Saved:
    """Save a video to a file beside the graph's outputs; the extension chooses the format.

    A graph's own outputs are written without this node. The file is written completely or not at all. If the pixel
    format needs an even size, the edge is repeated, with a warning; nothing is cut off.

    Args:
        video: Video to write.
        path: Path of the file, relative to the run's output folder: .mp4, .mov, .mkv, .webm, .gif, .apng, .webp; or
            numbered images, such as frames/%05d.png.
        codec: Codec; "auto" is H.264, and VP9 in WebM. H.265 and AV1 give smaller files and are slower; ProRes is for
            editing, in MOV.
        quality: Quality from 1 to 100; null for about 80 (visually close to the source). Lossless codecs ignore it.
        pixel_format: Pixel format such as yuv420p, yuv444p or yuv420p10le; "auto" is the format that all players read,
            with alpha if the video and the codec have it.
        faststart: Write the index of MP4 and MOV first, so that a browser plays the file while it loads.
        hardware: When to use a GPU's encoder for H.264, H.265 and AV1; "auto" if the run is on a GPU that has one.
        start_number: Number of the first image of a sequence.
        fps: Even frame rate of the file, by repeating or dropping frames; null keeps the times of the frames.
        colors: Colors of a GIF; fewer make a smaller file.
        dither: How a GIF shows the colors between its own: by noise, by a pattern ("bayer", smaller), or not at all.
        dynamic_range: Light of the file: sRGB ("sdr"), or BT.2100 with 10 bits or more and its tags, as "pq" or "hlg";
            light of sRGB white has 203 cd/m2.

    Raises:
        MediaError: E702 for an extension, a codec and a pixel format that do not go together, or a GPU that cannot;
            E512 if the file cannot be written.
    """
    from studio_video.encodings import find_deep_pixels, find_extension, is_sequence
    from studio_video.retime import count_frames, even_out
    from studio_video.save import can_use_hardware, choose_encoding, choose_gif_options, save_encoded, save_images

    if fps is not None:
        video = even_out(video, Fraction(fps).limit_denominator(100_000))
    if is_sequence(path.path):
        save_images(video, path, start_number, ctx.step, ctx.log)
        return Saved(path.name)
    checks.check_video_name(path.name)
    checks.check_codec(codec, path.name)
    checks.check_pixels(pixel_format, codec, path.name)
    checks.check_hardware(hardware, path.name, codec)
    checks.check_range(dynamic_range, path.name, codec, pixel_format)
    extension = find_extension(path.path)
    alpha = video.channels == 4
    if dynamic_range != "sdr" and pixel_format == "auto":
        pixel_format = find_deep_pixels(extension, codec, alpha=alpha)
    encoding = choose_encoding(
        extension, codec, pixel_format, quality, alpha=alpha, faststart=faststart, hardware=False
    )
    named = {"libx264": "h264", "libx265": "h265", "libsvtav1": "av1"}.get(encoding.codec, "")
    encoding = replace(encoding, dynamic_range=dynamic_range)
    wanted = hardware == "always" or (hardware == "auto" and ctx.device.startswith("cuda"))
    if wanted and dynamic_range == "sdr" and can_use_hardware(named):
        encoding = choose_encoding(
            extension, named, pixel_format, quality, alpha=False, faststart=faststart, hardware=True
        )
    elif hardware == "always":
        raise checks.refuse_hardware(codec)
    if encoding.codec == "gif":
        encoding = replace(encoding, options=choose_gif_options(colors, dither))
    save_encoded(count_frames(video, ctx.step), path, encoding, ctx.log)
    return Saved(path.name)


@node("video.probe", lane="io", version="2.0", migrations={1: Migration(outputs={"json": "facts"})})
def probe_video(ctx: Context, file: File) -> Probed:
    """Describe a media file: container, streams, codecs, sizes, rates, lengths, rotation and problems.

    Packets are read and one frame is decoded. `frames` and `seconds` are measured; `header_frames` and `header_seconds`
    are what the file declares.

    Args:
        file: Video or audio file to describe.

    Raises:
        MediaError: E511 if it cannot be read.
    """
    from studio.api import MediaLimits
    from studio.api.video_probing import find_warnings, probe_file

    facts = probe_file(file.path, MediaLimits())
    return Probed({**facts, "warnings": find_warnings(facts)})


NODE_TYPES: list[Callable[..., Any]] = [load_video, load_images, save_video, probe_video]
