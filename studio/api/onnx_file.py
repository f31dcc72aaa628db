"""ONNX files, inspected without onnxruntime: their ends, operators and weights, and whether they are safe to open."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studio.api.protobuf_fields import (
    Value,
    iterate_fields,
    iterate_numbers,
    read_message,
    read_text,
    write_field,
    write_number,
)
from studio.errors import ModelError

MAX_FILE_BYTES = 2**31 - 1
"""What protobuf holds at most; larger models have external data."""
MAX_COMPUTED_ELEMENTS = 2**28
"""Largest tensor that an operator may make of constants alone: a file of some bytes could ask for any."""
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"}
_FOREIGN = {"EPContext"}  # it loads code of another device from a file
_MAX_DEPTH = 32
_BITS = {
    **dict.fromkeys((2, 3, 9, 17, 18, 19, 20, 24), 8),
    **dict.fromkeys((4, 5, 10, 16), 16),
    **dict.fromkeys((1, 6, 12), 32),
    **dict.fromkeys((7, 11, 13, 14), 64),
    **dict.fromkeys((21, 22, 23), 4),
    **dict.fromkeys((25, 26), 2),
    15: 128,
    8: 0,
}
_DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "str",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    16: "bfloat16",
}
_UNHASHED = {".md", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".mp4", ".py", ".pyc", ".lock"} | {
    ".bin",
    ".ckpt",
    ".pt",
    ".pth",
    ".pkl",
    ".pickle",
}


@dataclass(frozen=True)
class OnnxEnd:
    """An input or an output of a network.

    Attributes:
        name: Its name.
        dtype: "float32", "int64", "str" and so on; "" if the file does not say.
        shape: Size of each axis; None where it is free. None for an unknown number of axes.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass
class OnnxDescription:
    """What an ONNX file contains.

    Attributes:
        inputs: Inputs, without those that have a value in the file.
        outputs: Outputs.
        operators: How often each operator stands in it, "com.microsoft.QAttention" for those of another domain.
        metadata: Texts by name.
        weight_bytes: Size of all weights, external ones too.
        external: Files with external data, by the names that the file gives them.
    """

    inputs: tuple[OnnxEnd, ...] = ()
    outputs: tuple[OnnxEnd, ...] = ()
    operators: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    weight_bytes: int = 0
    external: dict[str, Path] = field(default_factory=dict)


@dataclass
class _Tensor:
    """A tensor as the file describes it: its payload in bytes, and its numbers if they are few."""

    name: str = ""
    dims: list[int] = field(default_factory=list)
    kind: int = 0
    held_bits: int = 0
    numbers: tuple[int, ...] = ()
    external: dict[str, str] = field(default_factory=dict)
    is_external: bool = False


def read_onnx(path: Path) -> bytes:
    """Return the bytes of an ONNX file.

    Raises:
        ModelError: E631 if it cannot be read, or is larger than such a file can be.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise refuse(path, "an ONNX file holds at most 2 GB", "its weights belong into a file beside it")
        return path.read_bytes()
    except OSError as error:
        raise refuse(path, str(error), "check the file") from None


def inspect_onnx(content: bytes, path: Path, folder: Path | None = None) -> OnnxDescription:
    """Describe an ONNX file and check that it is safe to open; nothing is loaded.

    Args:
        content: Its bytes.
        path: Where it is, for messages.
        folder: The folder that external data must lie in; None if there may be none.

    Raises:
        ModelError: E631 for operators of another library, external data outside the folder, tensors that the file
            does not hold, and damaged files.
    """
    try:
        return _Inspection(path, folder).inspect(memoryview(content))
    except (ValueError, OverflowError) as error:
        raise refuse(path, f"it is damaged: {error}", "get it again") from None


def expose_values(content: bytes, names: Mapping[str, OnnxEnd]) -> bytes:
    """Return an ONNX file with values of its inside as further outputs.

    Args:
        content: The bytes of the file.
        names: The ends to add, by the names of the values.
    """
    added = b"".join(write_field(12, write_field(1, name.encode()) + _write_type(end)) for name, end in names.items())
    parts = []
    for number, value in iterate_fields(memoryview(content)):
        if number == 7:
            parts.append(write_field(7, bytes(read_message(value)) + added))
        elif isinstance(value, int):
            parts.append(write_number(number << 3) + write_number(value))
        else:
            parts.append(write_field(number, bytes(value)))
    return b"".join(parts)


def follow_operators(content: bytes, name: str, operators: Sequence[str]) -> str | None:
    """Return the value that some operators make of a value, one after the other; None if they do not follow it.

    Args:
        content: The bytes of the file.
        name: The value that the first of them takes.
        operators: Names of operators, such as ("Div", "Round").
    """
    graphs = [read_message(value) for number, value in iterate_fields(memoryview(content)) if number == 7]
    nodes = [read_message(value) for graph in graphs for number, value in iterate_fields(graph) if number == 1]
    found: str | None = name
    for operator in operators:
        made = (_find_output(node, operator, found or "") for node in nodes)
        found = next((output for output in made if output), None)
    return found


def _find_output(node: memoryview, operator: str, taken: str) -> str | None:
    """Return the first output of a node, if it is of this kind and takes this value."""
    texts: dict[int, list[str]] = {1: [], 2: [], 4: []}
    for number, value in iterate_fields(node):
        if number in texts:
            texts[number].append(read_text(value))
    return texts[2][0] if texts[4] == [operator] and taken in texts[1] and texts[2] else None


def _write_type(end: OnnxEnd) -> bytes:
    kind = next((number for number, name in _DTYPES.items() if name == end.dtype), 1)
    return write_field(2, write_field(1, b"\x08" + write_number(kind)))


def refuse(path: Path, reason: str, hint: str) -> ModelError:
    """Return the error for an ONNX file that is not opened."""
    return ModelError("E631", f"{path.name!r} cannot be opened: {reason}", where=str(path), hint=hint)


class _Inspection:
    def __init__(self, path: Path, folder: Path | None) -> None:
        self._path, self._folder = path, folder
        self._found = OnnxDescription()
        self._functions: set[tuple[str, str]] = set()
        self._calls: list[tuple[str, str]] = []

    def inspect(self, message: memoryview) -> OnnxDescription:
        graphs = []
        for number, value in iterate_fields(message):
            if number == 7:
                graphs.append(read_message(value))
            elif number == 14:
                entry = dict(iterate_fields(read_message(value)))
                self._found.metadata[read_text(entry.get(1, memoryview(b"")))] = read_text(
                    entry.get(2, memoryview(b""))
                )
            elif number == 25:
                self._inspect_function(read_message(value))
        if len(graphs) != 1:
            raise ValueError("it contains no graph")
        self._inspect_graph(graphs[0], 0)
        for domain, operator in self._calls:
            if (domain not in _DOMAINS and (domain, operator) not in self._functions) or operator in _FOREIGN:
                where = f"{domain}.{operator}" if domain else operator
                raise refuse(
                    self._path,
                    f"it needs the operator {where!r}, which comes with code of its own",
                    "export the model with the standard operators of ONNX",
                )
        return self._found

    def _inspect_function(self, message: memoryview) -> None:
        name = domain = ""
        for number, value in iterate_fields(message):
            if number == 1:
                name = read_text(value)
            elif number == 10:
                domain = read_text(value)
            elif number == 7:
                self._inspect_node(read_message(value), {}, 1)
        self._functions.add((domain, name))

    def _inspect_graph(self, message: memoryview, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ValueError(f"its graphs are nested more than {_MAX_DEPTH} deep")
        fields = list(iterate_fields(message))
        constants: dict[str, tuple[int, ...]] = {}
        for number, value in fields:
            if number == 5:
                tensor = self._check_tensor(_read_tensor(read_message(value)))
                constants[tensor.name] = tensor.numbers
            elif number == 15:
                self._inspect_sparse(read_message(value))
        for number, value in fields:
            if number == 1:
                self._inspect_node(read_message(value), constants, depth)
        if depth == 0:
            ends = {number: [_read_end(read_message(v)) for n, v in fields if n == number] for number in (11, 12)}
            self._found.inputs = tuple(end for end in ends[11] if end.name not in constants)
            self._found.outputs = tuple(ends[12])

    def _inspect_sparse(self, message: memoryview) -> None:
        dims: list[int] = []
        for number, value in iterate_fields(message):
            if number in (1, 2):
                self._check_tensor(_read_tensor(read_message(value)))
            elif number == 3:
                dims += iterate_numbers(value)
        self._check_computed(math.prod(dims), "a sparse tensor")

    def _inspect_node(self, message: memoryview, constants: dict[str, tuple[int, ...]], depth: int) -> None:
        inputs, outputs, attributes = [], [], []
        operator = domain = ""
        for number, value in iterate_fields(message):
            if number == 1:
                inputs.append(read_text(value))
            elif number == 2:
                outputs.append(read_text(value))
            elif number == 4:
                operator = read_text(value)
            elif number == 7:
                domain = read_text(value)
            elif number == 5:
                attributes.append(read_message(value))
        name = f"{domain}.{operator}" if domain not in ("", "ai.onnx") else operator
        self._found.operators[name] = self._found.operators.get(name, 0) + 1
        self._calls.append((domain, operator))
        made = [found for each in attributes for found in self._inspect_attribute(each, depth)]
        if operator == "Constant" and outputs and made:
            constants[outputs[0]] = made[0]
        place = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1}.get(operator)
        if place is not None and place < len(inputs) and inputs[place] in constants:
            self._check_computed(math.prod(constants[inputs[place]]), operator)

    def _inspect_attribute(self, message: memoryview, depth: int) -> Iterator[tuple[int, ...]]:
        """Check the tensors and graphs in an attribute; yield the numbers that it holds, if they are few."""
        listed: list[int] = []
        for number, value in iterate_fields(message):
            if number in (5, 10):
                yield self._check_tensor(_read_tensor(read_message(value))).numbers
            elif number in (6, 11):
                self._inspect_graph(read_message(value), depth + 1)
            elif number in (22, 23):
                self._inspect_sparse(read_message(value))
            elif number == 8 and len(listed) < 16:
                listed += iterate_numbers(value)
        if listed:
            yield tuple(listed)

    def _check_computed(self, elements: int, what: str) -> None:
        if elements > MAX_COMPUTED_ELEMENTS:
            raise refuse(
                self._path,
                f"{what} makes {elements} elements of constants, more than {MAX_COMPUTED_ELEMENTS}",
                "take another export of the model",
            )

    def _check_tensor(self, tensor: _Tensor) -> _Tensor:
        if any(each < 0 for each in tensor.dims) or tensor.kind not in _BITS:
            raise ValueError(f"invalid shape or type of the tensor {tensor.name[:80]!r}")
        elements = math.prod(tensor.dims)
        wanted = elements * _BITS[tensor.kind]
        if tensor.is_external:
            self._check_external(tensor, (wanted + 7) // 8)
        elif wanted > tensor.held_bits + 7 or (tensor.kind == 8 and elements > max(1, tensor.held_bits)):
            raise refuse(
                self._path,
                f"the tensor {tensor.name[:80]!r} needs {(wanted + 7) // 8} bytes, "
                f"and the file holds {tensor.held_bits // 8} of them",
                "get it again",
            )
        self._found.weight_bytes += (wanted + 7) // 8
        return tensor

    def _check_external(self, tensor: _Tensor, wanted: int) -> None:
        name = tensor.external.get("location", "")
        file = self._found.external.get(name) or self._find_external(name)
        offset, length = (int(tensor.external.get(key) or 0) for key in ("offset", "length"))
        size = file.stat().st_size
        if offset < 0 or length < 0 or (length and length != wanted) or offset + wanted > size:
            raise refuse(
                self._path,
                f"the tensor {tensor.name[:80]!r} needs {wanted} bytes from {offset} on in {name!r}, which has {size}",
                "get both files again",
            )
        self._found.external[name] = file

    def _find_external(self, name: str) -> Path:
        if self._folder is None:
            raise refuse(
                self._path,
                f"its weights are in another file, {name[:80]!r}",
                f"name their folder: file:{self._path.parent}",
            )
        root = os.path.realpath(self._folder)
        file = Path(os.path.realpath(self._path.parent / name.replace("\0", "")))
        inside = name and "\0" not in name and not os.path.isabs(name) and file.is_relative_to(root)
        if not inside or not file.is_file():
            raise refuse(
                self._path,
                f"its weights are in {name[:80]!r}, which is not a file in its folder",
                "put the file beside it, and export the model with the file's name alone",
            )
        stem, suffix = os.path.splitext(file.name.lower())
        if suffix in _UNHASHED or stem.startswith((".", "readme", "license", "licence", "notice", "copying")):
            raise refuse(
                self._path,
                f"its weights are in {name[:80]!r}, a name that Studio does not count as part of a model",
                "export the model with weights named NAME.onnx.data",
            )
        return file


def _read_tensor(message: memoryview) -> _Tensor:
    tensor = _Tensor()
    numbers: list[int] = []
    for number, value in iterate_fields(message):
        if number == 1:
            tensor.dims += iterate_numbers(value)
        elif number == 2 and isinstance(value, int):
            tensor.kind = value
        elif number == 8:
            tensor.name = read_text(value)
        elif number == 13:
            entry = dict(iterate_fields(read_message(value)))
            tensor.external[read_text(entry.get(1, memoryview(b"")))] = read_text(entry.get(2, memoryview(b"")))
        elif number == 14:
            tensor.is_external = value == 1
        elif number in (4, 5, 6, 7, 9, 10, 11):
            tensor.held_bits += _measure_payload(number, value, tensor.kind)
            numbers += _read_few(number, value, tensor.kind)
    tensor.numbers = tuple(numbers[:16])
    return tensor


def _measure_payload(number: int, value: Value, kind: int) -> int:
    """Return how many bits of a tensor a field may hold at most."""
    if number == 6:  # texts, one a field
        return 1
    if number == 9:
        return 8 * len(read_message(value))
    if number in (4, 10):  # fixed numbers
        return 8 * len(read_message(value)) if not isinstance(value, int) else 64
    each = max(_BITS.get(kind, 64), 32) if number == 5 else 64
    return each * (1 if isinstance(value, int) else len(value))


def _read_few(number: int, value: Value, kind: int) -> list[int]:
    """Return the whole numbers of a small tensor, such as a shape."""
    if number == 7:
        return list(iterate_numbers(value)) if isinstance(value, int) or len(value) <= 160 else []
    if number == 9 and kind == 7 and not isinstance(value, int) and len(value) <= 128:
        raw = bytes(value)
        return [int.from_bytes(raw[at : at + 8], "little", signed=True) for at in range(0, len(raw), 8)]
    return []


def _read_end(message: memoryview) -> OnnxEnd:
    name, dtype = "", ""
    shape: tuple[int | None, ...] | None = None
    for number, value in iterate_fields(message):
        if number == 1:
            name = read_text(value)
        elif number == 2:
            for kind, tensor in iterate_fields(read_message(value)):
                if kind == 1:
                    dtype, shape = _read_tensor_type(read_message(tensor))
    return OnnxEnd(name, dtype, shape)


def _read_tensor_type(message: memoryview) -> tuple[str, tuple[int | None, ...] | None]:
    dtype, shape = "", None
    for number, value in iterate_fields(message):
        if number == 1 and isinstance(value, int):
            dtype = _DTYPES.get(value, "")
        elif number == 2:
            axes = [dict(iterate_fields(read_message(v))) for n, v in iterate_fields(read_message(value)) if n == 1]
            shape = tuple(size if isinstance(size := axis.get(1), int) else None for axis in axes)
    return dtype, shape
