"""`TfjsGraph`: a graph of TensorFlow.js run with torch, for what `tfjs_conversion.py` writes.

A node is a name, an operation of a fixed list and the names of its inputs. Nothing in a graph is code. Whatever depends
on the size of the image alone is computed once for each size.
"""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn import functional

Tensors = Sequence[torch.Tensor]
_DTYPES = {"DT_FLOAT": torch.float32, "DT_INT32": torch.int32, "DT_BOOL": torch.bool}


def _list_ints(tensor: torch.Tensor) -> list[int]:
    return [int(number) for number in tensor.reshape(-1).tolist()]


def _read_text(attributes: Mapping[str, Any], name: str) -> str:
    return base64.b64decode(attributes[name]["s"]).decode()


def _read_strides(attributes: Mapping[str, Any]) -> tuple[int, int]:
    rows = [int(number) for number in attributes["strides"]["list"]["i"]]
    return rows[1], rows[2]


def _convolve(given: Tensors, attributes: Mapping[str, Any]) -> torch.Tensor:
    """Convolve N x height x width x channels; "SAME" pads more on the right and below."""
    image, kernel = given[0].permute(0, 3, 1, 2), given[1].permute(3, 2, 0, 1)
    strides = _read_strides(attributes)
    if _read_text(attributes, "padding") == "SAME":
        room: list[int] = []
        for length, side, stride in reversed(list(zip(image.shape[2:], kernel.shape[2:], strides, strict=True))):
            whole = max(0, (math.ceil(length / stride) - 1) * stride + side - length)
            room += [whole // 2, whole - whole // 2]
        image = functional.pad(image, room)
    return functional.conv2d(image, kernel, stride=strides).permute(0, 2, 3, 1)


def _convolve_back(given: Tensors, attributes: Mapping[str, Any]) -> torch.Tensor:
    """Return the transposed convolution of a "VALID" one, cut or filled up to the size that is asked for."""
    height, width = _list_ints(given[0])[1:3]
    image, kernel = given[2].permute(0, 3, 1, 2), given[1].permute(3, 2, 0, 1)
    if _read_text(attributes, "padding") != "VALID":
        raise ValueError("a transposed convolution that is padded is not supported")
    made = functional.conv_transpose2d(image, kernel, stride=_read_strides(attributes))
    room = (0, width - made.shape[3], 0, height - made.shape[2])
    return functional.pad(made, room).permute(0, 2, 3, 1)


def _cut(given: Tensors, attributes: Mapping[str, Any]) -> torch.Tensor:
    """Return a part of a tensor, whose ends are all written."""
    if any(int(attributes[f"{name}_mask"]["i"]) for name in ("begin", "end", "ellipsis", "new_axis")):
        raise ValueError("a slice without ends is not supported")
    single = int(attributes["shrink_axis_mask"]["i"])
    index: list[int | slice] = []
    rows = zip(*(_list_ints(each) for each in given[1:]), strict=True)
    for axis, (start, stop, step) in enumerate(rows):
        index.append(start if single >> axis & 1 else slice(start, stop, step))
    return given[0][tuple(index)]


def _sum(given: Tensors, attributes: Mapping[str, Any]) -> torch.Tensor:
    axes = _list_ints(given[1])
    kept = bool(attributes.get("keep_dims", {}).get("b"))
    return given[0].sum(axes, keepdim=kept, dtype=given[0].dtype) if axes else given[0]


def _gather(given: Tensors, _: Mapping[str, Any]) -> torch.Tensor:
    axis = int(given[2])
    shape = [*given[0].shape[:axis], *given[1].shape, *given[0].shape[axis + 1 :]]
    return given[0].index_select(axis, given[1].reshape(-1)).reshape(shape)


def _squeeze(given: Tensors, attributes: Mapping[str, Any]) -> torch.Tensor:
    axes = [int(axis) for axis in attributes["squeeze_dims"]["list"].get("i", ())]
    return given[0].squeeze(tuple(axes)) if axes else given[0].squeeze()


def _divide(given: Tensors, _: Mapping[str, Any]) -> torch.Tensor:
    return torch.div(given[0], given[1], rounding_mode="floor")


def _simple(function: Callable[..., torch.Tensor]) -> Callable[[Tensors, Mapping[str, Any]], torch.Tensor]:
    return lambda given, _: function(*given)


_SIMPLE: Mapping[str, Callable[..., torch.Tensor]] = {
    "Abs": torch.abs, "AddV2": torch.add, "Exp": torch.exp, "Floor": torch.floor, "FloorMod": torch.remainder,
    "Greater": torch.gt, "GreaterEqual": torch.ge, "Less": torch.lt, "LessEqual": torch.le,
    "LogicalAnd": torch.logical_and, "Maximum": torch.maximum, "Minimum": torch.minimum, "Mul": torch.mul,
    "Neg": torch.neg, "NotEqual": torch.ne, "RealDiv": torch.div, "Reciprocal": torch.reciprocal,
    "Rsqrt": torch.rsqrt, "SelectV2": torch.where, "Sigmoid": torch.sigmoid, "Sign": torch.sign, "Sqrt": torch.sqrt,
    "Square": torch.square, "Sub": torch.sub, "Tanh": torch.tanh,
}  # fmt: skip
OPERATIONS: Mapping[str, Callable[[Tensors, Mapping[str, Any]], torch.Tensor]] = {
    **{name: _simple(function) for name, function in _SIMPLE.items()},
    "BroadcastTo": lambda given, _: given[0].broadcast_to(_list_ints(given[1])),
    "Cast": lambda given, attributes: given[0].to(_DTYPES[attributes["DstT"]["type"]]),
    "ConcatV2": lambda given, _: torch.cat(tuple(given[:-1]), int(given[-1])),
    "Conv2D": _convolve,
    "Conv2DBackpropInput": _convolve_back,
    "Einsum": lambda given, attributes: torch.einsum(_read_text(attributes, "equation"), *given),
    "ExpandDims": lambda given, _: given[0].unsqueeze(int(given[1])),
    "FloorDiv": _divide,
    "GatherV2": _gather,
    "Identity": lambda given, _: given[0],
    "Pack": lambda given, attributes: torch.stack(tuple(given), int(attributes["axis"]["i"])),
    "Range": lambda given, _: torch.arange(*(int(each) for each in given), dtype=torch.int32),
    "Reshape": lambda given, _: given[0].reshape(_list_ints(given[1])),
    "Shape": lambda given, _: torch.tensor(given[0].shape, dtype=torch.int32),
    "Squeeze": _squeeze,
    "StridedSlice": _cut,
    "Sum": _sum,
    "Transpose": lambda given, _: given[0].permute(_list_ints(given[1])),
}
"""What a node may do; inputs and results are laid out as TensorFlow does."""


class TfjsGraph:
    """A graph with one input and one output.

    Args:
        graph: The content of `graph.json`.
        tensors: The constants and weights by the names of their nodes.
        device: Where it runs.

    Raises:
        ValueError: It has an operation that is unknown, a circle, or lacks a tensor.
        KeyError, TypeError: It is not a graph.
    """

    def __init__(self, graph: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], device: str) -> None:
        self._nodes = {str(node["name"]): node for node in graph["node"]}
        self._device = device
        self._output = _find_end(graph["signature"]["outputs"])
        self._input = _find_end(graph["signature"]["inputs"])
        self._order = self._sort()
        self.constants = {name: tensors[name] for name in self._order if name in tensors}
        self.constants = {n: t.to(device) if t.is_floating_point() else t for n, t in self.constants.items()}
        for name in self._order:
            operation = self._nodes[name]["op"]
            if name not in self.constants and operation not in {*OPERATIONS, "Placeholder"}:
                missing = operation in ("Const", "VarHandleOp")
                raise ValueError(f"tensor {name!r} is missing" if missing else f"unsupported operation {operation!r}")
        self._steps = [name for name in self._order if name not in self.constants and name != self._input]
        self._moving = self._find_moving()
        self._uses = Counter(end for name in self._steps if name in self._moving for end in self._ends(name))
        self._known: tuple[tuple[int, ...], dict[str, torch.Tensor]] = ((), {})

    def run(self, image: torch.Tensor) -> torch.Tensor:
        """Return what the graph makes of an image, N x height x width x channels."""
        fixed = self._find_fixed(image)
        held, left = {self._input: image}, dict(self._uses)
        for name in self._steps:
            if name not in self._moving:
                continue
            held[name] = self._compute(name, held, fixed)
            for end in self._ends(name):
                left[end] -= 1
                if not left[end]:
                    held.pop(end, None)
        return held[self._output]

    def measure(self) -> int:
        """Return the bytes of the weights."""
        return sum(tensor.nbytes for tensor in self.constants.values())

    def _find_fixed(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return what depends on the size of the image alone."""
        shape = tuple(image.shape)
        if self._known[0] != shape:
            found: dict[str, torch.Tensor] = {self._input: image}
            for name in self._steps:
                if name not in self._moving:
                    found[name] = self._compute(name, found, {})
            del found[self._input]
            self._known = shape, found
        return self._known[1]

    def _compute(self, name: str, held: Mapping[str, torch.Tensor], fixed: Mapping[str, torch.Tensor]) -> torch.Tensor:
        given = [self._find(end, held, fixed) for end in self._ends(name)]
        if len({each.device for each in given if each.is_floating_point()}) > 1:
            given = [each.to(self._device) if each.is_floating_point() else each for each in given]
        return OPERATIONS[self._nodes[name]["op"]](given, self._nodes[name].get("attr", {}))

    def _find(self, end: str, held: Mapping[str, torch.Tensor], fixed: Mapping[str, torch.Tensor]) -> torch.Tensor:
        for known in (self.constants, held):
            if end in known:
                return known[end]
        return fixed[end]

    def _ends(self, name: str) -> list[str]:
        return [_find_name(end) for end in self._nodes[name].get("input", ()) if not end.startswith("^")]

    def _sort(self) -> list[str]:
        """Return the names of the nodes that the output needs, each after its inputs."""
        order: list[str] = []
        state: dict[str, bool] = {}
        waiting = [(self._output, False)]
        while waiting:
            name, is_ready = waiting.pop()
            if is_ready:
                state[name] = True
                order.append(name)
            elif name not in state:
                state[name] = False
                waiting.append((name, True))
                ends = self._ends(name)
                if any(state.get(end) is False for end in ends):
                    raise ValueError(f"node {name!r} needs itself")
                waiting += [(end, False) for end in ends if end not in state]
        return order

    def _find_moving(self) -> set[str]:
        """Return the nodes that depend on what is in the image."""
        found = {self._input}
        for name in self._steps:
            if self._nodes[name]["op"] != "Shape" and any(end in found for end in self._ends(name)):
                found.add(name)
        shapes = [name for name in self._steps if self._nodes[name]["op"] == "Shape"]
        if any(end in found - {self._input} for name in shapes for end in self._ends(name)):
            raise ValueError("the shape of what was computed is not supported")
        return found


def _find_name(end: str) -> str:
    """Return the name of a node without the number of its output."""
    return end.removesuffix(":0")


def _find_end(ends: Mapping[str, Any]) -> str:
    """Return the name of the only input or output."""
    (end,) = ends.values()
    return _find_name(str(end["name"]))
