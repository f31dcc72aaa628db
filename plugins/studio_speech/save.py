"""A text written to a file in one go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

from studio.api import StudioError, replace_file

_EXTENSIONS = (".srt", ".vtt")


def check_subtitles_name(path: str) -> None:
    """Raise StudioError E671 for a file name that no subtitles are written to."""
    if PurePath(path).suffix.lower() not in _EXTENSIONS:
        raise StudioError(
            "E671", f"subtitles are not written as {path!r}", hint=f"end the name in {' or '.join(_EXTENSIONS)}"
        )


def save_text(texts: Mapping[str, str], path: Path, name: str) -> None:
    """Write the text for the name's extension whole or not at all.

    Raises:
        StudioError: E671 for an unknown extension.
    """
    check_subtitles_name(name)
    with replace_file(path) as partial:
        partial.write_text(texts[path.suffix.lower()], encoding="utf-8", newline="\n")
