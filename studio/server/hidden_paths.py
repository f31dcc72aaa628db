"""Removes paths of this machine from what clients are told."""

from __future__ import annotations

import os
import re
from typing import Any

from studio.server.file_store import PREFIX

_PATH = re.compile(r"(?<![\w:/.\\>-])(?:~|/(?!/))[^\s'\"`:,;#()\[\]{}<>|]*")
_QUOTED = re.compile(r"(?<=(['\"`]))/[^'\"`\n#]*(?=\1)")
_FILE_URL = re.compile(r"file:/[^\s'\"`,;()\[\]{}<>|]*")
# it begins where a word begins, or long texts would be read once for each of their letters
_STORED = re.compile(rf"(?<![^\s'\"`,;()\[\]{{}}<>|])[^\s'\"`,;()\[\]{{}}<>|]*/({PREFIX}[0-9a-f]{{64}})")


def hide_paths(value: Any) -> Any:
    """Return a text, or plain JSON, with each absolute path of this machine cut down to its last name.

    What only looks like a path, such as a JSON pointer or `1/2`, stays: the first folder of a path must exist.
    """
    if isinstance(value, str):
        return _hide(value) if "/" in value or "~" in value else value
    if isinstance(value, dict):
        return {key: hide_paths(entry) for key, entry in value.items()}
    return [hide_paths(entry) for entry in value] if isinstance(value, list | tuple) else value


def _hide(text: str) -> str:
    text = _STORED.sub(r"\1", text)
    text = _FILE_URL.sub(lambda found: f"file:{_cut(found[0].removeprefix('file:'))}", text)
    text = _QUOTED.sub(lambda found: _cut(found[0]), text)
    return _PATH.sub(lambda found: _cut(found[0]), text)


def _cut(path: str) -> str:
    first = path.lstrip("/").partition("/")[0]
    if not first or not (path.startswith("~") or os.path.lexists(f"/{first}")):
        return path
    return os.path.basename(path.rstrip("/.")) or "..."
