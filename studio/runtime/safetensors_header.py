"""The header of a safetensors file: names, types and shapes of its tensors, checked against the file's size.

A safetensors file is eight bytes with the length of the header, the header as JSON, and the tensors' bytes without
gaps (https://github.com/huggingface/safetensors#format). Nothing but the header is read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import ModelError
from studio.files import open_regular_file

_MAX_HEADER_BYTES = 100_000_000  # the format's own bound
_BITS = {"F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16}
_BITS |= {"I16": 16, "U16": 16, "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8}
_BITS |= {"F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}
_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_FLOATS = tuple(_NAMES.values())
_ZIP, _LFS = b"PK\x03\x04", b"version https://git-lfs"


@dataclass(frozen=True)
class Header:
    """What a header says.

    Attributes:
        tensors: How many tensors there are.
        numbers: How many numbers they hold, by type: "float16", "bfloat16", "i64" ...
        bytes: Their size in bytes.
        floats: How many of the numbers a cast to another float type changes.
        other_bytes: Bytes of all other tensors.
        metadata: The free texts of the header.
    """

    tensors: int
    numbers: dict[str, int]
    bytes: int
    floats: int
    other_bytes: int
    metadata: dict[str, str]


@dataclass(frozen=True)
class _Tensor:
    """One entry of the table: `begin` and `end` count from the end of the header."""

    dtype: str
    count: int
    begin: int
    end: int


def is_pickle(start: bytes) -> bool:
    """Say whether a file that begins so is a pickle, or torch's zip file of one."""
    return start.startswith(_ZIP) or (len(start) > 2 and start[0] == 0x80 and 2 <= start[1] <= 5 and start[8:9] != b"{")


def read_header(path: Path) -> Header:
    """Read and check the header of a safetensors file.

    Raises:
        ModelError: E604 if the file is a pickle, E605 if it is damaged or something else.
    """
    size = path.stat().st_size
    with open_regular_file(path) as file:
        start = file.read(64)
        if is_pickle(start):
            raise ModelError(
                "E604",
                f"{path.name!r} is named safetensors and contains a pickle, which can run any code when it is loaded",
                where=str(path),
                hint=hint_conversion(path, path.with_name(f"{path.stem}-converted.safetensors")),
            )
        if start.startswith(_LFS):
            raise _refuse(path, "is a pointer of git-lfs, not the weights", "fetch them: git lfs pull")
        length = int.from_bytes(start[:8], "little")
        if size < 8 or start[8:9] != b"{":
            what = "is empty" if size == 0 else "is not a safetensors file"
            raise _refuse(path, what)
        if length > _MAX_HEADER_BYTES:
            raise _refuse(path, f"has an invalid header length of {length} bytes")
        if 8 + length > size:
            raise _refuse(path, f"ends inside its header: it has {size} bytes, and the header {8 + length}")
        file.seek(8)
        text = file.read(length)
    try:
        table = json.loads(text.decode("utf-8"))
        if not isinstance(table, dict):
            raise ValueError("no object")
    except (ValueError, RecursionError):
        raise _refuse(path, "has a header that cannot be read") from None
    return _check_table(path, table, size - 8 - length)


def _check_table(path: Path, table: dict[str, Any], room: int) -> Header:
    """Check that the tensors lie behind each other and fill the file."""
    metadata = table.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise _refuse(
            path, "has metadata that is not text by name", "its metadata may contain only texts: write it again"
        )
    tensors = [_parse_tensor(path, name, entry, room) for name, entry in table.items()]
    _check_spans(path, tensors, room)
    numbers: dict[str, int] = {}
    for tensor in tensors:
        numbers[tensor.dtype] = numbers.get(tensor.dtype, 0) + tensor.count
    floats = sum(tensor.count for tensor in tensors if tensor.dtype in _FLOATS)
    other_bytes = sum(tensor.end - tensor.begin for tensor in tensors if tensor.dtype not in _FLOATS)
    return Header(len(tensors), numbers, room, floats, other_bytes, metadata)


def _parse_tensor(path: Path, name: str, entry: Any, room: int) -> _Tensor:
    try:
        kind, shape = entry["dtype"], entry["shape"]
        begin, end = entry["data_offsets"]
        count = math.prod(shape)
        if not isinstance(kind, str) or kind not in _BITS:
            raise _refuse(path, f"has a tensor {name!r} of the unknown type {kind!r}", f"types are {', '.join(_BITS)}")
        if not _is_sound(kind, [*shape, begin, end], count, end - begin):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise _refuse(path, f"has an invalid entry for tensor {name!r}") from None
    if end > room:
        raise _refuse(path, f"is cut off: tensor {name!r} ends {end - room} bytes after the end of the file")
    return _Tensor(_NAMES.get(kind, str(kind).lower()), count, begin, end)


def _is_sound(kind: str, lengths: list[Any], count: int, size: int) -> bool:
    """Say whether all lengths are whole numbers, and a tensor has the size of its numbers."""
    if size < 0 or not all(type(length) is int and length >= 0 for length in lengths):
        return False
    return bool((count * _BITS[kind] + 7) // 8 == size)


def _check_spans(path: Path, tensors: Iterable[_Tensor], room: int) -> None:
    at = 0
    for begin, end in sorted((tensor.begin, tensor.end) for tensor in tensors):
        if begin != at:
            raise _refuse(path, f"has tensors that overlap, or a gap between them, at byte {min(begin, at)}")
        at = end
    if at != room:
        raise _refuse(path, f"has {room - at} bytes behind its last tensor")


def _refuse(path: Path, what: str, hint: str = "get it again: a copy or a download was cut short") -> ModelError:
    return ModelError("E605", f"{path.name!r} {what}", where=str(path), hint=hint)


def hint_conversion(path: Path, target: Path | None = None) -> str:
    """Return what to type to make a safetensors file of a pickle; it loads nothing but tensors."""
    import shlex

    if target is None:
        stem = {"pytorch_model": "model"}.get(path.stem, path.stem)  # as transformers names the two
        target = path.with_name(f"{stem}.safetensors")
    program = (
        f"import torch, safetensors.torch as s; w = torch.load({str(path)!r}, weights_only=True, map_location='cpu'); "
        f"w = next((w[k] for k in ('params_ema', 'params', 'state_dict') if isinstance(w.get(k), dict)), w); "
        f"s.save_file({{k: v.clone().contiguous() for k, v in w.items() "
        f"if isinstance(v, torch.Tensor)}}, {str(target)!r}, metadata={{'format': 'pt'}})"
    )
    return f"convert it once, which loads tensors only: python -c {shlex.quote(program)}"
