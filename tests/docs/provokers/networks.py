"""Provokes the errors of ONNX models."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from studio.api import Model
from studio.api.onnx_file import OnnxDescription, OnnxEnd
from studio.api.onnx_network import OnnxNetwork, open_onnx
from tests.docs.provokers.place import Place, provokes
from tests.onnx_files import write_affine, write_model, write_node


@provokes("E630")
def _(place: Place) -> Any:
    (place.folder / "net.onnx").write_bytes(write_affine())
    place.patch.setattr("studio.api.onnx_network.is_onnxruntime_installed", lambda: False)
    open_onnx(place.folder / "net.onnx")


@provokes("E631")
def _(place: Place) -> Any:
    (place.folder / "net.onnx").write_bytes(write_model([write_node("Decode", ["x"], ["y"], "com.evil")], [], []))
    open_onnx(place.folder / "net.onnx")


@provokes("E632")
def _(place: Place) -> Any:
    description = OnnxDescription(inputs=(OnnxEnd("x", "float32", (None, 2)),))
    OnnxNetwork(SimpleNamespace(), description, place.folder / "net.onnx", "cpu").run({"x": np.zeros((1, 3))})


@provokes("E633")
def _(place: Place) -> Any:
    from studio_onnx.opener import OnnxOpener

    path = place.folder / "net.onnx"
    path.write_bytes(write_affine())
    OnnxOpener().open(path, Model(f"file:{path}", (("half", True),)), device="cpu", dtype="float32", parts={})
