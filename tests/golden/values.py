"""Values whose digests and stored bytes may never change: each is built the same way by every release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Audio, Conditioning, File, Image, Input, Latent, Mask, Model, NodeType, OutputPath, TypeSpec


def make_values() -> dict[str, Any]:
    """Return the values by name."""
    ramp = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
    deep = np.arange(24, dtype=np.uint16).reshape(2, 4, 3) * 2600
    floats = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 4, 3)
    wave = np.sin(np.arange(64, dtype=np.float32) / 4).astype(np.float32) / 2
    return {
        "text": "Kunming Lake, é, 湖",
        "empty text": "",
        "int": 1,
        "negative int": -7,
        "large int": 2**70,
        "float": 1.0,
        "negative zero": -0.0,
        "not a number": float("nan"),
        "true": True,
        "false": False,
        "none": None,
        "list of ints": [1, 2, 3],
        "empty list": [],
        "nested": {"b": [1, {"a": None}], "a": "x", "c": 0.5},
        "list of texts": ["ab", "c"],
        "gray image": Image(ramp[..., :1]),
        "color image": Image(ramp),
        "image with alpha": Image(np.dstack([ramp, np.full((2, 4), 128, np.uint8)])),
        "deep image": Image(deep),
        "float image": Image(floats),
        "list of images": [Image(ramp), Image(ramp[:, ::-1])],
        "mask": Mask(floats[..., 0]),
        "mono": Audio(wave[:, None], 8000),
        "stereo": Audio(np.stack([wave, -wave], axis=1), 44_100),
        "latent": Latent(floats.transpose(2, 0, 1), "golden", 32, 16),
        "conditioning": Conditioning({"prompt_embeds": floats[0], "ids": np.arange(4)}, "golden", {"prompt": "a fox"}),
        "model": Model("builtin:golden"),
        "model with options": Model.from_json({"model": "builtin:golden", "options": {"dtype": "float16"}}),
        "file": File(Path("/golden.png"), "ab" * 32, 5),
        "output path": OutputPath(Path("/out/a/b.png"), "a/b.png"),
    }


def make_node_types() -> dict[str, NodeType]:
    """Return node types whose fingerprints may never change, by name."""

    def double(ctx: object, a: int, b: int = 1) -> int:
        return 2 * a * b

    number = TypeSpec("int")
    inputs = {"a": Input("a", number, True), "b": Input("b", number, False, 1)}
    plain = {
        "id": "golden.double",
        "version": "1.2",
        "code": 3,
        "function": double,
        "inputs": inputs,
        "outputs": {},
        "summary": "Double.",
        "distribution": "studio-golden",
        "distribution_version": "1.0",
    }
    return {"depends on the device": NodeType(**plain), "device free": NodeType(**plain, device_free=True)}


GRAPH = {
    "studio": 1,
    "inputs": {"width": {"type": "int", "default": 24}, "pitch": {"type": "float", "default": 440.0}},
    "nodes": {
        "paper": {
            "type": "image.gradient",
            "inputs": {"width": {"from": "inputs.width"}, "height": 16, "colors": ["navy", "orange"]},
        },
        "tone": {"type": "audio.tone", "inputs": {"frequency": {"from": "inputs.pitch"}, "seconds": 0.1, "rate": 8000}},
    },
    "outputs": {"picture": {"from": "paper"}, "sound": {"from": "tone"}},
}
