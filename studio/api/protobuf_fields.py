"""Reads the fields of a protobuf message without its schema, one after another, and copies nothing."""

from __future__ import annotations

from collections.abc import Iterator

Value = int | memoryview
"""A number, or the bytes of a text, a message, a fixed number or a packed list."""

_FIXED = {1: 8, 5: 4}


def iterate_fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield each field's number and value.

    Raises:
        ValueError: The bytes are cut off, or are no message.
    """
    at, end = 0, len(message)
    while at < end:
        key, at = _read_number(message, at)
        kind = key & 7
        if kind == 0:
            number, at = _read_number(message, at)
            yield key >> 3, number
            continue
        if kind == 2:
            size, at = _read_number(message, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise ValueError(f"invalid kind of field {kind}")
        if size > end - at:
            raise ValueError("the file is cut off")
        yield key >> 3, message[at : at + size]
        at += size


def iterate_numbers(value: Value) -> Iterator[int]:
    """Yield the whole numbers of a repeated field, packed or not, as signed 64-bit numbers."""
    if isinstance(value, int):
        yield _sign(value)
        return
    at = 0
    while at < len(value):
        number, at = _read_number(value, at)
        yield _sign(number)


def read_text(value: Value) -> str:
    """Return a text."""
    if isinstance(value, int):
        raise ValueError("a number where a text is expected")
    return bytes(value).decode("utf-8", "replace")


def read_message(value: Value) -> memoryview:
    """Return the bytes of a message."""
    if isinstance(value, int):
        raise ValueError("a number where a message is expected")
    return value


def write_number(number: int) -> bytes:
    """Return a whole number from 0 as a varint."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def write_field(number: int, content: bytes) -> bytes:
    """Return a field of bytes: a text, a message or a packed list."""
    return write_number(number << 3 | 2) + write_number(len(content)) + content


def _read_number(message: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while shift < 70:
        if at >= len(message):
            raise ValueError("the file is cut off")
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise ValueError("invalid number")


def _sign(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number
