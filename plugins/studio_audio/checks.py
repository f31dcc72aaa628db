"""Checks of inputs before a node runs; the nodes call them too, so that both say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.api import AudioType, MediaError, check_extension
from studio.api.audio_tags import COVER_EXTENSIONS
from studio_audio.bounds import check_frequency, check_length, check_whole


def check_span(end: float | None, start: float, seconds: float | None) -> None:
    """Raise MediaError E641 for a span that ends before it begins, or has two ends."""
    if end is not None and seconds is not None:
        raise MediaError("E641", "both 'end' and 'seconds' are given", hint="give one of them")
    if end is not None and end < start:
        raise MediaError(
            "E641", f"a span from {start:g} to {end:g} seconds ends before it begins", hint="let it end later"
        )


def check_gains(gains: Sequence[float] | None) -> None:
    """Raise MediaError E641 for a gain out of range."""
    _check_range("gains", gains, -120, 60)


def check_offsets(offsets: Sequence[float] | None) -> None:
    """Raise MediaError E641 for an offset out of range."""
    _check_range("offsets", offsets, 0, 86_400)


def check_gain_count(gains: Sequence[float] | None, audios: Sequence[Any]) -> None:
    """Raise MediaError E641 unless there is a gain for each clip, or none."""
    _check_count("gains", gains, audios)


def check_offset_count(offsets: Sequence[float] | None, audios: Sequence[Any]) -> None:
    """Raise MediaError E641 unless there is an offset for each clip, or none."""
    _check_count("offsets", offsets, audios)


def check_pans(pans: Sequence[float] | None) -> None:
    """Raise MediaError E641 for a pan out of range."""
    _check_range("pans", pans, -1, 1)


def check_pan_count(pans: Sequence[float] | None, audios: Sequence[Any]) -> None:
    """Raise MediaError E641 unless there is a pan for each clip, or none."""
    _check_count("pans", pans, audios)


def _check_range(name: str, numbers: Sequence[float] | None, low: float, high: float) -> None:
    for number in numbers or ():
        if not low <= number <= high:
            raise MediaError("E641", f"{name}: {number:g} is out of range", hint=f"give {low} to {high}")


def _check_count(name: str, numbers: Sequence[float] | None, audios: Sequence[Any]) -> None:
    if numbers and len(numbers) != len(audios):
        raise MediaError("E641", f"{len(audios)} audios and {len(numbers)} {name}", hint="give one for each audio")


def check_layout(select: Sequence[int] | None, layout: str) -> None:
    """Raise MediaError E641 for channels without their layout, the layout without them, and a channel below 1."""
    if (layout == "select") != bool(select):
        raise MediaError(
            "E641",
            f"layout {layout!r} and select {select!r} do not go together",
            hint='write layout "select" and the channels in select',
        )
    for number in select or ():
        if number < 1:
            raise MediaError("E641", f"unknown channel {number}", hint="count them from 1")


def check_stretch(speed: float | None, seconds: float | None) -> None:
    """Raise MediaError E641 unless one of a speed and a length is given."""
    if (speed is None) == (seconds is None):
        raise MediaError("E641", "a stretch needs either a speed or a length in seconds", hint="give one of them")


def check_start_frequency(frequency: float, sample_rate: int) -> None:
    """Raise MediaError E641 for a frequency of half the rate or more."""
    check_frequency(frequency, sample_rate)


def check_end_frequency(end_frequency: float | None, sample_rate: int) -> None:
    """Raise MediaError E641 for a frequency of half the rate or more."""
    if end_frequency is not None:
        check_frequency(end_frequency, sample_rate)


def check_made_whole(seconds: float, sample_rate: int, channels: int) -> None:
    """Raise MediaError E640 for audio over what is made in one piece."""
    check_whole(round(seconds * sample_rate), channels, sample_rate)


def check_made(seconds: float, sample_rate: int, channels: int) -> None:
    """Raise MediaError E640 for audio over the limits."""
    check_length(round(seconds * sample_rate), channels, sample_rate)


def check_soundtrack_length(seconds: float | None, video: object) -> None:
    """Raise MediaError E641 for a soundtrack whose length nothing says."""
    if seconds is None and video is None:
        raise MediaError("E641", "missing length of the soundtrack", hint="give seconds, or a video")


def check_window(window: int, overlap: int) -> None:
    """Raise MediaError E641 for a window that the overlap does not divide."""
    if window % overlap:
        raise MediaError(
            "E641", f"a window of {window} samples is not a multiple of {overlap}", hint="take a power of two"
        )


def check_bands_range(max_frequency: float, min_frequency: float, kind: str) -> None:
    """Raise MediaError E641 for bands that end before they begin."""
    if kind != "stft" and not min_frequency < max_frequency:
        raise MediaError(
            "E641", f"no bands lie from {min_frequency:g} to {max_frequency:g} hertz", hint="end higher than you begin"
        )


def check_levels(max_db: float, min_db: float) -> None:
    """Raise MediaError E641 for a white that is not above black."""
    if max_db <= min_db:
        raise MediaError(
            "E641", f"white at {max_db:g} dB is not above black at {min_db:g}", hint="let max_db be above min_db"
        )


def check_audio_name(path: str) -> None:
    """Raise MediaError E512 for a file name that no audio is written to."""
    check_extension(path, AudioType.extensions, "audio")


def check_cover(path: str, cover: object, bits: str | int) -> None:
    """Raise MediaError E512 for a cover in a file that holds none."""
    if cover is None:
        return
    extension = path.lower().rpartition(".")[2]
    if extension not in COVER_EXTENSIONS:
        raise MediaError("E512", f"{extension} does not support a cover", where=path, hint="write mp3, m4a or flac")
    if bits != "auto" and extension == "flac":
        raise MediaError("E512", 'a cover needs FLAC of "auto" bits', where=path, hint="remove `bits`")


def check_bits(bits: str | int, path: str) -> None:
    """Raise MediaError E512 for floats in FLAC."""
    if bits == "float" and path.lower().endswith(".flac"):
        raise MediaError("E512", "FLAC stores whole numbers", where=path, hint="take wav for floats, or 24 bits")
