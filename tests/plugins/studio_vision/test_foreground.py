"""What stands in front, by an ONNX network: what the network is shown, and what becomes of its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.api import Image, Model, ModelError, ModelOpener, hookimpl
from studio.testing import TestContext, check_node_type
from studio_onnx.opener import OnnxOpener
from studio_vision.nodes.cutting import find_foreground
from tests.onnx_files import write_end, write_model, write_node


@dataclass
class GreenNetwork:
    """Takes 8 x 8 pixels, and returns the green channel that it is shown, times a factor."""

    factor: float = 1.0
    inputs: Any = (SimpleNamespace(name="x", shape=(1, 3, 8, 8)),)
    outputs: Any = (SimpleNamespace(name="y"), SimpleNamespace(name="side"))
    shown: list[np.ndarray] = field(default_factory=list)

    def run(self, inputs: Any, outputs: Any = None) -> Any:
        assert outputs == ["y"]
        self.shown.append(inputs["x"])
        return {"y": inputs["x"][:, 1:2] * self.factor}

    def close(self) -> None:
        """Nothing to release."""


def make_image() -> Image:
    """Return 16 x 8 pixels: the left half is green 0.8, the right half red; blue is 0.2."""
    pixels = np.full((8, 16, 3), (0.0, 0.8, 0.2), np.float32)
    pixels[:, 8:] = (0.8, 0.0, 0.2)
    return Image(pixels)


def cut(network: GreenNetwork, image: Image, **inputs: Any) -> Any:
    ctx = TestContext(models={"file:net.onnx": network})
    return find_foreground(ctx, image, Model("file:net.onnx"), **inputs)


def test_the_mask_of_the_network_becomes_alpha() -> None:
    network, image = GreenNetwork(), make_image()

    found = cut(network, image, normalization="half")

    assert network.shown[0].shape == (1, 3, 8, 8)
    assert network.shown[0][0, :, 4, 1] == pytest.approx([-0.5, 0.5, 0.25 - 0.5], abs=0.03)  # over the brightest sample
    assert found.mask.pixels[:, :4].min() > 0.95
    assert found.mask.pixels[:, 10:].max() < 0.05
    np.testing.assert_allclose(found.image.pixels[..., :3], image.pixels, atol=1e-6)
    np.testing.assert_allclose(found.image.pixels[..., 3], found.mask.pixels)


def test_the_numbers_of_imagenet_are_taken_off() -> None:
    network = GreenNetwork()

    cut(network, make_image())

    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    assert network.shown[0][0, :, 4, 1] == pytest.approx((np.array([0, 1, 0.25]) - mean) / deviation, abs=0.1)


def test_logits_become_shares() -> None:
    found = cut(GreenNetwork(factor=20.0), make_image(), normalization="half").mask.pixels

    assert found.min() >= 0
    assert found[:, :4].min() > 0.95 > 0.05 > found[:, 10:].max()


def test_another_network_is_refused() -> None:
    network = GreenNetwork(inputs=(SimpleNamespace(name="x", shape=(1, 80)),))

    with pytest.raises(ModelError, match="one image of three channels") as caught:
        cut(network, make_image())

    assert caught.value.code == "E635"


def test_nan_is_told() -> None:
    with pytest.raises(ModelError, match="NaN") as caught:
        cut(GreenNetwork(factor=float("nan")), make_image())

    assert caught.value.code == "E636"


def test_the_node_type_keeps_its_promises_with_an_onnx_file(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra studio[onnx]")
    ends = [write_end(name, "float32", (1, 3, 8, 8)) for name in ("x", "y")]
    (tmp_path / "net.onnx").write_bytes(write_model([write_node("Sigmoid", ["x"], ["y"])], ends[:1], ends[1:]))

    class Plugin:
        """The opener of ONNX models beside the node type."""

        @hookimpl
        def studio_model_openers(self) -> list[ModelOpener]:
            return [OnnxOpener()]

        @hookimpl
        def studio_node_types(self) -> list[Any]:
            return [find_foreground]

    model = Model(f"file:{tmp_path / 'net.onnx'}")
    check_node_type(find_foreground, plugin=Plugin(), example_graph=False, image=make_image(), model=model)


def test_a_network_of_unknown_axes_is_refused() -> None:
    network = GreenNetwork(inputs=(SimpleNamespace(name="x", shape=None),))

    with pytest.raises(ModelError, match="one image of three channels") as caught:
        cut(network, make_image())

    assert caught.value.code == "E635"


@pytest.mark.filterwarnings("error")
def test_large_logits_do_not_overflow() -> None:
    found = cut(GreenNetwork(factor=4000.0), make_image()).mask.pixels

    assert found[:, :4].min() > 0.95 > 0.05 > found[:, 10:].max()
