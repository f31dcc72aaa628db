"""How much text a list may contain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from studio.api import StudioError

MOST_CHARACTERS = 256_000_000
"""Of the texts and JSON values in a list, written as JSON."""


def check_text_size(*parts: tuple[Sequence[Any], int]) -> None:
    """Refuse a list that would contain too much text.

    Args:
        *parts: Entries, and how often each of them is in the list.

    Raises:
        StudioError: E323 for too much text.
    """
    size = sum(times * sum(map(_count_characters, values)) for values, times in parts)
    if size > MOST_CHARACTERS:
        raise StudioError(
            "E323",
            f"a list with {size} characters of text is over the limit of {MOST_CHARACTERS}",
            hint="use shorter lists or shorter texts",
        )


def _count_characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return len(json.dumps(value)) if isinstance(value, dict | list) else 0
