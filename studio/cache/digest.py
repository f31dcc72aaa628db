"""Digests: a value's name by its content, typed and length-prefixed so that no two values share one by accident.

Lists and mappings are Merkle trees: their digest is made of the digests of their entries, so that a list
whose entries are known by digest has a digest without any of them in memory.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api import File, Model, OutputPath, Packed, StreamType, ValueType
from studio.files import open_regular_file
from studio.value_callback import call_value_type

_MAX_DEPTH = 128
_NAN = struct.pack("<d", math.nan)


class Undigestable(Exception):
    """A value that has no digest; its node is computed each time, never a wrong hit."""


class Digester:
    """Computes digests of plain values and of the value types it was given."""

    def __init__(self, value_types: Iterable[ValueType[Any]]) -> None:
        self._types = {value_type.python: value_type for value_type in value_types}

    def digest(self, value: Any) -> str:
        """Return the digest of a value: 64 hexadecimal digits.

        Raises:
            Undigestable: The value is of no known type, or nested too deep.
        """
        return self._hash(value, 0).hex()

    def _hash(self, value: Any, depth: int) -> bytes:
        kind = type(value)
        if kind is str:
            data = _encode(value)
            return blake3(b"s%d:" % len(data) + data).digest()
        if kind is int:
            return blake3(b"i%x" % value).digest()
        if kind is float:
            return blake3(b"f" + (_NAN if value != value else struct.pack("<d", value))).digest()
        if kind is bool:
            return blake3(b"T" if value else b"F").digest()
        if value is None:
            return blake3(b"N").digest()
        if depth >= _MAX_DEPTH:
            raise Undigestable(f"nested more than {_MAX_DEPTH} deep")
        return self._hash_container(value, depth)

    def _hash_container(self, value: Any, depth: int) -> bytes:
        kind = type(value)
        if kind is list or kind is tuple:
            return hash_list([self._hash(entry, depth + 1) for entry in value], b"l" if kind is list else b"t")
        if kind is dict:
            pairs = sorted(self._hash(k, depth + 1) + self._hash(v, depth + 1) for k, v in value.items())
            return blake3(b"m%d:" % len(pairs) + b"".join(pairs)).digest()
        if kind is bytes or kind is bytearray:
            return blake3(b"b%d:" % len(value) + bytes(value)).digest()
        return self._hash_object(value, depth)

    def _hash_object(self, value: Any, depth: int) -> bytes:
        if isinstance(value, Model):
            return self._tagged(b"model", [value.reference, list(value.options)], depth)
        if isinstance(value, File):
            return self._tagged(b"file", value.digest, depth)
        if isinstance(value, OutputPath):
            return self._tagged(b"path", value.name, depth)
        value_type = self._types.get(type(value))
        if value_type is not None:
            return self._hash_typed(value, value_type, depth)
        if type(value).__module__ == "numpy":
            return hash_array(value)
        raise Undigestable(f"a {type(value).__name__} has no digest")

    def _hash_typed(self, value: Any, value_type: ValueType[Any], depth: int) -> bytes:
        if isinstance(value_type, StreamType) and not value_type.is_held(value):
            return self._hash_stream(value, value_type, depth)
        tag = b"value:" + value_type.name.encode()
        packed = call_value_type(value_type, "pack", value, returns=Packed)
        arrays = [self._hash(name, depth) + hash_array(array) for name, array in sorted(packed.arrays.items())]
        header = self._hash(dict(packed.header), depth + 1)
        return blake3(b"%d:" % len(tag) + tag + header + b"%d:" % len(arrays) + b"".join(arrays)).digest()

    def _hash_stream(self, value: Any, value_type: StreamType[Any], depth: int) -> bytes:
        name = value_type.name.encode()
        origin = value_type.find_origin(value)
        if origin is not None:
            code = value_type.reading_code
            tag = b"origin:" + name + (b":%d" % code if code > 1 else b"")
            return self._tagged(tag, hash_file(origin), depth)
        source = value_type.find_source(value)
        if source is None:
            raise Undigestable(f"a {value_type.name} that is not stored yet has no digest")
        tag = b"value:" + name
        return blake3(b"%d:" % len(tag) + tag + hash_file(source)).digest()

    def _tagged(self, tag: bytes, content: Any, depth: int) -> bytes:
        return blake3(b"o%d:" % len(tag) + tag + self._hash(content, depth + 1)).digest()


def hash_list(entries: list[bytes], tag: bytes = b"l") -> bytes:
    """Return the digest of a list from the digests of its entries."""
    return blake3(tag + b"%d:" % len(entries) + b"".join(entries)).digest()


def digest_list(entries: Iterable[str]) -> str:
    """Return the digest of a list from the digests of its entries, in hexadecimal."""
    return hash_list([bytes.fromhex(entry) for entry in entries]).hex()


def hash_array(array: Any) -> bytes:
    """Return the digest of an array: dtype with byte order, shape, content."""
    import numpy as np

    # other subclasses hold more than their buffer, such as a mask; a dtype with fields does not show their names
    if type(array) not in (np.ndarray, np.memmap) or array.dtype.hasobject or array.dtype.kind == "V":
        raise Undigestable(f"a {type(array).__name__} has no digest")
    contiguous = np.ascontiguousarray(array).reshape(array.shape)
    head = f"a{array.dtype.str}:{array.ndim}:{','.join(map(str, array.shape))};".encode()
    hasher = blake3(head)
    hasher.update(contiguous.reshape(-1).view(np.uint8).data)
    return hasher.digest()


def hash_file(path: Path) -> bytes:
    """Return blake3 of a regular file's bytes."""
    hasher = blake3()
    with open_regular_file(path) as file:
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
    return hasher.digest()


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def hash_parts(parts: Mapping[str, str]) -> str:
    """Return one digest for named texts, whatever their order."""
    data = b"".join(
        b"%d:%s%d:%s" % (len(key), key, len(value), value)
        for key, value in sorted((_encode(k), _encode(v)) for k, v in parts.items())
    )
    return blake3(b"p%d:" % len(parts) + data).hexdigest()
