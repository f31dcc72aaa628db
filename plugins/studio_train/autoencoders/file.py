"""Files of autoencoders: one safetensors file, whose metadata say what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from studio.api import ModelError
from studio_train.autoencoders.linear import LinearCoder
from studio_train.autoencoders.model import Autoencoder, Coder, Statistics, list_statistics
from studio_train.autoencoders.network import VaeCoder
from studio_train.autoencoders.pictures import STEP, Shape
from studio_train.facts import KEY, LONGEST
from studio_train.tensor_file import save_tensors


def save_autoencoder(autoencoder: Autoencoder, path: Path) -> None:
    """Write an autoencoder; a process that is killed leaves no half file.

    Raises:
        OSError: If the disk is full or the file cannot be written.
    """
    facts = {
        "version": 1,
        "method": autoencoder.method,
        "rows": autoencoder.shape[0],
        "columns": autoencoder.shape[1],
        "components": len(autoencoder.statistics.center),
    }
    tensors = {**autoencoder.coder.list_tensors(), **list_statistics(autoencoder.statistics)}
    save_tensors(tensors, path, {KEY: json.dumps(facts)})


def load_autoencoder(path: Path) -> Autoencoder:
    """Read an autoencoder.

    Raises:
        ModelError: E699 if the file is damaged, of a later version, or says of itself what is not so.
    """
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()[KEY])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # it is no mapping
        return _make(facts, tensors)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(
            "E699",
            f"{path.name!r} is no whole autoencoder: {error}",
            where=str(path),
            hint="train it again, or copy the file again",
        ) from None


def _make(facts: Any, tensors: dict[str, torch.Tensor]) -> Autoencoder:
    if facts["version"] != 1:
        raise ValueError(f"version {facts['version']!r} is unknown")
    shape, components = _read_shape(facts), int(facts["components"])
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise ValueError("its numbers are NaN or infinite")
    expected = {"codes.center": (components,), "codes.spread": (components, components), "normal.usual": shape}
    for name, sides in expected.items():
        _check(name, tensors[name], sides)
    statistics = Statistics(
        center=tensors["codes.center"],
        spread=tensors["codes.spread"],
        usual=tensors["normal.usual"],
        threshold=float(tensors["normal.threshold"]),
        residue=float(tensors["normal.residue"]),
    )
    if statistics.threshold <= 0:
        raise ValueError("its threshold is not positive")
    return Autoencoder(facts["method"], shape, _make_coder(facts["method"], shape, components, tensors), statistics)


def _read_shape(facts: Any) -> Shape:
    rows, columns = int(facts["rows"]), int(facts["columns"])
    if not all(0 < side <= LONGEST and side % STEP == 0 for side in (rows, columns)):
        raise ValueError(f"{columns} x {rows} pixels are not its size")
    return rows, columns


def _make_coder(method: str, shape: Shape, components: int, tensors: dict[str, torch.Tensor]) -> Coder:
    samples = 3 * shape[0] * shape[1]
    if method == "linear":
        _check("mean", tensors["mean"], (samples,))
        _check("basis", tensors["basis"], (components, samples))
        return LinearCoder(tensors["mean"], tensors["basis"])
    if method != "vae":
        raise ValueError(f"the method {method!r} is unknown")
    _check(
        "network.decoder.0.weight",
        tensors["network.decoder.0.weight"],
        (4 * 24 * shape[0] * shape[1] // 64, components),
    )
    coder = VaeCoder(shape, components)
    named = {name.removeprefix("network."): each for name, each in tensors.items() if name.startswith("network.")}
    coder.load_state_dict(named)
    return coder.eval().requires_grad_(False)


def _check(name: str, tensor: torch.Tensor, shape: tuple[int, ...]) -> None:
    if tuple(tensor.shape) != shape:
        raise ValueError(f"{name} has the shape {tuple(tensor.shape)} instead of {shape}")
