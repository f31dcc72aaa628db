"""Values as names of files show them."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from blake3 import blake3

from studio.graph.document import is_file
from studio.surrogates import escape_surrogates

NUMBER_FORMAT = re.compile(r"0?\d{0,2}d?")
"""The width of a whole number, such as 04d."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_LONGEST_BYTES = 150


def show_value(value: Any) -> str:
    """Return a value as a part of a name: the stem of a file, any other as text."""
    if is_file(value):
        return PurePosixPath(str(value["file"])).stem
    return "none" if value is None else str(value)


def clean_part(text: str) -> str:
    """Return a text as one part of a path: characters that some file system refuses replaced, long texts cut."""
    normal = unicodedata.normalize("NFC", escape_surrogates(text, "%"))
    text = _UNSAFE.sub("_", normal.replace("/", "_")).strip(" .") or "_"
    text = "".join(letter if _can_be_named(letter) else quote(letter) for letter in text)
    raw = text.encode()
    if len(raw) <= _LONGEST_BYTES:
        return text
    return raw[: _LONGEST_BYTES - 9].decode(errors="ignore") + "~" + blake3(raw).hexdigest()[:8]


def escape_braces(text: str) -> str:
    """Return the template that stands for exactly this text."""
    return text.replace("{", "{{").replace("}", "}}")


def _can_be_named(letter: str) -> bool:
    """Say whether names of files may contain a letter: in a locale that is not UTF-8, not all may."""
    try:
        os.fsencode(letter)
    except UnicodeEncodeError:
        return False
    return True
