"""Tiny networks with random weights, written as their owners would."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from studio_upscale.gauge import FEATURES, SCALES
from studio_upscale.networks.compact import Compact
from studio_upscale.spandrel_import import import_spandrel
from studio_upscale.weights_file import KEY

_WINDOWS = {"img_size": 8, "embed_dim": 12, "depths": [2, 2], "num_heads": [2, 2], "window_size": 4}
ARCHITECTURES: Mapping[str, tuple[str, int, dict[str, Any]]] = {
    "ESRGAN": ("ESRGAN", 4, {"num_filters": 8, "num_blocks": 1, "scale": 4}),
    "Compact": ("Compact", 2, {"num_feat": 8, "num_conv": 2, "upscale": 2}),
    "SPAN": ("SPAN", 2, {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 8, "upscale": 2}),
    "SwinIR": ("SwinIR", 2, {**_WINDOWS, "upscale": 2, "upsampler": "pixelshuffle"}),
    "Swin2SR": ("Swin2SR", 2, {**_WINDOWS, "upscale": 2, "upsampler": "pixelshuffle"}),
    "HAT": ("HAT", 2, {**_WINDOWS, "img_size": 16, "compress_ratio": 3, "squeeze_factor": 4, "upscale": 2}),
    "DAT": ("DAT", 2, {"img_size": 8, "embed_dim": 64, "depth": [2], "num_heads": [2], "split_size": [4, 4]}),
    "RCAN": ("RCAN", 2, {"scale": 2, "n_resgroups": 1, "n_resblocks": 1, "n_feats": 16}),
    "PLKSR": ("PLKSR", 2, {"dim": 16, "n_blocks": 1, "upscaling_factor": 2}),
    "SAFMN": ("SAFMN", 4, {"dim": 12, "n_blocks": 1, "upscaling_factor": 4}),
    "RealCUGAN": ("UpCunet2x", 2, {}),
    "SCUNet": ("SCUNet", 1, {"config": [1] * 7, "dim": 64}),
    "DnCNN": ("DnCNN", 1, {"nc": 8, "nb": 4}),
}
"""Architectures of spandrel: the class, its scale, and a small size."""


def write_spandrel(path: Path, name: str, spoil: Callable[[dict[str, Any]], Any] | None = None) -> Path:
    """Write the weights of a tiny network of an architecture, changed by `spoil` if given."""
    import_spandrel()
    kind, _, size = ARCHITECTURES[name]
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        network = getattr(importlib.import_module(f"spandrel.architectures.{name}"), kind)(**size)
    tensors = {key: tensor.clone().contiguous() for key, tensor in network.state_dict().items()}
    if spoil is not None:
        spoil(tensors)
    save_file(tensors, path)
    return path


def _make_gauge() -> dict[str, Any]:
    """Return a gauge whose guess is `cubic` rather than `antialiased` by how far the first feature is over zero."""
    first, last = torch.zeros(1, 2, FEATURES + len(SCALES) + 1), torch.zeros(1, 3, 3)
    first[0, :, 0] = last[0, 2, :2] = torch.tensor([1.0, -1.0])
    plain = {"mean": torch.zeros(FEATURES), "deviation": torch.ones(FEATURES), "temperature": torch.ones(1)}
    tensors = {**plain, "first": first, "second": torch.eye(2, 3)[None].clone(), "last": last}
    return {f"gauge.{name}": tensor for name, tensor in tensors.items()}


def write_compact(
    path: Path,
    *,
    scales: tuple[int, ...] = (2, 3, 4),
    fast: bool = False,
    coded: bool = False,
    spoil: Callable[[dict[str, Any]], Any] | None = None,
) -> Path:
    """Write a tiny network of our own with random weights; `coded`, with a gauge that goes by the first feature."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = Compact(8, 1, scales, coded)
    tensors = {f"net.{key}": tensor.half().contiguous() for key, tensor in network.state_dict().items()}
    if coded:
        tensors |= _make_gauge()
    if spoil is not None:
        spoil(tensors)
    described = {"prefix": "net.", "width": 8, "blocks": 1, "scales": scales, "coded": coded}
    save_file(tensors, path, metadata={KEY: json.dumps({"networks": [described], "fast": fast})})
    return path
