"""Converts graphs of TensorFlow.js to safetensors and a JSON file with the graph; nothing of TensorFlow is needed.

A `model.json` has the graph (`modelTopology`), and in `weightsManifest` for each group of files the tensors in it, one
after the other, by name, shape and dtype; some are stored with fewer bits, as `quantization` says.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import ModelError
from studio.api.model_folder import read_json

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_DTYPES = {"float32": "<f4", "int32": "<i4", "uint8": "|u1", "bool": "|u1", "float16": "<f2", "uint16": "<u2"}


def convert_tfjs(files: Mapping[str, Path], folder: Path) -> None:
    """Write `model.safetensors` with the tensors of a graph, and `graph.json` with the graph without them.

    Args:
        files: `model.json`, and the files of weights that it names.
        folder: Where the model goes.

    Raises:
        ModelError: E690 if a file is missing or damaged, E691 for NaN or infinity.
    """
    from safetensors.numpy import save_file

    if "model.json" not in files:
        raise ModelError("E690", "missing 'model.json'", hint="correct the entry of the catalog")
    model = read_json(files["model.json"], "E690")
    try:
        tensors = dict(_read_tensors(model["weightsManifest"], files))
        topology = model["modelTopology"]
        graph = {"node": topology["node"], "signature": model.get("signature") or model.get("userDefinedMetadata", {})}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError("E690", f"'model.json' cannot be converted: {error}", hint="get it again") from None
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise ModelError("E691", f"tensor {name!r} contains NaN or infinity", hint="get it again")
    save_file(tensors, folder / "model.safetensors")
    (folder / "graph.json").write_text(json.dumps(graph, separators=(",", ":")), encoding="utf-8")


def _read_tensors(manifest: Any, files: Mapping[str, Path]) -> Iterator[tuple[str, Array]]:
    for group in manifest:
        data = b"".join(files[str(path)].read_bytes() for path in group["paths"])
        at = 0
        for row in group["weights"]:
            tensor, size = _read_tensor(row, data, at)
            at += size
            yield str(row["name"]), tensor
        if at != len(data):
            raise ValueError(f"{len(data) - at} bytes do not belong to a tensor")


def _read_tensor(row: Mapping[str, Any], data: bytes, at: int) -> tuple[Array, int]:
    """Return a tensor that begins at a byte, and how many bytes it takes."""
    shape = [int(length) for length in row["shape"]]
    stored = row.get("quantization", {})
    dtype = np.dtype(_DTYPES[stored.get("dtype", row["dtype"])])
    count = math.prod(shape)
    if min(shape, default=0) < 0 or at + count * dtype.itemsize > len(data):
        raise ValueError(f"tensor {row['name']!r} reaches over its file")
    numbers = np.frombuffer(data, dtype, count, at).reshape(shape)
    found = numbers.astype(_DTYPES[row["dtype"]]) if stored else numbers.copy()
    if "scale" in stored:
        found = (numbers * np.float32(stored["scale"]) + np.float32(stored["min"])).astype(_DTYPES[row["dtype"]])
    return found.astype(np.bool_) if row["dtype"] == "bool" else found, count * dtype.itemsize
