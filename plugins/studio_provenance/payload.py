"""The 64 bits of a mark as text, and those that follow from a medium."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from studio.api import Audio, Grammar, Image, StudioError, Video

_DIGITS = re.compile(r"[0-9a-fA-F]{16}")


def parse_payload(text: str) -> int:
    """Return the payload that a text names.

    Raises:
        StudioError: E652 for another text.
    """
    if not _DIGITS.fullmatch(text):
        message = f"invalid payload {text[:40]!r}: expected 16 hexadecimal digits"
        raise StudioError("E652", message, hint='write 64 bits as "0123456789abcdef"')
    return int(text, 16)


Payload = Annotated[str, Grammar("16 hexadecimal digits", parse_payload)]


def format_payload(payload: int | None) -> str:
    """Return a payload as text; "" for none."""
    return "" if payload is None else f"{payload:016x}"


def choose_payload(payload: str | None, medium: Image | Video | Audio) -> int:
    """Return the payload that was asked for, or else one that follows from the samples of a medium."""
    if payload is not None:
        return parse_payload(payload)
    digest = hashlib.blake2b(digest_size=8)
    if isinstance(medium, Audio):
        for block in medium.blocks():
            digest.update(block.tobytes())
    else:
        image = medium if isinstance(medium, Image) else next((frame.image for frame in medium.frames()), None)
        digest.update(repr(medium).encode())
        digest.update(b"" if image is None else image.stored.tobytes())
    return int.from_bytes(digest.digest(), "big")
