"""Videos of which only some spans of time remain, one after the other; streams in, streams out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from studio.api import Audio, Frame, MediaError, Video
from studio_video.audio import BLOCK, cut_or_pad
from studio_video.retime import FrameReader, create_video
from studio_video.span_list import Span, invert_spans, limit_spans

FloatArray = npt.NDArray[np.float32]
_EDGE = 1e-6


def choose_spans(video: Video, spans: Sequence[Span], *, keeps: bool) -> list[Span]:
    """Return the spans of a video that remain: the given ones, or all that lies beside them.

    Raises:
        MediaError: E701 if nothing remains.
    """
    seconds = video.duration
    kept = limit_spans(spans, seconds) if keeps else invert_spans(limit_spans(spans, seconds), seconds)
    if sum(end - start for start, end in kept) * video.rate < _EDGE:
        message = f"nothing remains of a video of {seconds:g} seconds"
        raise MediaError("E701", message, hint="give other spans, or let `keep` be the other way round")
    return kept


def cut_spans(video: Video, kept: Sequence[Span], fade: float) -> Video:
    """Return the spans of a video one after the other, at even times.

    Args:
        video: Video to cut.
        kept: Spans in order of time.
        fade: Seconds in which audio fades out before a cut and in after it.
    """
    offsets = [0.0, *accumulate(end - start for start, end in kept)]
    total = offsets[-1]

    def frames() -> Iterator[Frame]:
        reader, index = FrameReader(video), 0
        for number in range(math.ceil(total * video.rate - _EDGE)):
            time = float(number / video.rate)
            while index + 1 < len(kept) and time >= offsets[index + 1] - _EDGE:
                index += 1
            yield Frame(reader.find(kept[index][0] + max(0.0, time - offsets[index])).image, time)

    def load_audio() -> Audio | None:
        return None if video.audio is None else _cut_audio(cut_or_pad(video.audio, video.duration), kept, offsets, fade)

    return create_video(video, frames, duration=total, audio=load_audio)


def _cut_audio(audio: Audio, kept: Sequence[Span], offsets: Sequence[float], fade: float) -> Audio:
    """Return spans of audio one after the other; each begins at the sample of its offset, so that no error adds up."""
    edges = [round(offset * audio.rate) for offset in offsets]

    def blocks() -> Iterator[FloatArray]:
        for index, (start, _) in enumerate(kept):
            length, first = edges[index + 1] - edges[index], round(start * audio.rate)
            ramp = min(round(fade * audio.rate), length // 2)
            before, after = (ramp if index else 0), (ramp if index + 1 < len(kept) else 0)
            at = 0
            for block in audio.blocks(BLOCK, first, min(first + length, audio.frames)):
                yield block * _find_gain(at, len(block), length, before, after)
                at += len(block)
            if at < length:
                yield np.zeros((length - at, audio.channels), np.float32)

    return Audio.from_blocks(blocks, rate=audio.rate, channels=audio.channels, frames=edges[-1])


def _find_gain(at: int, count: int, length: int, before: int, after: int) -> FloatArray:
    """Return the gain of samples from a place on in a span with straight ramps at its ends."""
    place = np.arange(at, at + count) + 0.5
    gain = np.minimum(place / before if before else 1.0, (length - place) / after if after else 1.0)
    made: FloatArray = np.clip(np.broadcast_to(gain, (count,)), 0.0, 1.0).astype(np.float32)[:, None]
    return made
