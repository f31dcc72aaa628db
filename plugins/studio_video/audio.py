"""The audio of videos: cut, padded, joined, repeated, reversed, mixed and paced, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.api import Audio, Video

FloatArray = npt.NDArray[np.float32]
BLOCK = 16_384
_SLOWEST_TEMPO = 0.5


def create_silence(frames: int, channels: int) -> Iterator[FloatArray]:
    """Yield so many frames of silence."""
    for start in range(0, frames, BLOCK):
        yield np.zeros((min(BLOCK, frames - start), channels), np.float32)


def cut(audio: Audio, start: float, end: float | None) -> Audio:
    """Return the audio between two times; what reaches beyond it is left out."""
    first = min(round(start * audio.rate), audio.frames)
    last = audio.frames if end is None else min(round(end * audio.rate), audio.frames)
    return _stream(audio, lambda: audio.blocks(BLOCK, first, last), max(0, last - first))


def cut_or_pad(audio: Audio, seconds: float, delay: float = 0.0) -> Audio:
    """Return the audio for exactly so many seconds, later by a delay or, if that is below 0, without its start."""
    total = round(seconds * audio.rate)
    silence, skipped = max(0, round(delay * audio.rate)), max(0, round(-delay * audio.rate))
    silence, skipped = min(silence, total), min(skipped, audio.frames)
    last = min(audio.frames, skipped + total - silence)

    def blocks() -> Iterator[FloatArray]:
        yield from create_silence(silence, audio.channels)
        yield from audio.blocks(BLOCK, skipped, last)
        yield from create_silence(total - silence - (last - skipped), audio.channels)

    return _stream(audio, blocks, total)


def repeat(audio: Audio, times: int) -> Audio:
    """Return the audio repeated so many times."""

    def blocks() -> Iterator[FloatArray]:
        for _ in range(times):
            yield from audio.blocks(BLOCK)

    return _stream(audio, blocks, audio.frames * times)


def turn_round(audio: Audio) -> Audio:
    """Return the audio from its end to its start."""

    def blocks() -> Iterator[FloatArray]:
        for stop in range(audio.frames, 0, -BLOCK * 32):
            start = max(0, stop - BLOCK * 32)
            yield np.concatenate(list(audio.blocks(BLOCK, start, stop)))[::-1].copy()

    return _stream(audio, blocks, audio.frames)


def fade_into(before: FloatArray, after: FloatArray) -> FloatArray:
    """Return two equally long clips, the one fading into the other."""
    share = np.linspace(0.0, 1.0, len(before), dtype=np.float32)[:, None]
    mixed: FloatArray = before * np.sqrt(1.0 - share) + after * np.sqrt(share)
    return mixed


def join_overlapping(clips: Sequence[Audio | None], lengths: Sequence[float], overlap: float) -> Audio | None:
    """Return audio clips one after the other, each cut or padded to its length and fading into the next."""
    known = [audio for audio in clips if audio is not None]
    if not known:
        return None
    rate, channels = max(audio.rate for audio in known), max(audio.channels for audio in known)
    nothing = Audio(np.zeros((1, channels), np.float32), rate)
    parts = [
        cut_or_pad(nothing if audio is None else convert(audio, rate, channels), length)
        for audio, length in zip(clips, lengths, strict=True)
    ]
    edges = [round((sum(lengths[:index]) - overlap * index) * rate) for index in range(len(parts) + 1)]
    shared = round(overlap * rate)
    total = edges[-1] + shared
    return _stream(parts[0], lambda: _fit(_overlap(parts, edges, shared), total, channels), total)


def _overlap(parts: Sequence[Audio], edges: Sequence[int], shared: int) -> Iterator[FloatArray]:
    """Yield the blocks of parts that begin at edges; each shares so many frames with the next."""
    for index, part in enumerate(parts):
        is_last = index + 1 == len(parts)
        end = part.frames if is_last else edges[index + 1] - edges[index]
        yield from part.blocks(BLOCK, shared if index else 0, end)
        if shared and not is_last:
            yield fade_into(_read(part, end, end + shared), _read(parts[index + 1], 0, shared))


def _read(audio: Audio, start: int, stop: int) -> FloatArray:
    found = [np.zeros((0, audio.channels), np.float32), *audio.blocks(BLOCK, start, stop)]
    whole = np.concatenate(found)
    return np.pad(whole, ((0, stop - start - len(whole)), (0, 0)))


def _fit(blocks: Iterable[FloatArray], total: int, channels: int) -> Iterator[FloatArray]:
    """Yield exactly so many frames: what is too much is left out, what is missing is silence."""
    left = total
    for block in blocks:
        part = block[:left]
        left -= len(part)
        if len(part):
            yield part
    yield from create_silence(left, channels)


def mix_audio(first: Audio, second: Audio, gain: float, delay: float, seconds: float) -> Audio:
    """Return two clips at once for so many seconds, the second later by a delay and times a gain."""
    rate, channels = max(first.rate, second.rate), max(first.channels, second.channels)
    one = cut_or_pad(convert(first, rate, channels), seconds)
    two = cut_or_pad(convert(second, rate, channels), seconds, delay)

    def blocks() -> Iterator[FloatArray]:
        for a, b in zip(one.blocks(BLOCK), two.blocks(BLOCK), strict=True):
            yield np.clip(a + b * np.float32(gain), -1.0, 1.0)

    return _stream(one, blocks, one.frames)


def lay_audio(video: Video, audio: Audio, delay: float, gain: float, *, mixes: bool) -> Video:
    """Return a video with audio, instead of its own or beside it."""

    def load_audio() -> Audio:
        seconds = video.duration
        if mixes and video.audio is not None:
            return mix_audio(video.audio, audio, gain, delay, seconds)
        laid = cut_or_pad(audio, seconds, delay)
        if gain == 1.0:
            return laid
        return _stream(laid, lambda: (block * np.float32(gain) for block in laid.blocks(BLOCK)), laid.frames)

    return Video(
        video.frames,
        width=video.width,
        height=video.height,
        channels=video.channels,
        color=video.color,
        rate=video.rate,
        count=lambda: video.count,
        duration=lambda: video.duration,
        audio=load_audio,
    )


def convert(audio: Audio, rate: int, channels: int) -> Audio:
    """Return the audio at another rate, with another number of channels (mono goes to all; else the first ones)."""
    if (audio.rate, audio.channels) == (rate, channels):
        return audio
    total = round(audio.frames * rate / audio.rate)

    def blocks() -> Iterator[FloatArray]:
        source = (_spread(block, channels) for block in audio.blocks(BLOCK))
        return _fit(_resample(source, audio.rate, rate, channels), total, channels)

    return Audio.from_blocks(blocks, rate=rate, channels=channels, frames=total)


def _spread(block: FloatArray, channels: int) -> FloatArray:
    if block.shape[1] == channels:
        return block
    if channels == 1:
        mean: FloatArray = block.mean(axis=1, keepdims=True, dtype=np.float32)
        return mean
    return np.repeat(block[:, :1], channels, axis=1) if block.shape[1] == 1 else _pad_channels(block, channels)


def _pad_channels(block: FloatArray, channels: int) -> FloatArray:
    kept = block[:, :channels]
    return np.pad(kept, ((0, 0), (0, channels - kept.shape[1])))


def _resample(blocks: Iterable[FloatArray], source: int, target: int, channels: int) -> Iterator[FloatArray]:
    if source == target:
        yield from blocks
        return
    graph, inlet, outlet = _create_graph(source, channels, [("aresample", str(target))])
    yield from _push(graph, inlet, outlet, blocks, source, channels)


def change_pace(audio: Audio, factor: float, *, keep_pitch: bool) -> Audio:
    """Return the audio `factor` times as fast: at its own pitch (WSOLA, FFmpeg's atempo), or like a tape."""
    total = round(audio.frames / factor)
    source = audio.rate if keep_pitch else max(1000, round(audio.rate * factor))
    filters = _find_tempos(factor) if keep_pitch else [("aresample", str(audio.rate))]

    def blocks() -> Iterator[FloatArray]:
        graph, inlet, outlet = _create_graph(source, audio.channels, filters)
        made = _push(graph, inlet, outlet, audio.blocks(BLOCK), source, audio.channels)
        return _fit(made, total, audio.channels)

    return _stream(audio, blocks, total)


def _find_tempos(factor: float) -> list[tuple[str, str]]:
    filters = []
    while factor < _SLOWEST_TEMPO:
        filters.append(("atempo", str(_SLOWEST_TEMPO)))
        factor /= _SLOWEST_TEMPO
    return [*filters, ("atempo", f"{factor:.9g}")]


def _create_graph(rate: int, channels: int, filters: Sequence[tuple[str, str]]) -> tuple[Any, Any, Any]:
    import av

    graph = av.filter.Graph()
    layout = _name_layout(channels)
    last = inlet = graph.add_abuffer(format="flt", sample_rate=rate, layout=layout, time_base=Fraction(1, rate))
    for name, value in (*filters, ("aformat", f"sample_fmts=flt:channel_layouts={layout}")):
        step = graph.add(name, value)
        last.link_to(step)
        last = step
    outlet = graph.add("abuffersink")
    last.link_to(outlet)
    graph.configure()
    return graph, inlet, outlet


def _name_layout(channels: int) -> str:
    from studio.api.av_file import get_layout

    return get_layout(channels)


def _push(
    graph: Any, inlet: Any, outlet: Any, blocks: Iterable[FloatArray], rate: int, channels: int
) -> Iterator[FloatArray]:
    from studio.api.av_file import create_audio_frame

    start = 0
    for block in blocks:
        inlet.push(create_audio_frame(np.ascontiguousarray(block), start, rate))
        start += len(block)
        yield from _pull(outlet, channels)
    inlet.push(None)
    yield from _pull(outlet, channels)


def _pull(outlet: Any, channels: int) -> Iterator[FloatArray]:
    import av

    while True:
        try:
            frame = outlet.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame.to_ndarray().astype(np.float32, copy=False).reshape(-1, channels)


def _stream(like: Audio, blocks: Callable[[], Iterator[FloatArray]], frames: int) -> Audio:
    return Audio.from_blocks(blocks, rate=like.rate, channels=like.channels, frames=frames)
