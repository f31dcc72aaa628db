"""Files of weights: our own, which say what they are, and those that spandrel recognizes by their tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import ModelError

if TYPE_CHECKING:
    from studio_upscale.upscaler import CompactUpscaler

KEY = "studio_upscale"
"""The key of the metadata of our own files: JSON with `fast` and `networks`.

A network has prefix, width, blocks, scales, coded and, unless it is 1, planes.
"""


def read_header(path: Path) -> dict[str, Any]:
    """Return the header of a safetensors file; {} if there is none."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 2 <= size <= 100_000_000:
                return {}
            header = json.loads(file.read(size))
    except (OSError, ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def read_facts(header: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what one of our own files says of itself; None for any other file."""
    metadata = header.get("__metadata__")
    text = metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        return None
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def find_architecture(header: Mapping[str, Any]) -> Any:
    """Return the architecture of spandrel that these tensors are of, judged by names and shapes; None if none is."""
    from studio_upscale.spandrel_import import import_spandrel, is_installed

    shapes = _read_shapes(header)
    if not is_installed() or not shapes:
        return None
    import torch

    spandrel = import_spandrel()
    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    tensors = spandrel.canonicalize_state_dict(tensors)
    for support in spandrel.MAIN_REGISTRY.architectures("detection"):
        try:
            if support.detect(tensors):
                return support.architecture
        except (KeyError, IndexError, AttributeError, RuntimeError, TypeError, ValueError, AssertionError):
            continue  # it asked for a tensor that is not there, or for the numbers in it
    return None


def _read_shapes(header: Mapping[str, Any]) -> dict[str, list[int]]:
    """Return the shape of every tensor; {} if one of them has none."""
    entries = {name: entry for name, entry in header.items() if name != "__metadata__" and isinstance(entry, dict)}
    shapes = {name: entry["shape"] for name, entry in entries.items() if isinstance(entry.get("shape"), list)}
    return shapes if len(shapes) == len(entries) else {}


def load_tensors(path: Path) -> dict[str, Any]:
    """Load all tensors of a file.

    Raises:
        ModelError: E690 if it cannot be read, E691 if there is NaN or infinity in it.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Any] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise refuse(path, str(error)) from None
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.float().isfinite().all():  # float8 has no isfinite
            raise ModelError(
                "E691",
                f"tensor {name!r} of {path.name!r} contains NaN or infinity",
                where=str(path),
                hint="the weights are damaged, or their training failed; take others",
            )
    return tensors


def refuse(path: Path, reason: str, architecture: str = "") -> ModelError:
    """Make the error that says why weights cannot be loaded."""
    line = next((line.strip() for line in reason.splitlines()[::-1] if line.strip()), "no reason given")
    kind = f" as {architecture}" if architecture else ""
    return ModelError(
        "E690",
        f"{path.name!r} cannot be loaded{kind}: {line[:300]}",
        where=str(path),
        hint="the weights are of another architecture or incomplete; get them again",
    )


def load_compact(path: Path, facts: Mapping[str, Any], device: str, dtype: Any) -> CompactUpscaler:
    """Load one of our own files.

    Raises:
        ModelError: E690 if tensors and description do not belong together, E691 for NaN.
    """
    import torch

    from studio_upscale.gauge import Gauge
    from studio_upscale.networks.compact import Compact, store_channels_last
    from studio_upscale.upscaler import CompactUpscaler

    tensors = load_tensors(path)
    networks: dict[int, Compact] = {}
    gauge: Gauge | None = None
    try:
        for each in facts["networks"]:
            _check_description(each)
            with torch.device("meta"):
                network = Compact(each["width"], each["blocks"], each["scales"], each["coded"], each.get("planes", 1))
            prefix = str(each["prefix"])
            own = {n.removeprefix(prefix): t.float() for n, t in tensors.items() if n.startswith(prefix)}
            if network.coded and gauge is None:
                gauge = Gauge.load({n: t.float().numpy() for n, t in tensors.items() if n.startswith("gauge.")})
            network.load_state_dict(own, assign=True)
            network = network.requires_grad_(False).eval().to(device, dtype)
            store_channels_last(network)
            networks |= dict.fromkeys(network.scales, network)
    except KeyError as error:
        raise refuse(path, f"{error.args[0]!r} is missing", "a compact network") from None
    except (TypeError, ValueError, RuntimeError) as error:
        raise refuse(path, str(error), "a compact network") from None
    if not networks:
        raise refuse(path, "it describes no network", "a compact network")
    return CompactUpscaler(networks, gauge, fast=bool(facts.get("fast")), device=device)


def _check_description(each: Mapping[str, Any]) -> None:
    """Raise ValueError for an invalid description, before memory is taken for it; KeyError if something is missing."""
    from studio_upscale.codes import CODES

    scales = each["scales"]
    ranges = [(each["width"], 1, 1024), (each["blocks"], 1, 64), (each["coded"], 0, CODES), (len(scales), 1, 16)]
    if each.get("planes", 1) not in (1, 3):
        raise ValueError(f"invalid number of planes in the description of a network: {each['planes']!r}")
    ranges += [(scale, 1, 16) for scale in scales[:16]]
    if not all(isinstance(number, int) and least <= number <= most for number, least, most in ranges):
        raise ValueError(f"invalid description of a network: {each}")
