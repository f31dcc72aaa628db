"""Networks of ncnn become tensors that spandrel knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from studio.api import ModelError
from studio_upscale.ncnn_conversion import convert_ncnn

HALF = (0x01306B47).to_bytes(4, "little")
COMPACT = """7767517
5 5
Input data 0 1 data
Convolution c0 1 1 data a 0=3 1=3 4=1 5=1 6=81
PReLU p1 1 1 a b 0=3
Convolution c2 1 1 b c 0=3 1=1 5=1 6=9
PixelShuffle s 1 1 c d 0=1
"""


def write(folder: Path, param: str, weights: bytes) -> dict[str, Path]:
    (folder / "n.param").write_text(param, encoding="utf-8")
    (folder / "n.bin").write_bytes(weights)
    return {"n.param": folder / "n.param", "n.bin": folder / "n.bin"}


def pack_half(numbers: np.ndarray) -> bytes:
    data = HALF + numbers.astype("<f2").tobytes()
    return data + b"\0" * (-len(data) % 4)


def test_a_compact_network_of_ncnn_becomes_numbered_layers(tmp_path: Path) -> None:
    first, slopes, last = np.arange(81) / 64, np.float32([0.1, 0.2, 0.3]), np.arange(9) / 8
    weights = pack_half(first) + np.zeros(3, "<f4").tobytes() + slopes.tobytes() + bytes(4)
    weights += last.astype("<f4").tobytes() + np.ones(3, "<f4").tobytes()

    convert_ncnn(write(tmp_path, COMPACT, weights), tmp_path)

    found = load_file(tmp_path / "model.safetensors")
    assert np.array_equal(found["body.0.weight"], first.reshape(3, 3, 3, 3))
    assert np.array_equal(found["body.1.weight"], slopes)
    assert np.array_equal(found["body.2.weight"], last.reshape(3, 3, 1, 1))
    assert np.array_equal(found["body.2.bias"], np.ones(3))


def test_a_fused_convolution_of_span_is_unfused_exactly(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    weight, bias = random.random((4, 3, 3, 3), np.float32), random.random(4, np.float32)
    param = "7767517\n2 2\nInput data 0 1 data\nConvolution /conv_1/eval_conv/Conv 1 1 data a 0=4 1=3 4=1 5=1 6=108\n"
    convert_ncnn(write(tmp_path, param, bytes(4) + weight.tobytes() + bias.tobytes()), tmp_path)
    t = {name: torch.from_numpy(one) for name, one in load_file(tmp_path / "model.safetensors").items()}
    image = torch.from_numpy(random.random((1, 3, 9, 9), np.float32))

    conv = torch.nn.functional.conv2d
    inside = conv(torch.nn.functional.pad(image, (1, 1, 1, 1)), t["conv_1.conv.0.weight"], t["conv_1.conv.0.bias"])
    inside = conv(inside, t["conv_1.conv.1.weight"], t["conv_1.conv.1.bias"])
    branch = conv(image, t["conv_1.sk.weight"], t["conv_1.sk.bias"])
    found = conv(inside, t["conv_1.conv.2.weight"], t["conv_1.conv.2.bias"]) + branch

    assert torch.allclose(found, conv(image, torch.from_numpy(weight), torch.from_numpy(bias), padding=1), atol=1e-6)


@pytest.mark.parametrize(
    ("param", "weights", "reason"),
    [
        (COMPACT, b"", "it is cut off"),
        (COMPACT, b"\x01\0\0\0" + bytes(500), "unsupported weights 0x1"),
        (COMPACT.replace("PixelShuffle", "Python"), bytes(500), "unknown layer Python"),
        (COMPACT.replace("6=81", "6=80"), bytes(400), "invalid shape"),
        ("no\n", b"", "is not a network of ncnn"),
        (COMPACT, bytes(4 + 324 + 12 + 12 + 4 + 36 + 12 + 8), "8 bytes do not belong to a layer"),
    ],
)
def test_a_damaged_network_is_refused(tmp_path: Path, param: str, weights: bytes, reason: str) -> None:
    with pytest.raises(ModelError) as caught:
        convert_ncnn(write(tmp_path, param, weights), tmp_path)

    assert caught.value.code == "E690"
    assert reason in caught.value.message
