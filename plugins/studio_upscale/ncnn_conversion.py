"""Converts networks of ncnn that enlarge images to the names that spandrel knows: RRDBNet, SRVGGNetCompact and SPAN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studio.api import ModelError
from studio_upscale.ncnn_files import Convolution, Slopes, read_ncnn

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

Tensors = dict[str, "FloatArray"]
_DENSE = 5
"""Convolutions of a dense block of RRDBNet; a block has three of them."""


def convert_ncnn(files: Mapping[str, Path], folder: Path) -> None:
    """Write `model.safetensors` with the tensors of a network, float32.

    Args:
        files: One `.param` and one `.bin`.
        folder: Where the model goes.

    Raises:
        ModelError: E690 if a file is damaged, or the network is none of those that are known.
    """
    from safetensors.numpy import save_file

    param = [path for name, path in files.items() if name.endswith(".param")]
    weights = [path for name, path in files.items() if name.endswith(".bin")]
    if len(param) != 1 or len(weights) != 1:
        raise ModelError("E690", "ncnn converts one .param and one .bin", hint="correct the entry of the catalog")
    tensors = _name_tensors(read_ncnn(param[0], weights[0]), param[0].name)
    if not all(np.isfinite(one).all() for one in tensors.values()):
        raise ModelError("E691", f"{weights[0].name!r} contains NaN or infinity", hint="get it again")
    save_file({name: np.ascontiguousarray(one) for name, one in tensors.items()}, folder / "model.safetensors")


def _name_tensors(layers: Sequence[Convolution | Slopes], file: str) -> Tensors:
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    if any("eval_conv" in one.name for one in convolutions):
        return _name_span(convolutions)
    if len(convolutions) < len(layers):
        return _name_compact(layers)
    blocks, rest = divmod(len(convolutions) - 6, 3 * _DENSE)
    if blocks >= 1 and not rest:
        return _name_rrdb(convolutions, blocks)
    raise ModelError("E690", f"{file!r} is not an RRDBNet, a compact network or SPAN", hint="correct the entry")


def _put(tensors: Tensors, name: str, layer: Convolution) -> None:
    tensors[f"{name}.weight"], tensors[f"{name}.bias"] = layer.weight, layer.bias


def _name_rrdb(layers: Sequence[Convolution], blocks: int) -> Tensors:
    """Name the layers of ESRGAN's network (Wang et al. 2018) as BasicSR does."""
    names = ["conv_first"]
    for block in range(blocks):
        names += [f"body.{block}.rdb{dense}.conv{i}" for dense in (1, 2, 3) for i in range(1, _DENSE + 1)]
    names += ["conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
    tensors: Tensors = {}
    for name, layer in zip(names, layers, strict=True):
        _put(tensors, name, layer)
    return tensors


def _name_compact(layers: Sequence[Convolution | Slopes]) -> Tensors:
    """Name the layers of SRVGGNetCompact: a sequence of convolutions and PReLUs."""
    tensors: Tensors = {}
    for index, layer in enumerate(layers):
        if isinstance(layer, Convolution):
            _put(tensors, f"body.{index}", layer)
        else:
            tensors[f"body.{index}.weight"] = layer.slopes
    return tensors


def _name_span(layers: Sequence[Convolution]) -> Tensors:
    """Name the layers of SPAN (Wan et al. 2024); each 3 x 3 convolution that was fused becomes a Conv3XC again."""
    tensors: Tensors = {}
    for layer in layers:
        name = layer.name.strip("/").removesuffix("/Conv").replace("/", ".")
        if name.endswith(".eval_conv"):
            tensors |= _unfuse(name.removesuffix(".eval_conv"), layer)
        else:
            _put(tensors, name.replace("upsampler.upsampler", "upsampler"), layer)
    return tensors


def _unfuse(name: str, layer: Convolution) -> Tensors:
    """Return the tensors of a Conv3XC that computes a 3 x 3 convolution exactly.

    Its three convolutions are an identity, the fused one, and an identity; the rest of their channels, and the branch
    around them, are zero.
    """
    outputs, inputs = layer.weight.shape[:2]
    middle = np.zeros((2 * outputs, 2 * inputs, 3, 3), np.float32)
    middle[:outputs, :inputs] = layer.weight
    rows = {
        "eval_conv": (layer.weight, layer.bias),
        "sk": (np.zeros((outputs, inputs, 1, 1), np.float32), np.zeros(outputs, np.float32)),
        "conv.0": (_make_identity(2 * inputs, inputs), np.zeros(2 * inputs, np.float32)),
        "conv.1": (middle, np.zeros(2 * outputs, np.float32)),
        "conv.2": (_make_identity(outputs, 2 * outputs), layer.bias),
    }
    tensors: Tensors = {}
    for part, (weight, bias) in rows.items():
        tensors[f"{name}.{part}.weight"], tensors[f"{name}.{part}.bias"] = weight, bias
    return tensors


def _make_identity(rows: int, columns: int) -> FloatArray:
    return np.eye(rows, columns, dtype=np.float32)[:, :, None, None]
