"""A text written to a file in one go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from studio.api import StudioError, replace_file


def save_text(texts: Mapping[str, str], path: Path, name: str) -> None:
    """Write the text for the name's extension whole or not at all.

    Raises:
        StudioError: E671 for an unknown extension.
    """
    text = texts.get(path.suffix.lower())
    if text is None:
        raise StudioError(
            "E671", f"subtitles are not written as {name!r}", hint=f"end the name in {' or '.join(texts)}"
        )
    with replace_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
