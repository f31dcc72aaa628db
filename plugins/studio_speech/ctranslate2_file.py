"""Reads the weights of a CTranslate2 model: names, shapes, types and bytes, and nothing that could run.

The format is that of CTranslate2's converter, `model_spec.py`, binary version 6: a version, name and revision of the
kind of model, then each variable as name, rank, lengths, type and bytes, then pairs of an alias and a name.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import ModelError

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_VERSIONS = (5, 6)
_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_MAX_RANK = 8
_MAX_VARIABLES = 100_000


@dataclass(frozen=True)
class CTranslate2File:
    """What a file contains.

    Attributes:
        kind: Name of the kind of model, such as "WhisperSpec".
        variables: The variables by name.
        aliases: Other names of variables.
    """

    kind: str
    variables: dict[str, Array]
    aliases: dict[str, str]


class _Reader:
    """Reads values behind each other from bytes."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int) -> memoryview:
        if self._at + size > len(self._data):
            raise ValueError("it is cut off")
        self._at += size
        return self._data[self._at - size : self._at]

    def read_int(self, form: str) -> int:
        return int(struct.unpack(form, self.read(struct.calcsize(form)))[0])

    def read_text(self) -> str:
        return bytes(self.read(self.read_int("<H"))).rstrip(b"\0").decode("utf-8")

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at


def read_ctranslate2(path: Path) -> CTranslate2File:
    """Read a `model.bin`.

    Raises:
        ModelError: E668 if it is damaged or has another format.
    """
    try:
        return _read(_Reader(np.memmap(path, np.uint8, "r").data))
    except (ValueError, struct.error) as error:
        raise ModelError("E668", f"{path.name!r} is not a model of CTranslate2: {error}", hint="get it again") from None


def _read(reader: _Reader) -> CTranslate2File:
    version = reader.read_int("<I")
    if version not in _VERSIONS:
        raise ValueError(f"unsupported version {version}")
    kind = reader.read_text()
    reader.read_int("<I")  # revision
    variables = dict(_read_variable(reader) for _ in range(_read_count(reader)))
    aliases = {reader.read_text(): reader.read_text() for _ in range(_read_count(reader))}
    if reader.left:
        raise ValueError(f"it has {reader.left} bytes behind its end")
    return CTranslate2File(kind, variables, aliases)


def _read_count(reader: _Reader) -> int:
    count = reader.read_int("<I")
    if count > _MAX_VARIABLES:
        raise ValueError(f"invalid count {count}")
    return count


def _read_variable(reader: _Reader) -> tuple[str, Array]:
    name, rank = reader.read_text(), reader.read_int("<B")
    if rank > _MAX_RANK:
        raise ValueError(f"{name!r} has an invalid rank {rank}")
    shape = [reader.read_int("<I") for _ in range(rank)]
    kind, size = reader.read_int("<B"), reader.read_int("<I")
    if kind not in _TYPES:
        raise ValueError(f"{name!r} has the unsupported type {kind}")
    dtype = np.dtype(_TYPES[kind])
    if math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"{name!r} has {size} bytes, which do not fit its shape")
    return name, np.frombuffer(reader.read(size), dtype).reshape(shape)
