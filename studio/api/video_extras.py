"""What a file has and a `Video` has not: titles, chapters, subtitles, timecodes, attachments.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.api.gif_video import is_gif
from studio.api.webp_video import is_webp

if TYPE_CHECKING:
    from pathlib import Path

    from studio.settings import MediaLimits

__all__ = ["find_extras"]

_TEXTS = ("title", "artist", "author", "copyright", "creation_time", "location")
"""What containers say of a film as a whole; "comment" and "encoder" are about the file."""


def find_extras(path: Path, limits: MediaLimits) -> list[str]:
    """Return what a video file has and no result has, in one line for `ctx.log`; an empty list if that is nothing.

    Args:
        path: The file.
        limits: Bounds for the file.

    Raises:
        MediaError: E511 if the file cannot be opened.
    """
    from studio.api.av_file import open_container

    if is_webp(path, limits) or is_gif(path, limits):
        return []
    with open_container(path, limits) as container:
        if "studio" in {name.lower() for name in container.metadata}:
            return []  # what made it is recorded already
        extras = [*_list_texts(container), *_list_streams(container)]
    return [f"left out of the video: {', '.join(extras)}; copy them with another program"] if extras else []


def _list_texts(container: Any) -> list[str]:
    tags = {name.lower(): text for name, text in container.metadata.items()}
    return [f"{name.replace('_', ' ')} {tags[name][:60]!r}" for name in _TEXTS if tags.get(name)]


def _list_streams(container: Any) -> list[str]:
    found = []
    if chapters := len(container.chapters()):
        found.append(f"{chapters} chapter{'s' * (chapters > 1)}")
    if subtitles := container.streams.subtitles:
        languages = ", ".join(stream.language or "unknown" for stream in subtitles)
        found.append(f"{len(subtitles)} subtitle track{'s' * (len(subtitles) > 1)} ({languages})")
    codes = [stream.metadata.get("timecode") for stream in container.streams] + [container.metadata.get("timecode")]
    if code := next((each for each in codes if each), None):
        found.append(f"timecode {code}")
    if attached := len(container.streams.attachments):
        found.append(f"{attached} attached file{'s' * (attached > 1)}")
    return found
