"""What an audio file says of a recording, which no audio has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.api.av_file import open_container
from studio.api.media_file import MARK
from studio.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    from studio.settings import MediaLimits

_TEXTS = ("title", "artist", "album", "copyright")


def find_audio_extras(path: Path, limits: MediaLimits) -> list[str]:
    """Return the tags of an audio file that no result has, in one line; an empty list if there are none.

    Args:
        path: The file.
        limits: Bounds for the file.
    """
    try:
        container = open_container(path, limits)
    except MediaError:
        return []  # FFmpeg does not read it
    with container:
        metadata = [container.metadata, *(stream.metadata for stream in container.streams.audio[:1])]
        tags = {name.lower(): text for each in metadata for name, text in each.items()}
        if "studio" in tags or any(text.startswith(MARK) for text in tags.values()):
            return []  # what made it is recorded already
        extras = [f"{name} {tags[name][:60]!r}" for name in _TEXTS if tags.get(name)]
        extras += ["a cover"] if container.streams.audio and _has_cover(container) else []
    said = f"left out of the audio: {', '.join(extras)}; give audio.save what is to be kept"
    return [said] if extras else []


def _has_cover(container: Any) -> bool:
    import av

    return any(stream.disposition & av.stream.Disposition.attached_pic for stream in container.streams.video)
