"""Reads networks of ncnn: the convolutions and slopes of a `.param` and its `.bin`, in order; nothing that could run.

A `.param` is text: a magic number, counts, then a line for each layer with its type, its name, its blobs and its
numbers. A `.bin` has the weights of the layers one after the other. Those of a convolution begin with a flag that says
how they are stored; a bias and slopes are plain floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studio.api import ModelError

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_MAGIC = "7767517"
_HALF, _PLAIN = 0x01306B47, 0
_MAX_PARAM_BYTES = 16 << 20
_WITHOUT_WEIGHTS = frozenset(
    {
        "Input", "Split", "Concat", "BinaryOp", "UnaryOp", "Interp", "PixelShuffle", "Sigmoid", "Swish", "ReLU",
        "Eltwise", "Noop", "Crop", "Padding",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Convolution:
    """A convolution: weight as outputs x inputs x height x width, and bias."""

    name: str
    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True)
class Slopes:
    """The slopes of a PReLU, one for each channel."""

    name: str
    slopes: FloatArray


class _Weights:
    """The bytes of a `.bin`, read from the beginning."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, count: int, dtype: str) -> FloatArray:
        """Read numbers; what is read is a multiple of four bytes."""
        size = count * np.dtype(dtype).itemsize
        if count < 0 or self._at + size > len(self._data):
            raise ValueError("it is cut off")
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += (size + 3) // 4 * 4
        return found.astype(np.float32)

    def read_flagged(self, count: int) -> FloatArray:
        """Read weights that begin with a flag."""
        flag = int.from_bytes(self._data[self._at : self._at + 4], "little")
        self._at += 4
        if flag not in (_HALF, _PLAIN):
            raise ValueError(f"unsupported weights {flag:#x}")
        return self.read(count, "<f2" if flag == _HALF else "<f4")

    def check_end(self) -> None:
        """Refuse bytes behind the end."""
        if self._at != len(self._data):
            raise ValueError(f"{len(self._data) - self._at} bytes do not belong to a layer")


def read_ncnn(param: Path, weights: Path) -> list[Convolution | Slopes]:
    """Return the layers with weights, in their order.

    Raises:
        ModelError: E690 if a file is damaged, or has layers that networks which enlarge do not have.
    """
    try:
        if param.stat().st_size > _MAX_PARAM_BYTES:
            raise ValueError("it is too large")
        lines = param.read_text(encoding="utf-8").split("\n")
        if lines[0].strip() != _MAGIC:
            raise ValueError("it is not a network of ncnn")
        data = _Weights(weights.read_bytes())
        layers = [layer for line in lines[2:] if line.strip() for layer in _read_layer(line.split(), data)]
        data.check_end()
    except (ValueError, IndexError, KeyError) as error:
        raise ModelError("E690", f"{param.name!r} cannot be converted: {error}", hint="get it again") from None
    return layers


def _read_layer(words: list[str], data: _Weights) -> Iterator[Convolution | Slopes]:
    kind, name, before, after = words[0], words[1], int(words[2]), int(words[3])
    numbers = dict(word.split("=", 1) for word in words[4 + before + after :])
    if kind == "Convolution":
        yield _read_convolution(name, numbers, data)
    elif kind == "PReLU":
        yield Slopes(name, data.read(int(numbers["0"]), "<f4"))
    elif kind == "MemoryData":
        data.read(int(np.prod([int(numbers.get(axis, 1)) or 1 for axis in ("0", "1", "2")])), "<f4")
    elif kind not in _WITHOUT_WEIGHTS:
        raise ValueError(f"unknown layer {kind}")


def _read_convolution(name: str, numbers: dict[str, str], data: _Weights) -> Convolution:
    outputs, width = int(numbers["0"]), int(numbers["1"])
    height, total = int(numbers.get("11", width)), int(numbers["6"])
    if min(outputs, width, height) < 1 or total % (outputs * width * height):
        raise ValueError(f"layer {name!r} has an invalid shape")
    weight = data.read_flagged(total).reshape(outputs, -1, height, width)
    bias = data.read(outputs, "<f4") if numbers.get("5") == "1" else np.zeros(outputs, np.float32)
    return Convolution(name, weight, bias)
