"""Text that UTF-8 cannot encode. Names of files on Linux are bytes; Python shows those that are no UTF-8 as lone
surrogates (PEP 383), and so does JSON that holds half a pair."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def is_encodable(text: str, encoding: str = "utf-8") -> bool:
    """Say whether an encoding has all letters of a text; an unknown one has none but ASCII."""
    if text.isascii():
        return True
    if encoding == "utf-8":
        return _SURROGATE.search(text) is None
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def escape_surrogates(text: str, mark: str = "\\x") -> str:
    """Return a text with each byte that is no UTF-8 as a mark and two digits, and other lone surrogates as �.

    Args:
        text: Any text.
        mark: What stands before the digits; "%" in names of files.
    """
    return text if is_encodable(text) else _SURROGATE.sub(lambda found: _escape(ord(found[0]), mark), text)


def dump_json(value: Any, *, encoding: str = "utf-8", **options: Any) -> str:
    """Return JSON that an encoding has all letters of, and that reads back as the same value; letters stay as they are.

    Args:
        value: Plain JSON.
        encoding: Of the file or the stream that it is for.
        options: More arguments of `json.dumps`.
    """
    text = json.dumps(value, ensure_ascii=False, **options)
    return text if is_encodable(text, encoding) else json.dumps(value, ensure_ascii=True, **options)


def _escape(number: int, mark: str) -> str:
    return f"{mark}{number - 0xDC00:02X}" if 0xDC80 <= number <= 0xDCFF else "\ufffd"
