"""Audio out of files: whole, whatever the header declares, and with doubts where the two differ."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from studio.api import av_audio, av_file
from studio.api.audio_blocks import exceeds_memory, skip_frames
from studio.api.formats.file_part import FilePart
from studio.api.formats.ogg import VORBIS_ORDER, Links, find_links
from studio.api.formats.sound_sizes import find_sound_data
from studio.api.media_file import open_media, refuse
from studio.api.stream_choice import StreamChoice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.api.audio import Audio
    from studio.settings import MediaLimits

    FloatArray = npt.NDArray[np.float32]

_SNDFILE = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"FORM", b".snd", b"caff", b"riff", b"OggS")
_FLAC_HEAD = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")
_AGAIN = "copy or make it again"
_TOLERANCE_SECONDS = 0.15
"""Priming and padding of a codec, and the rounding of a container's clock, are no loss."""


@dataclass(frozen=True)
class Arrangement:
    """How audio lies in a file.

    Attributes:
        links: From where to where each complete stream goes; a chain has more than one.
        patches: Bytes that the header should have, by place.
        doubts: What a person should know.
    """

    links: tuple[tuple[int, int], ...]
    patches: Mapping[int, bytes]
    doubts: tuple[str, ...] = ()


def read_audio(path: Path, limits: MediaLimits, choice: StreamChoice | None = None) -> Audio:
    """Read audio; MediaError E511 if the file has none or not what is chosen, is damaged or is over a limit."""
    choice = choice or StreamChoice()
    with open_media(path, limits) as file:
        head = file.read(26)
        if head[:4] == b"OggS":
            _check_ogg(path, file)
        is_plain = _is_for_sndfile(head) and choice == StreamChoice()
        audio = _read_sndfile(path, limits, file, head[:4]) if is_plain else None
    if audio is None:
        audio = av_audio.decode_audio(path, limits, None, choice)
    if audio is None:
        raise refuse(path, "the file has no audio", hint="name a file with audio")
    return audio


def find_doubts(path: Path, limits: MediaLimits) -> list[str]:
    """Return what a person should know of a file: it is cut off, its header is wrong, parts of it are not read."""
    with open_media(path, limits) as file:
        head = file.read(26)
        if _is_for_sndfile(head):
            arrangement = _arrange(file, head[:4])
            return [*arrangement.doubts, *_find_missing_frames(_File(path, limits, arrangement), head)]
    return _find_missing_seconds(path, limits)


def _is_for_sndfile(head: bytes) -> bool:
    """Say whether libsndfile reads it; a FLAC file without a declared length it does not."""
    return head[:4] in _SNDFILE and (head[:4] != b"fLaC" or _find_flac_frames(head) > 0)


def _find_flac_frames(head: bytes) -> int:
    return int.from_bytes(head[18:26], "big") & (2**36 - 1)


def _arrange(file: BinaryIO, kind: bytes) -> Arrangement:
    end = file.seek(0, 2)
    whole = ((0, end),)
    if kind == b"OggS":
        links = find_links(file)
        return Arrangement(links.bounds or whole, {}, (*_find_ogg_doubts(links), *_name_chain(len(links.bounds))))
    if kind == b"fLaC":
        starts = [0, *_find_flac_starts(file)]
        return Arrangement(tuple(zip(starts, [*starts[1:], end], strict=True)), {}, tuple(_name_chain(len(starts))))
    data = find_sound_data(file)
    if data is None or not data.patches or data.declared == data.present:
        return Arrangement(whole, {})
    if data.declared is not None and data.declared > data.present:
        doubt = f"truncated file: it has {data.present} of {data.declared} bytes of audio; what is there is read"
    else:
        doubt = f"the header declares {data.declared} bytes of audio, the file has {data.present}; all are read"
    return Arrangement(whole, data.patches, (doubt,))


def _find_ogg_doubts(links: Links) -> Iterator[str]:
    if links.is_cut:
        yield "truncated file: it ends inside a page; what is there is read"
    elif links.is_open:
        yield "truncated file: its last page does not end the stream; what is there is read"


def _check_ogg(path: Path, file: BinaryIO) -> None:
    """Refuse a file that is cut off inside its headers."""
    links = find_links(file)
    if not links.has_content and (links.is_cut or links.is_open):
        raise refuse(path, "truncated file: it ends inside its headers, before any audio", hint=_AGAIN)


def _name_chain(links: int) -> list[str]:
    return [f"the file is a chain of {links} streams; they are read one after the other"] if links > 1 else []


def _find_flac_starts(file: BinaryIO) -> Iterator[int]:
    """Yield where another FLAC stream begins behind the first."""
    at, step, overlap = 4, 1 << 20, 8
    while True:
        file.seek(at)
        block = file.read(step + overlap)
        found = [place for head in _FLAC_HEAD if 0 <= (place := block.find(head)) < step]
        if found:
            at += min(found)
            yield at
            at += 4
        elif len(block) < step + overlap:
            return
        else:
            at += step


def _read_sndfile(path: Path, limits: MediaLimits, file: BinaryIO, kind: bytes) -> Audio | None:
    """Read what libsndfile reads; None where FFmpeg should try."""
    source = _File(path, limits, _arrange(file, kind))
    try:
        with source.open_link(0) as (reader, _):
            rate, channels = reader.samplerate, reader.channels
            av_audio.check_audio(path, _count_frames(reader), channels, rate, limits)
        return av_audio.create_audio(path, lambda: _decode_chain(source, kind), rate, channels)
    except (RuntimeError, ValueError) as error:  # libsndfile's
        if kind == b"fLaC":
            raise refuse(path, f"damaged audio: {error}", hint=_AGAIN) from None
        return None


@dataclass(frozen=True)
class _File:
    """A file with audio that libsndfile reads: where it is, its bounds, and how the audio lies in it."""

    path: Path
    limits: MediaLimits
    arrangement: Arrangement

    @contextmanager
    def open_link(self, index: int) -> Iterator[tuple[Any, Callable[[], int]]]:
        """Open one stream with libsndfile; yield the reader, and what tells how many bytes it has taken."""
        import soundfile

        with open_media(self.path, self.limits) as file:
            if self.has_one_link and not self.arrangement.patches:  # the file itself, which is faster
                with soundfile.SoundFile(file.fileno(), closefd=False) as reader:
                    yield reader, lambda: os.lseek(file.fileno(), 0, os.SEEK_CUR)
            else:
                part = self._create_part(file, index)
                with soundfile.SoundFile(part, closefd=False) as reader:
                    yield reader, part.tell

    def finish_link(self, index: int, own: tuple[int, int], done: int) -> Iterator[FloatArray]:
        """Yield what FFmpeg decodes of one stream behind so many frames."""
        with open_media(self.path, self.limits) as file:
            yield from skip_frames(av_audio.decode_part(self._create_part(file, index), *own), done)

    @property
    def has_one_link(self) -> bool:
        """Whether the file is no chain."""
        return len(self.arrangement.links) == 1

    def _create_part(self, file: BinaryIO, index: int) -> FilePart:
        return FilePart(file, *self.arrangement.links[index], self.arrangement.patches)


def _count_frames(reader: Any) -> int:
    return reader.frames if 0 < reader.frames < 2**62 else 0


def _decode_chain(source: _File, kind: bytes) -> Iterator[FloatArray]:
    """Yield the audio of all streams of a file, in the rate and channels of the first."""
    with source.open_link(0) as (reader, _):
        rate, channels, known = reader.samplerate, reader.channels, _count_frames(reader)
    total = 0
    for index in range(len(source.arrangement.links)):
        for block in _decode_link(source, index, kind, (rate, channels)):
            total += len(block)
            av_audio.check_audio(source.path, total, channels, rate, source.limits)
            yield block
    if not total and (kind == b"OggS" or (kind == b"fLaC" and known)):
        raise refuse(source.path, "the file has no audio that can be decoded", hint=_AGAIN)


def _decode_link(source: _File, index: int, kind: bytes, kept: tuple[int, int]) -> Iterator[FloatArray]:
    """Yield one stream in this rate and number of channels; where libsndfile stops early, FFmpeg goes on."""
    start, end = source.arrangement.links[index]
    own, total, complete = kept, 0, False
    convert = _create_converter(own, kept)
    try:
        with source.open_link(index) as (reader, tell):
            own = (reader.samplerate, reader.channels)
            convert = _create_converter(own, kept)
            order = VORBIS_ORDER.get(own[1]) if reader.subtype in ("VORBIS", "OPUS") else None
            while len(block := reader.read(av_file.BLOCK, dtype="float32", always_2d=True)):
                total += len(block)
                yield from convert(block if order is None else block[:, order])
            complete = kind != b"fLaC" or (total == _count_frames(reader) and tell() >= end - start)
    except (RuntimeError, ValueError):  # libsndfile's
        if index == total == 0 and kind != b"fLaC":
            raise
    if not complete:
        for block in source.finish_link(index, own, total):
            yield from convert(block)
    yield from convert(None)


Convert = Callable[[Any], "Iterator[FloatArray]"]


def _create_converter(before: tuple[int, int], after: tuple[int, int]) -> Convert:
    """Return what brings blocks to another rate and number of channels; None as a block ends it."""
    import av
    import numpy as np

    if before == after:
        return lambda block: iter(() if block is None else (block,))
    layout = av_file.get_layout(after[1])
    resampler, at = av.AudioResampler(format="flt", layout=layout, rate=after[0]), 0

    def convert(block: Any) -> Iterator[FloatArray]:
        nonlocal at
        frame = None
        if block is not None:
            mixed = block if before[1] == after[1] else np.repeat(block.mean(axis=1, keepdims=True), after[1], axis=1)
            frame = av_file.create_audio_frame(mixed.astype(np.float32), at, before[0])
            at += len(block)
        for part in resampler.resample(frame):
            yield part.to_ndarray().astype(np.float32, copy=False).reshape(-1, after[1])

    return convert


def _find_missing_frames(source: _File, head: bytes) -> list[str]:
    """Hold the length that FLAC declares against what can be decoded; of long audio, against its packets."""
    if head[:4] != b"fLaC" or not source.has_one_link:
        return []
    declared, channels = _find_flac_frames(head), (head[20] >> 1 & 7) + 1
    if exceeds_memory(declared * channels):
        return _find_missing_seconds(source.path, source.limits, 0.001)
    try:
        found = sum(len(block) for block in _decode_chain(source, head[:4]))
    except (RuntimeError, ValueError) as error:  # libsndfile's
        raise refuse(source.path, f"damaged audio: {error}", hint=_AGAIN) from None
    if found < declared:
        return [f"truncated or damaged file: it has {found} of {declared} samples; what is there is read"]
    return [f"the header declares {declared} samples, the file has {found}; all are read"] if found > declared else []


def _find_missing_seconds(path: Path, limits: MediaLimits, tolerance: float = _TOLERANCE_SECONDS) -> list[str]:
    """Hold the length that a container declares against its packets."""
    declared, found = av_audio.measure_audio(path, limits)
    if declared is None or declared - found <= tolerance:
        return []
    return [f"truncated or damaged file: it declares {declared:.2f} s of audio and has {found:.2f} s, which is read"]
