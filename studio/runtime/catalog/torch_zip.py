"""Converts a zip file of PyTorch that contains tensors alone to safetensors, without PyTorch and without unpickling.

Such a file is a zip archive with a pickle, `NAME/data.pkl`, that says which tensors there are, and their bytes in
`NAME/data/KEY`. The pickle is read instruction by instruction. Only instructions that build texts, numbers, tuples,
lists and dictionaries are known, and of functions only those that name tensors; nothing is ever called.
"""

from __future__ import annotations

import json
import math
import pickletools
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from studio.errors import ModelError

_STORAGES = {
    "DoubleStorage": ("F64", 8), "FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2), "BFloat16Storage": ("BF16", 2),
    "LongStorage": ("I64", 8), "IntStorage": ("I32", 4), "ShortStorage": ("I16", 2), "CharStorage": ("I8", 1),
    "ByteStorage": ("U8", 1), "BoolStorage": ("BOOL", 1),
}  # fmt: skip
_NAMES = {("torch", name) for name in _STORAGES}
_NAMES |= {
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("collections", "OrderedDict"),
}
_INNER = ("params_ema", "params", "state_dict", "model")
_MAX_PICKLE_BYTES = 64 << 20
_MAX_TENSORS = 200_000
_MOST_TIMES = 4
_CHUNK = 1 << 20
_Stack = list[Any]


class _Unsafe(Exception):
    """The pickle does more than name tensors; the text says what."""


@dataclass(frozen=True)
class _Name:
    module: str
    name: str


@dataclass(frozen=True)
class _Storage:
    dtype: str
    width: int
    key: str


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.count * self.storage.width


class _Mark:
    """Where the arguments of an instruction begin on the stack."""


def convert_torch_zip(files: Mapping[str, Path], folder: Path) -> None:
    """Write `model.safetensors` with the tensors of one file.

    Args:
        files: The one file, by any name.
        folder: Where the model goes.

    Raises:
        ModelError: E604 if the file contains anything but tensors, E605 if it is damaged.
    """
    if len(files) != 1:
        raise ModelError("E605", f"torch-zip converts one file, and got {len(files)}", hint="correct the entry")
    path = next(iter(files.values()))
    try:
        with zipfile.ZipFile(path) as archive:
            _write(archive, _read_tensors(archive), folder / "model.safetensors")
    except _Unsafe as problem:
        raise ModelError(
            "E604",
            f"{path.name!r} is a pickle with more than tensors: {problem}",
            hint="do not load it; look for the same weights as safetensors",
        ) from None
    except (
        zipfile.BadZipFile,
        KeyError,
        IndexError,
        EOFError,
        TypeError,
        AttributeError,
        NotImplementedError,
    ) as error:
        raise ModelError("E605", f"{path.name!r} is not a zip file of PyTorch: {error}", hint="get it again") from None
    except ValueError as error:
        raise ModelError("E605", f"{path.name!r} is damaged: {error}", hint="get it again") from None


def _read_tensors(archive: zipfile.ZipFile) -> dict[str, tuple[str, _Tensor]]:
    """Return the tensors by name, each with the path of its bytes in the archive."""
    names = [info.filename for info in archive.infolist() if info.filename.endswith("data.pkl")]
    if len(names) != 1 or archive.getinfo(names[0]).file_size > _MAX_PICKLE_BYTES:
        raise ValueError("it has no data.pkl, or too large a one")
    root = names[0].removesuffix("data.pkl")
    if f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder").strip() != b"little":
        raise ValueError("its numbers are big-endian")
    table = _read_pickle(archive.read(names[0]))
    for key in _INNER:
        if isinstance(table, dict) and isinstance(table.get(key), dict):
            table = table[key]
            break
    tensors = {name: one for name, one in table.items() if isinstance(one, _Tensor)} if isinstance(table, dict) else {}
    if not tensors or not all(isinstance(name, str) for name in tensors) or len(tensors) > _MAX_TENSORS:
        raise ValueError("it names no tensors")
    return {name: (f"{root}data/{one.storage.key}", one) for name, one in tensors.items()}


def _write(archive: zipfile.ZipFile, tensors: Mapping[str, tuple[str, _Tensor]], target: Path) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, (member, tensor) in sorted(tensors.items()):
        _check_bounds(name, tensor, archive.getinfo(member).file_size)
        ends = [at, at + tensor.bytes]
        header[name] = {"dtype": tensor.storage.dtype, "shape": list(tensor.shape), "data_offsets": ends}
        at += tensor.bytes
    if at > _MOST_TIMES * sum(info.file_size for info in archive.infolist()):
        raise ValueError("its tensors have far more bytes than it has")
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with target.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for _, (member, tensor) in sorted(tensors.items()):
            _write_tensor(archive, member, tensor, out)


def _check_bounds(name: str, tensor: _Tensor, size: int) -> None:
    """Refuse a tensor that reaches over its bytes, which would make a small file huge, or read what is not there."""
    if len(tensor.shape) != len(tensor.strides) or min((*tensor.shape, *tensor.strides, tensor.offset), default=0) < 0:
        raise ValueError(f"tensor {name!r} has an invalid shape")
    steps = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((length - 1) * stride for length, stride in steps) if tensor.count else -1
    if (last + 1) * tensor.storage.width > size or tensor.bytes > size:
        raise ValueError(f"tensor {name!r} reaches over its {size} bytes")


def _write_tensor(archive: zipfile.ZipFile, member: str, tensor: _Tensor, out: IO[bytes]) -> None:
    width = tensor.storage.width
    if _is_contiguous(tensor):
        with archive.open(member) as file:
            file.seek(tensor.offset * width)
            left = tensor.bytes
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                out.write(chunk)
                left -= len(chunk)
        if left:
            raise ValueError(f"{member!r} is cut off")
        return
    import numpy as np

    numbers = np.frombuffer(archive.read(member), f"V{width}")[tensor.offset :]
    view = np.lib.stride_tricks.as_strided(
        numbers, tensor.shape, [stride * width for stride in tensor.strides], writeable=False
    )
    out.write(view.tobytes())


def _is_contiguous(tensor: _Tensor) -> bool:
    expected = 1
    for length, stride in zip(reversed(tensor.shape), reversed(tensor.strides), strict=True):
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True


def _read_pickle(data: bytes) -> Any:
    """Return what a pickle describes, with tensors described and nothing called."""
    reader = _Reader()
    for operation, argument, _ in pickletools.genops(data):
        if operation.name == "STOP":
            return reader.stack.pop()
        reader.step(operation.name, argument)
    raise ValueError("its pickle has no end")


class _Reader:
    """Follows the instructions of a pickle that are known."""

    def __init__(self) -> None:
        self.stack: _Stack = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Follow one instruction.

        Raises:
            _Unsafe: It is not one that tensors need.
        """
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"):
            self._memo[len(self._memo) if name == "MEMOIZE" else int(argument)] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self._memo[int(argument)])
        elif name == "GLOBAL":
            self.stack.append(_check_name(*argument.split(" ", 1)))
        elif name in _ACTIONS:
            _ACTIONS[name](self.stack)
        elif name not in ("PROTO", "FRAME"):
            raise _Unsafe(f"it has the instruction {name}")


def _check_name(module: str, name: str) -> _Name:
    if (module, name) not in _NAMES:
        raise _Unsafe(f"it names {module}.{name}")
    return _Name(module, name)


def _pop_marked(stack: _Stack) -> _Stack:
    place = max(index for index, one in enumerate(stack) if isinstance(one, _Mark))
    taken = stack[place + 1 :]
    del stack[place:]
    return taken


def _name_on_stack(stack: _Stack) -> None:
    name, module = stack.pop(), stack.pop()
    stack.append(_check_name(str(module), str(name)))


def _make_tuple(count: int) -> Callable[[_Stack], None]:
    def make(stack: _Stack) -> None:
        taken = tuple(stack[len(stack) - count :])
        if len(taken) != count:
            raise IndexError("too little on the stack")
        del stack[len(stack) - count :]
        stack.append(taken)

    return make


def _set_items(stack: _Stack) -> None:
    items = _pop_marked(stack)
    stack[-1].update(zip(items[::2], items[1::2], strict=True))


def _set_item(stack: _Stack) -> None:
    value, key = stack.pop(), stack.pop()
    stack[-1][key] = value


def _append(stack: _Stack) -> None:
    value = stack.pop()
    stack[-1].append(value)


def _extend(stack: _Stack) -> None:
    entries = _pop_marked(stack)
    stack[-1].extend(entries)


def _find_storage(stack: _Stack) -> None:
    """A persistent id names a storage: ("storage", type, key, device, count)."""
    row = stack.pop()
    if not (isinstance(row, tuple) and len(row) == 5 and row[0] == "storage" and isinstance(row[1], _Name)):
        raise _Unsafe("it refers to something else than numbers")
    if row[1].name not in _STORAGES or not (isinstance(row[2], str) and row[2].isalnum()):
        raise _Unsafe(f"it refers to {row[1].name} {row[2]!r}")
    stack.append(_Storage(*_STORAGES[row[1].name], row[2]))


def _reduce(stack: _Stack) -> None:
    """Where Python would call a function: describe the tensor, or make an empty dictionary."""
    arguments, function = stack.pop(), stack.pop()
    if not isinstance(function, _Name):
        raise _Unsafe("it calls something that is not named")
    if function.name == "OrderedDict" and arguments == ():
        stack.append({})
    elif function.name == "_rebuild_parameter" and isinstance(arguments[0], _Tensor):
        stack.append(arguments[0])
    elif function.name == "_rebuild_tensor_v2" and isinstance(arguments[0], _Storage):
        storage, offset, shape, strides = arguments[:4]
        if not all(type(number) is int for number in (offset, *shape, *strides)):
            raise ValueError("a shape is not made of whole numbers")
        stack.append(_Tensor(storage, offset, tuple(shape), tuple(strides)))
    else:
        raise _Unsafe(f"it calls {function.module}.{function.name}")


def _build(stack: _Stack) -> None:
    """Attributes of a dictionary, such as the versions of layers, are dropped."""
    stack.pop()
    if not isinstance(stack[-1], dict):
        raise _Unsafe("it sets attributes")


_LITERALS = (
    "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1",
    "LONG4", "BINFLOAT", "FLOAT",
)  # fmt: skip
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "MARK": _Mark,
}
_ACTIONS: dict[str, Callable[[_Stack], None]] = {
    "STACK_GLOBAL": _name_on_stack,
    "TUPLE": lambda stack: stack.append(tuple(_pop_marked(stack))),
    "TUPLE1": _make_tuple(1),
    "TUPLE2": _make_tuple(2),
    "TUPLE3": _make_tuple(3),
    "SETITEMS": _set_items,
    "SETITEM": _set_item,
    "APPENDS": _extend,
    "APPEND": _append,
    "BINPERSID": _find_storage,
    "REDUCE": _reduce,
    "BUILD": _build,
}
