"""Codecs: values to bytes in open formats and back. JSON for plain values, safetensors for arrays; no pickle."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from studio.api import Model, Packed, StreamType, ValueType
from studio.errors import CacheError, describe_exception
from studio.value_callback import call_value_type

_PLAIN = (str, int, float, bool, type(None))
_SHORT_LETTERS = 200
_write_json = json.JSONEncoder(ensure_ascii=True, allow_nan=True, separators=(",", ":")).encode
_EXTENSION = {"json": "json", "model": "json", "list": "json"}


@dataclass(frozen=True)
class Encoded:
    """A value as it is stored.

    Attributes:
        codec: "json", "model", "list", "array:<type>", "header:<type>" or "stream:<type>".
        data: The bytes; empty for a stream, which is written by `StreamType.encode`.
        extension: Extension of the file that holds them, without the dot.
        entries: For a list of values that are stored each by itself: these values.
    """

    codec: str
    data: bytes
    extension: str
    entries: tuple[Any, ...] = ()


class Codecs:
    """Encodes and decodes plain values and the value types it was given."""

    def __init__(self, value_types: Iterable[ValueType[Any]]) -> None:
        self._by_class = {value_type.python: value_type for value_type in value_types}
        self._by_name = {value_type.name: value_type for value_type in self._by_class.values()}

    @property
    def value_types(self) -> list[ValueType[Any]]:
        """All value types."""
        return list(self._by_name.values())

    def find_type(self, value: Any) -> ValueType[Any] | None:
        """Return the value type of a value, or None for plain ones."""
        return self._by_class.get(type(value))

    def find_stream(self, value: Any) -> StreamType[Any] | None:
        """Return the stream type of a value that is too large to hold, or None."""
        found = self._by_class.get(type(value))
        return found if isinstance(found, StreamType) and not found.is_held(value) else None

    def measure(self, value: Any) -> int:
        """Return roughly the memory that a value holds, in bytes.

        Raises:
            StudioError: E315 if the value type of a plugin fails.
        """
        value_type = self._by_class.get(type(value))
        if value_type is not None:
            return int(call_value_type(value_type, "byte_size", value, returns=Real))
        if isinstance(value, str | bytes):
            return 64 + len(value)
        if isinstance(value, list | tuple):
            return 64 + sum(self.measure(entry) for entry in value)
        if isinstance(value, dict):
            return 64 + sum(64 + self.measure(entry) for entry in value.values())
        return 64

    def encode(self, value: Any, digests: Any = None) -> Encoded | None:
        """Return the value as it is stored, or None if it cannot be (then it lives in memory only).

        Args:
            value: Any value that may travel on an edge.
            digests: For a list of media: a function from an entry to its digest.
        """
        if is_plain(value):
            return Encoded("json", dump_json(value), "json")
        if isinstance(value, Model):
            return Encoded("model", dump_json(value.to_json()), "json")
        if isinstance(value, list):
            if digests is None:
                return None
            return Encoded("list", dump_json([digests(entry) for entry in value]), "json", tuple(value))
        value_type = self._by_class.get(type(value))
        if value_type is None:
            return None
        if isinstance(value_type, StreamType) and not value_type.is_held(value):
            return Encoded(f"stream:{value_type.name}", b"", value_type.stored_extension)
        return _encode_packed(value_type.name, call_value_type(value_type, "pack", value, returns=Packed))

    def decode(self, codec: str, data: bytes) -> Any:
        """Return the value that `encode` made these bytes of; lists and streams are not decoded here.

        Raises:
            CacheError: E403 if the bytes are not what the codec says.
        """
        kind, _, name = codec.partition(":")
        try:
            if kind == "json":
                return json.loads(data)
            if kind == "model":
                return Model.from_json(json.loads(data))
            value_type = self._by_name[name]
            return value_type.unpack(_decode_packed(kind, data))
        except (Exception, SystemExit) as error:
            raise _refuse_entry(codec, error) from None

    def open_stream(self, codec: str, path: Path) -> Any:
        """Return the value that reads from a stored file.

        Raises:
            CacheError: E403 if no installed value type knows it, or its value type refuses it.
        """
        value_type = self._by_name.get(codec.partition(":")[2])
        if not isinstance(value_type, StreamType):
            raise CacheError("E403", f"an entry with codec {codec!r} is of no installed value type")
        try:
            return value_type.decode(path)
        except (Exception, SystemExit) as error:
            raise _refuse_entry(codec, error) from None


def _refuse_entry(codec: str, error: BaseException) -> CacheError:
    """Return the error of an entry that is unusable, whatever the value type of a plugin raised."""
    return CacheError("E403", f"an entry with codec {codec!r} cannot be decoded: {describe_exception(error)}")


def is_scalar(value: Any) -> bool:
    """Say whether a value is a number, a truth value, nothing or a short text: less than a row around it."""
    return isinstance(value, _PLAIN) and not (isinstance(value, str) and len(value) > _SHORT_LETTERS)


def is_plain(value: Any) -> bool:
    """Say whether a value is plain JSON."""
    if isinstance(value, _PLAIN):
        return True
    if isinstance(value, list):
        return all(is_plain(entry) for entry in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(is_plain(entry) for entry in value.values())
    return False


def dump_json(value: Any) -> bytes:
    """Return JSON as the cache always writes it."""
    return b"%d" % value if type(value) is int else _write_json(value).encode("ascii")


def _encode_packed(name: str, packed: Packed) -> Encoded:
    if not packed.arrays:
        return Encoded(f"header:{name}", dump_json(dict(packed.header)), "json")
    import safetensors.numpy

    # one metadata key: several would be written in an order that differs from process to process
    metadata = {"studio": json.dumps({"type": name, "header": dict(packed.header)}, sort_keys=True)}
    data = safetensors.numpy.save(dict(packed.arrays), metadata=metadata)
    return Encoded(f"array:{name}", data, "safetensors")


def _decode_packed(kind: str, data: bytes) -> Packed:
    if kind == "header":
        return Packed(json.loads(data))
    import safetensors.numpy

    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    arrays = safetensors.numpy.load(data)
    for array in arrays.values():
        array.flags.writeable = False
    return Packed(json.loads(metadata["studio"])["header"], arrays)
