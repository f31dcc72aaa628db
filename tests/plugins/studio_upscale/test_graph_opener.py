"""Graphs of TensorFlow.js run with torch, and opened from a folder."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from studio.api import Image, Model, ModelError
from studio.testing import TestContext, check_model_opener
from studio_upscale.graph_opener import GraphOpener
from studio_upscale.graph_upscaler import GraphUpscaler
from studio_upscale.networks.tfjs_graph import OPERATIONS
from studio_upscale.nodes.images import restore_image

MODEL = Model("local:tiny")


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def node(name: str, operation: str, *ends: str, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": operation, "input": list(ends), "attr": attributes}


def write_graph(folder: Path, *more: dict[str, Any], output: str = "out") -> Path:
    """Write a graph that averages 3 x 3 pixels and adds a tenth."""
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[:, :, range(3), range(3)] = 1 / 9
    strides = {"list": {"i": ["1", "1", "1", "1"]}}
    nodes = [
        node("in", "Placeholder"),
        node("kernel", "Const"),
        node("tenth", "Const"),
        node("size", "Shape", "in"),
        node("mean", "Conv2D", "in", "kernel", padding=text("SAME"), strides=strides),
        node("sum", "AddV2", "mean:0", "tenth"),
        node("out", "Reshape", "sum", "size"),
        *more,
    ]
    ends = {"inputs": {"a": {"name": "in:0"}}, "outputs": {"b": {"name": f"{output}:0"}}}
    folder.mkdir(exist_ok=True)
    (folder / "graph.json").write_text(json.dumps({"node": nodes, "signature": ends}))
    save_file({"kernel": kernel, "tenth": np.array(0.1, np.float32)}, folder / "model.safetensors")
    return folder


def open_graph(folder: Path) -> GraphUpscaler:
    return GraphOpener().open(folder, Model(f"file:{folder}"), device="cpu", dtype="float32", parts={})


def test_the_opener_keeps_its_promises(tmp_path: Path) -> None:
    check_model_opener(GraphOpener(), write_graph(tmp_path / "graph"))


def test_an_image_of_any_size_is_restored_by_a_graph(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).random((20, 33, 3)).astype(np.float32) * 0.8
    context = TestContext(models={MODEL.reference: open_graph(write_graph(tmp_path / "graph"))})

    made = restore_image(context, Image(pixels), kind="deblur", model=MODEL).pixels

    wanted = sum(pixels[1 + y : 19 + y, 1 + x : 32 + x] for y in (-1, 0, 1) for x in (-1, 0, 1)) / 9 + 0.1
    assert made.shape == pixels.shape
    assert np.allclose(made[1:-1, 1:-1], wanted, atol=1e-5)


def test_grey_stays_grey(tmp_path: Path) -> None:
    context = TestContext(models={MODEL.reference: open_graph(write_graph(tmp_path / "graph"))})

    made = restore_image(context, Image(np.full((8, 8, 1), 0.5, np.float32)), kind="low_light", model=MODEL)

    assert made.pixels[4, 4].tolist() == pytest.approx([0.6], abs=1e-5)


@pytest.mark.parametrize(
    ("more", "output", "message"),
    [
        ([node("x", "PyFunc", "in")], "x", "unsupported operation 'PyFunc'"),
        ([node("x", "Neg", "y"), node("y", "Neg", "x")], "x", "needs itself"),
        ([node("x", "AddV2", "in", "w"), node("w", "Const")], "x", "tensor 'w' is missing"),
        ([node("x", "Neg", "nothing")], "x", "nothing"),
    ],
)
def test_a_graph_that_cannot_run_is_refused(tmp_path: Path, more: Any, output: str, message: str) -> None:
    folder = write_graph(tmp_path / "graph", *more, output=output)

    with pytest.raises(ModelError, match="E690") as raised:
        open_graph(folder)
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("name", "given", "attributes", "wanted"),
    [
        ("FloorDiv", [torch.tensor(-7), torch.tensor(2)], {}, -4),
        ("FloorMod", [torch.tensor(-7), torch.tensor(2)], {}, 1),
        ("Sum", [torch.ones(2, 3), torch.tensor([1])], {"keep_dims": {"b": True}}, [[3.0], [3.0]]),
        ("GatherV2", [torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 0]), torch.tensor(1)], {}, [[2, 1], [4, 3]]),
        ("Squeeze", [torch.ones(1, 2)], {"squeeze_dims": {"list": {"i": ["0"]}}}, [1.0, 1.0]),
        ("Einsum", [torch.ones(2, 3), torch.ones(3)], {"equation": text("ab,b->a")}, [3.0, 3.0]),
        ("Cast", [torch.tensor([1.7])], {"DstT": {"type": "DT_INT32"}}, [1]),
        ("Range", [torch.tensor(1), torch.tensor(6), torch.tensor(2)], {}, [1, 3, 5]),
    ],
)
def test_an_operation_does_what_tensorflow_says(name: str, given: Any, attributes: Any, wanted: Any) -> None:
    assert OPERATIONS[name](given, attributes).tolist() == wanted


def test_a_padded_convolution_with_stride_two_pads_after_the_image() -> None:
    image, kernel = torch.arange(16.0).reshape(1, 4, 4, 1), torch.zeros(3, 3, 1, 1)
    kernel[0, 0] = 1
    strides = {"list": {"i": ["1", "2", "2", "1"]}}

    made = OPERATIONS["Conv2D"]([image, kernel], {"padding": text("SAME"), "strides": strides})

    assert made[0, :, :, 0].tolist() == [[0.0, 2.0], [8.0, 10.0]]


def test_a_transposed_convolution_has_the_size_that_is_asked_for() -> None:
    image, kernel = torch.ones(1, 2, 2, 1), torch.ones(2, 2, 1, 1)
    attributes = {"padding": text("VALID"), "strides": {"list": {"i": ["1", "2", "2", "1"]}}}

    made = OPERATIONS["Conv2DBackpropInput"]([torch.tensor([1, 5, 4, 1]), kernel, image], attributes)

    assert made[0, :, :, 0].tolist() == [[1.0] * 4] * 4 + [[0.0] * 4]
