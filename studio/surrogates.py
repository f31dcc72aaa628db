"""Text that UTF-8 cannot encode. Names of files on Linux are bytes; Python shows those that are no UTF-8 as lone
surrogates (PEP 383), and so does JSON that holds half a pair."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def is_encodable(text: str) -> bool:
    """Say whether UTF-8 can encode a text."""
    return text.isascii() or _SURROGATE.search(text) is None


def escape_surrogates(text: str, mark: str = "\\x") -> str:
    """Return a text with each byte that is no UTF-8 as a mark and two digits, and other lone surrogates as �.

    Args:
        text: Any text.
        mark: What stands before the digits; "%" in names of files.
    """
    return text if is_encodable(text) else _SURROGATE.sub(lambda found: _escape(ord(found[0]), mark), text)


def dump_json(value: Any, **options: Any) -> str:
    """Return JSON that UTF-8 can encode, and that reads back as the same value; letters stay as they are."""
    text = json.dumps(value, ensure_ascii=False, **options)
    return text if is_encodable(text) else json.dumps(value, ensure_ascii=True, **options)


def _escape(number: int, mark: str) -> str:
    return f"{mark}{number - 0xDC00:02X}" if 0xDC80 <= number <= 0xDCFF else "\ufffd"
