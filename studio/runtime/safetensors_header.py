"""The header of a safetensors file: names, types and shapes of its tensors, checked against the file's size.

A safetensors file is eight bytes with the length of the header, the header as JSON, and the tensors' bytes without
gaps (https://github.com/huggingface/safetensors#format). Nothing but the header is read.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import ModelError

_MAX_HEADER_BYTES = 100_000_000  # the format's own bound
_BITS = {"F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16}
_BITS |= {"I16": 16, "U16": 16, "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8}
_BITS |= {"F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}
_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_FLOATS = ("F64", "F32", "F16", "BF16")
_ZIP, _LFS = b"PK\x03\x04", b"version https://git-lfs"


@dataclass(frozen=True)
class Header:
    """What a header says.

    Attributes:
        tensors: How many tensors there are.
        numbers: How many numbers they hold, by type: "float16", "bfloat16", "i64" ...
        bytes: Their size in bytes.
        floats: How many of the numbers a cast to another float type changes.
        metadata: The free texts of the header.
    """

    tensors: int
    numbers: dict[str, int]
    bytes: int
    floats: int
    other_bytes: int
    metadata: dict[str, str]


def is_pickle(start: bytes) -> bool:
    """Say whether a file that begins so is a pickle, or torch's zip file of one."""
    return start.startswith(_ZIP) or (len(start) > 2 and start[0] == 0x80 and 2 <= start[1] <= 5 and start[8:9] != b"{")


def read_header(path: Path) -> Header:
    """Read and check the header of a safetensors file.

    Raises:
        ModelError: E604 if the file is a pickle, E605 if it is damaged or something else.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(64)
        if is_pickle(start):
            raise ModelError(
                "E604",
                f"{path.name!r} is named safetensors and holds a pickle, which can run any code when it is loaded",
                where=str(path),
                hint=hint_conversion(path, path.with_name(f"{path.stem}-converted.safetensors")),
            )
        if start.startswith(_LFS):
            raise _refuse(path, "is a pointer of git-lfs, not the weights", "fetch them: git lfs pull")
        length = int.from_bytes(start[:8], "little")
        if size < 8 or start[8:9] != b"{":
            what = "is empty" if size == 0 else "is no safetensors file"
            raise _refuse(path, what)
        if length > _MAX_HEADER_BYTES:
            raise _refuse(path, f"says that its header has {length} bytes")
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
    spans: list[tuple[int, int]] = []
    numbers: dict[str, int] = {}
    floats = other_bytes = 0
    for name, entry in table.items():
        try:
            kind, shape = entry["dtype"], entry["shape"]
            begin, end = entry["data_offsets"]
            count = math.prod(shape)
            sound = all(type(n) is int and n >= 0 for n in [*shape, begin, end])
            if not sound or begin > end or (kind in _BITS and (count * _BITS[kind] + 7) // 8 != end - begin):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise _refuse(path, f"says of tensor {name!r} what cannot be") from None
        if end > room:
            raise _refuse(path, f"is cut off: tensor {name!r} ends {end - room} bytes behind the end of the file")
        spans.append((begin, end))
        told = _NAMES.get(kind, str(kind).lower())
        numbers[told] = numbers.get(told, 0) + count
        if kind in _FLOATS:
            floats += count
        else:
            other_bytes += end - begin
    at = 0
    for begin, end in sorted(spans):
        if begin != at:
            raise _refuse(path, f"has tensors that overlap, or a gap between them, at byte {min(begin, at)}")
        at = end
    if at != room:
        raise _refuse(path, f"has {room - at} bytes behind its last tensor")
    kept = {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {}
    return Header(len(spans), numbers, at, floats, other_bytes, kept)


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
