"""Small ONNX files, written field by field: networks for tests, and files that must be refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from studio.api.protobuf_fields import write_field, write_number

_KINDS = {"float32": 1, "int64": 7, "int32": 6, "uint8": 2, "float16": 10}


def write_int(number: int, value: int) -> bytes:
    """Return a field that is a whole number."""
    return write_number(number << 3) + write_number(value)


def write_tensor(name: str, array: npt.NDArray[np.generic], dims: tuple[int, ...] | None = None) -> bytes:
    """Return a tensor; with other dimensions than it has, if these are given."""
    axes = b"".join(write_int(1, size) for size in (array.shape if dims is None else dims))
    return (
        axes
        + write_int(2, _KINDS[str(array.dtype)])
        + write_field(8, name.encode())
        + write_field(9, np.ascontiguousarray(array).tobytes())
    )


def write_external_tensor(name: str, shape: tuple[int, ...], location: str, offset: int = 0) -> bytes:
    """Return a tensor of float32 whose numbers are in another file."""
    entries = {"location": location, "offset": str(offset)}
    rows = [write_field(1, key.encode()) + write_field(2, value.encode()) for key, value in entries.items()]
    axes = b"".join(write_int(1, size) for size in shape)
    return (
        axes
        + write_int(2, 1)
        + write_field(8, name.encode())
        + b"".join(write_field(13, row) for row in rows)
        + write_int(14, 1)
    )


def write_node(
    operator: str, inputs: list[str], outputs: list[str], domain: str = "", attributes: bytes = b""
) -> bytes:
    """Return a node."""
    ends = b"".join(write_field(1, name.encode()) for name in inputs)
    ends += b"".join(write_field(2, name.encode()) for name in outputs)
    return ends + write_field(4, operator.encode()) + attributes + (write_field(7, domain.encode()) if domain else b"")


def write_end(name: str, dtype: str, shape: tuple[int | str, ...]) -> bytes:
    """Return an input or an output; a text is an axis of any size."""
    axes = b"".join(
        write_field(1, write_int(1, size) if isinstance(size, int) else write_field(2, size.encode())) for size in shape
    )
    kind = write_field(1, write_int(1, _KINDS[dtype]) + write_field(2, axes))
    return write_field(1, name.encode()) + write_field(2, kind)


def write_model(
    nodes: list[bytes],
    inputs: list[bytes],
    outputs: list[bytes],
    tensors: Sequence[bytes] = (),
    more: bytes = b"",
) -> bytes:
    """Return an ONNX file."""
    graph = b"".join(write_field(1, node) for node in nodes) + write_field(2, b"test")
    graph += b"".join(write_field(5, tensor) for tensor in tensors)
    graph += b"".join(write_field(11, end) for end in inputs) + b"".join(write_field(12, end) for end in outputs)
    return write_int(1, 8) + write_field(7, graph) + write_field(8, write_field(1, b"") + write_int(2, 17)) + more


def write_affine(factor: float = 2.0, bias: float = 1.0) -> bytes:
    """Return a network that gives y = factor * x + bias for rows of two numbers."""
    return write_model(
        [write_node("Mul", ["x", "factor"], ["scaled"]), write_node("Add", ["scaled", "bias"], ["y"])],
        [write_end("x", "float32", ("rows", 2))],
        [write_end("y", "float32", ("rows", 2))],
        [
            write_tensor("factor", np.float32([factor])),
            write_tensor("bias", np.float32([bias])),
        ],
        write_field(14, write_field(1, b"author") + write_field(2, b"a test")),
    )


def write_whole_attribute(name: str, number: int) -> bytes:
    """Return an attribute of a node that is a whole number."""
    return write_field(5, write_field(1, name.encode()) + write_int(3, number) + write_int(20, 2))


def write_speaker(seconds_for_each: float = 0.1) -> bytes:
    """Return a network with the ends of Kokoro: for each letter a tone, and its durations inside."""
    numbers = {
        "each": np.float32([seconds_for_each * 40]),
        "zero": np.float32([0]),
        "least": np.array(1, np.float32),
        "samples": np.float32([600]),
        "none": np.array(0, np.float32),
        "one": np.array(1, np.float32),
        "turn": np.float32([0.05]),
    }
    nodes = [
        write_node("Cast", ["tokens"], ["floats"], attributes=write_whole_attribute("to", 1)),
        write_node("Mul", ["floats", "zero"], ["zeros"]),
        write_node("Add", ["zeros", "each"], ["long"]),
        write_node("Div", ["long", "speed"], ["divided"]),
        write_node("Round", ["divided"], ["rounded"]),
        write_node("Clip", ["rounded", "least"], ["durations"]),
        write_node("ReduceSum", ["durations"], ["total"], attributes=write_whole_attribute("keepdims", 0)),
        write_node("Mul", ["total", "samples"], ["lengths"]),
        write_node("Squeeze", ["lengths"], ["length"]),
        write_node("Range", ["none", "length", "one"], ["places"]),
        write_node("Mul", ["places", "turn"], ["phases"]),
        write_node("Sin", ["phases"], ["audio"]),
    ]
    inputs = [
        write_end("tokens", "int64", (1, "letters")),
        write_end("style", "float32", (1, 256)),
        write_end("speed", "float32", (1,)),
    ]
    tensors = [write_tensor(name, array) for name, array in numbers.items()]
    return write_model(nodes, inputs, [write_end("audio", "float32", ("samples",))], tensors)
