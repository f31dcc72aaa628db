"""Graphs of TensorFlow.js become safetensors and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from studio.api import ModelError
from studio_upscale.tfjs_conversion import convert_tfjs

ROWS = [
    {"name": "a/w", "shape": [2, 2], "dtype": "float32"},
    {"name": "b", "shape": [3], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0}},
    {"name": "n", "shape": [], "dtype": "int32"},
]
DATA = np.float32([1, 2, 3, 4]).tobytes() + bytes([0, 2, 4]) + np.int32(7).tobytes()


def write(folder: Path, rows: Any = ROWS, data: bytes = DATA) -> dict[str, Path]:
    manifest = [{"paths": ["s1", "s2"], "weights": rows}]
    model = {"modelTopology": {"node": [{"op": "Const"}]}, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")
    (folder / "s1").write_bytes(data[:5])
    (folder / "s2").write_bytes(data[5:])
    return {name: folder / name for name in ("model.json", "s1", "s2")}


def test_tensors_are_read_over_the_ends_of_files_and_from_fewer_bits(tmp_path: Path) -> None:
    convert_tfjs(write(tmp_path), tmp_path)

    found = load_file(tmp_path / "model.safetensors")
    assert found["a/w"].tolist() == [[1, 2], [3, 4]]
    assert found["b"].tolist() == [-1, 0, 1]
    assert found["n"] == 7
    assert json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))["node"] == [{"op": "Const"}]


@pytest.mark.parametrize(
    ("rows", "data", "reason"),
    [
        (ROWS, DATA[:-1], "reaches over its file"),
        (ROWS, DATA + b"x", "1 bytes do not belong to a tensor"),
        ([{**ROWS[0], "dtype": "string"}], DATA, "'string'"),
        ([{"name": "a"}], DATA, "'shape'"),
    ],
)
def test_a_damaged_graph_is_refused(tmp_path: Path, rows: Any, data: bytes, reason: str) -> None:
    with pytest.raises(ModelError) as caught:
        convert_tfjs(write(tmp_path, rows, data), tmp_path)

    assert caught.value.code == "E690"
    assert reason in caught.value.message
