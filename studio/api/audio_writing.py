"""Audio into files, block by block; the extension chooses the format.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from studio.api import av_file
from studio.api.audio_stored import find_int16
from studio.api.audio_tags import COVER_EXTENSIONS, NO_TAGS, AudioTags, add_cover
from studio.api.formats import riff
from studio.api.formats.ogg import VORBIS_ORDER
from studio.api.media_file import GENERATOR, MARK, encode_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from studio.api.audio import Audio

__all__ = ["build_comment", "write_coded", "write_tagged"]

_MP3_RATES = (32_000, 44_100, 48_000)  # below these MP3 has no bit rate at which LAME keeps the level
_AAC_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
_CODED = {
    "mp3": ("mp3", "mp3", _MP3_RATES, 2),
    "m4a": ("ipod", "aac", _AAC_RATES, 8),
    "opus": ("opus", "libopus", (48_000,), 8),
}
"""By extension: container, codec, sample rates, most channels."""
_OPUS_ORDER = {5: (0, 1, 3, 4, 2), 7: (0, 1, 5, 3, 2, 4, 6)}
"""How FFmpeg's encoder of Opus mixes up channels, by their number; the opposite is done before it."""
_INFO = {"title": b"INAM", "artist": b"IART", "album": b"IPRD", "copyright": b"ICOP"}
_CLIPS = 1 + 2.0**-16  # half a step of 16 bits is rounding
EXTENSIONS = ("flac", "wav", "ogg", "mp3", "m4a", "opus")


def write_audio(audio: Audio, path: Path, provenance: str | None) -> None:
    """Write audio in the format of the extension; errors of FFmpeg and libsndfile pass through."""
    write_tagged(audio, path, provenance, NO_TAGS)


def write_tagged(
    audio: Audio, path: Path, provenance: str | None, tags: AudioTags, kilobits: int | None = None
) -> None:
    """Write audio with tags in the format of the extension.

    Args:
        audio: What to write.
        path: A new file; its extension chooses the format.
        provenance: JSON text for the tags, or None.
        tags: What players show.
        kilobits: Kilobits per second of MP3, M4A and Opus, as in `write_coded`.

    Raises:
        ValueError: As `write_coded`; and for a cover in a file that is not MP3, M4A or FLAC.
        OSError: The file cannot be written; PyAV's errors are such.
    """
    extension = path.suffix.lower().lstrip(".")
    if tags.cover is not None and extension not in COVER_EXTENSIONS:
        raise ValueError(f"{extension} does not support a cover: {', '.join(COVER_EXTENSIONS)} do")
    if extension in _CODED:
        write_coded(audio, path, kilobits, provenance, tags)
    else:
        _WRITERS[extension](audio, path, provenance, tags)


def find_audio_loss(audio: Audio, extension: str) -> list[str]:
    """Return what a format cannot keep of audio: samples beyond full scale, and what lies above half of its rate."""
    losses = []
    if extension != "wav":
        losses += find_clipping(audio)
    rate = _choose_rate(audio.rate, _CODED[extension][2]) if extension in _CODED else audio.rate
    if rate < audio.rate:
        losses.append(f"{extension} does not support {audio.rate} hertz: the audio became {rate} hertz")
    return losses


def find_clipping(audio: Audio) -> list[str]:
    """Return how much of audio lies beyond full scale and is clipped when it is written as whole numbers."""
    import numpy as np

    peak, count = 0.0, 0
    for block in audio.blocks():
        size = np.abs(block)
        if size.size and (top := float(size.max())) > _CLIPS:
            peak, count = max(peak, top), count + int(np.count_nonzero(size > _CLIPS))
    if not count:
        return []
    share = 100 * count / (audio.frames * audio.channels)
    noun = "1 sample is" if count == 1 else f"{count} samples are"
    return [
        f"{noun} clipped ({share:.2g} %): the peak is {20 * np.log10(peak):.1f} dB over full scale; "
        "lower it with audio.normalize or audio.gain, or write wav, which keeps it"
    ]


def build_comment(provenance: str | None) -> str:
    """Return the comment of a file that carries what made it.

    Args:
        provenance: JSON text, or None.
    """
    return "made with Studio" if provenance is None else MARK + encode_text(provenance).decode("utf-8")


def write_coded(
    audio: Audio, path: Path, kilobits: int | None, provenance: str | None, tags: AudioTags = NO_TAGS
) -> None:
    """Write MP3, M4A or Opus, block by block.

    Args:
        audio: What to write. Samples beyond [-1, 1] are clipped, and a rate that the codec lacks becomes the next
            above.
        path: A new file; its extension chooses the format.
        kilobits: Kilobits per second for all channels together. None: what keeps level and bandwidth, which is 256
            for MP3, 128 a channel for M4A and 96 a channel for Opus.
        provenance: JSON text for the tags, or None.
        tags: What players show; Opus holds no cover.

    Raises:
        ValueError: For more channels than the format holds (2 in MP3, 8 in the others), and for audio without frames.
        OSError: The file cannot be written; PyAV's errors are such.
    """
    import numpy as np

    extension = path.suffix.lower().lstrip(".")
    container, codec, rates, most = _CODED[extension]
    if audio.channels > most:
        raise ValueError(f"{extension} holds up to {most} channels: mix it down with audio.remix_channels")
    _check_not_empty(audio, extension)
    rate = _choose_rate(audio.rate, rates)
    # below 256 kbit/s LAME lowers the level by 3 % and more
    usual = {"mp3": 256, "m4a": 128 * audio.channels, "opus": 96 * audio.channels}[extension]
    mixed = _OPUS_ORDER.get(audio.channels) if extension == "opus" else None
    order = list(range(audio.channels)) if mixed is None else np.argsort(mixed)
    blocks = (np.clip(block, -1.0, 1.0)[:, order] for block in audio.blocks(av_file.BLOCK))
    _encode(audio, path, (container, codec, "fltp" if codec != "libopus" else "flt"), rate, blocks, provenance,
            1000 * (kilobits or usual), tags)  # fmt: skip


def _choose_rate(rate: int, known: tuple[int, ...]) -> int:
    """Return the next rate above that a codec has, or its highest."""
    return next((each for each in known if each >= rate), known[-1])


def _check_not_empty(audio: Audio, extension: str) -> None:
    if not audio.frames:
        raise ValueError(f"{extension} does not support audio without samples; flac and wav do")


def _write_flac(audio: Audio, path: Path, provenance: str | None, tags: AudioTags) -> None:
    import numpy as np

    deep = any(find_int16(block) is None for block in audio.blocks(av_file.BLOCK))

    def create_blocks() -> Iterator[Any]:
        for block in audio.blocks(av_file.BLOCK):
            top = 2.0**23 if deep else 2.0**15
            whole = np.clip(np.rint(block.astype(np.float64) * top), -top, top - 1)
            yield (whole * 256).astype(np.int32) if deep else whole.astype(np.int16)

    kind = ("flac", "flac", "s32" if deep else "s16")
    _encode(audio, path, kind, audio.rate, create_blocks(), provenance, None, tags)


def _encode(
    audio: Audio,
    path: Path,
    kind: tuple[str, str, str],
    rate: int,
    blocks: Iterator[Any],
    provenance: str | None,
    bit_rate: int | None,
    tags: AudioTags,
) -> None:
    import av
    from av.codec.context import Flags

    format_name, codec, depth = kind
    format_name, options, metadata = _choose_container(format_name, provenance, tags)
    with av.open(str(path), "w", format=format_name, container_options=options) as container:
        # the default search of FFmpeg's AAC adds clicks to plain tones
        stream: Any = container.add_stream(codec, rate=rate, options={"aac_coder": "fast"} if codec == "aac" else {})
        stream.layout, stream.format = av_file.get_layout(audio.channels), depth
        stream.codec_context.flags |= Flags.bitexact
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        container.metadata.update(metadata)
        cover = [] if tags.cover is None else [add_cover(container, tags.cover)]
        start = 0
        for block in blocks:
            packets = stream.encode(av_file.create_audio_frame(block, start, audio.rate))
            container.mux(cover + packets)
            cover = []
            start += len(block)
        container.mux(stream.encode(None))


def _choose_container(
    format_name: str, provenance: str | None, tags: AudioTags
) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return a container's name, its options and its metadata.

    FFmpeg writes either names of one's own or those of iTunes into MP4. Players know only the latter; with tags the
    provenance is a comment. Its muxer of M4A refuses covers, which that of MP4 writes.
    """
    options = {"fflags": "+bitexact"}
    if format_name != "ipod":
        return format_name, options, av_file.build_metadata(provenance) | tags.texts
    if not tags:
        return format_name, options | {"movflags": "+faststart+use_metadata_tags"}, av_file.build_metadata(provenance)
    carried = {"comment": build_comment(provenance), "encoding_tool": GENERATOR}
    if term := av_file.build_metadata(provenance).get("digital_source_type"):
        carried["keywords"] = term
    options |= {"movflags": "+faststart", "brand": "M4A "}
    return "mp4" if tags.cover is not None else "ipod", options, carried | tags.texts


def _write_ogg(audio: Audio, path: Path, provenance: str | None, tags: AudioTags) -> None:
    import numpy as np
    import soundfile

    _check_not_empty(audio, "ogg")
    with soundfile.SoundFile(path, "w", audio.rate, audio.channels, "VORBIS", format="OGG") as writer:
        writer.software = GENERATOR
        if provenance is not None:
            writer.comment = build_comment(provenance)
        for name, text in tags.texts.items():
            setattr(writer, name, text)
        order = np.argsort(VORBIS_ORDER.get(audio.channels, range(audio.channels)))
        for block in audio.blocks(av_file.BLOCK):
            writer.write(np.ascontiguousarray(np.clip(block, -1.0, 1.0)[:, order]))


def _write_wav(audio: Audio, path: Path, provenance: str | None, tags: AudioTags) -> None:
    """Write float32 (format tag 3) with the INFO chunk behind the samples."""
    info = riff.build_chunk(b"ISFT", GENERATOR.encode() + b"\0")
    if provenance is not None:
        info += riff.build_chunk(b"ICMT", MARK.encode() + encode_text(provenance) + b"\0")
    for name, text in tags.texts.items():
        info += riff.build_chunk(_INFO[name], text.encode() + b"\0")
    tail = riff.build_chunk(b"LIST", b"INFO" + info)
    step, length = 4 * audio.channels, 4 * audio.channels * audio.frames
    fmt = struct.pack("<HHIIHHH", 3, audio.channels, audio.rate, min(step * audio.rate, 2**32 - 1), step, 32, 0)
    head = riff.build_chunk(b"fmt ", fmt) + riff.build_chunk(b"fact", struct.pack("<I", min(audio.frames, 2**32 - 1)))
    total = 4 + len(head) + 8 + length + len(tail)
    if total >= 2**32:
        raise ValueError("more than 4 GiB do not fit into a WAV file: write it as flac")
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", total) + b"WAVE" + head + b"data" + struct.pack("<I", length))
        for block in audio.blocks(av_file.BLOCK):
            file.write(block.astype("<f4").tobytes())
        file.write(tail)


_WRITERS: dict[str, Callable[[Audio, Path, str | None, AudioTags], None]]
_WRITERS = {"flac": _write_flac, "wav": _write_wav, "ogg": _write_ogg}
