"""Marks generated media as Studio writes them, with numbers that follow from their graph and the key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.api import Audio, Image, MediaError, Video
from studio.api.marks import MarkedMedium, MarkRequest
from studio_provenance.payload import format_payload

if TYPE_CHECKING:
    from studio_provenance.found_mark import FoundMark

METHOD = "studio.provenance.waves.1"
_REVISION = 2


def identify_key(key: bytes) -> str:
    """Return what changes with the key or the method, and does not reveal the key."""
    return hashlib.blake2b(b"identity %d" % _REVISION, key=_shorten(key), digest_size=16).hexdigest()


def choose_number(seed: bytes, key: bytes) -> int:
    """Return the 64 bits of a mark: the same for the same seed, and without the key as good as random."""
    return int.from_bytes(hashlib.blake2b(seed, key=_shorten(key), person=b"number", digest_size=8).digest(), "big")


def mark_output(value: Any, request: MarkRequest, key: bytes) -> MarkedMedium | None:
    """Return a medium with its mark, or None for one that has none: neither an image, a video nor audio.

    A mark of the key that is there already is kept: a second one would make both unreadable.

    Raises:
        MediaError: E651 for a medium that is too small or too short, E653 for one that does not hold a mark.
    """
    if not isinstance(value, Image | Video | Audio):
        return None
    if (known := _find_known(value, key)) is not None:
        return MarkedMedium(value, format_payload(known))
    number = choose_number(request.seed, key)
    marked: Any
    if isinstance(value, Image):
        marked = _mark_image(value, key, number)
    elif isinstance(value, Audio):
        marked = _mark_audio(value, key, number)
    else:
        marked = _mark_video(value, request, key, number)
    return MarkedMedium(marked, format_payload(number))


def _mark_image(image: Image, key: bytes, number: int) -> Image:
    from studio_provenance import image_mark
    from studio_provenance.image_search import find_in_image

    marked = image_mark.mark_image(image, key, number)
    _check(find_in_image(marked, key), number, image)
    return marked


def _mark_audio(audio: Audio, key: bytes, number: int) -> Audio:
    from studio_provenance import audio_mark

    audio_mark.check_duration(audio)
    marked = audio_mark.mark_audio(audio, key, number)
    _check(audio_mark.find_in_audio(marked, key), number, audio)
    return marked


def _mark_video(video: Video, request: MarkRequest, key: bytes, number: int) -> Video:
    """Mark what is generated: the frames, the audio, or both. A video is a stream, so nothing is read back."""
    from studio_provenance import audio_mark, video_mark

    if not request.marks_images and not _is_long(video.audio):
        raise MediaError("E651", "its audio is too short for a mark", hint="sign the file instead")

    def load_audio() -> Audio | None:
        audio = video.audio
        return audio_mark.mark_audio(audio, key, number) if audio is not None and _is_long(audio) else audio

    load: Callable[[], Audio | None] = load_audio if request.marks_audio else lambda: video.audio
    return video_mark.mark_video(video, key, number, 1.0, load, marks_frames=request.marks_images)


def _is_long(audio: Audio | None) -> bool:
    from studio_provenance.audio_mark import SHORTEST_SECONDS

    return audio is not None and audio.duration >= SHORTEST_SECONDS


def _check(found: FoundMark, number: int, value: Any) -> None:
    if found.payload != number:
        raise MediaError("E653", f"{value!r} does not hold a mark", hint="enlarge it, or sign the file instead")


def _find_known(value: Any, key: bytes) -> int | None:
    """Return the number of the mark that a medium has already, or None.

    Raises:
        MediaError: E653 if it has one that cannot be read.
    """
    from studio_provenance.audio_mark import find_in_audio
    from studio_provenance.image_search import find_in_image
    from studio_provenance.video_mark import find_in_video

    if isinstance(value, Image):
        found = find_in_image(value, key)
    elif isinstance(value, Audio):
        found = find_in_audio(value, key)
    else:
        found = find_in_video(value, key)
        if not found.is_found and value.audio is not None:
            found = find_in_audio(value.audio, key)
    if found.is_found and found.payload is None:
        hint = "a second mark would make both unreadable; sign the file instead"
        raise MediaError("E653", "it has a mark already, which cannot be read", hint=hint)
    return found.payload


def _shorten(key: bytes) -> bytes:
    return hashlib.blake2b(key, person=b"mark key").digest()
