"""Networks that wait in memory and move to the device while they work: whole, by blocks, or by layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import ModelError, suggest

AUTO = "auto"
NONE = "none"
OFFLOADS: Mapping[str, str] = {
    "model": "each network is on the device while it works",
    "group": "the denoiser is on the device block by block, other networks layer by layer",
    "stream": "as group, and the next block moves while one works",
    "sequential": "all networks are on the device layer by layer",
}
"""How networks can wait in memory, and what is on the device then."""

BY_PARTS = frozenset({"group", "stream", "sequential"})


def find_offload(options: Mapping[str, Any]) -> str:
    """Return how networks wait in memory, a name of `OFFLOADS`; "" if they stay on the device.

    Raises:
        ModelError: E619 for another name, or 4-bit weights, whose scales do not follow single layers.
    """
    chosen = str(options.get("offload", NONE))
    if chosen in (NONE, AUTO):
        return ""
    if chosen not in OFFLOADS:
        names = [NONE, *OFFLOADS, AUTO]
        raise ModelError(
            "E619", f"unknown offload {chosen!r}", hint=suggest(chosen, names, "there are " + ", ".join(names))
        )
    if chosen in BY_PARTS and options.get("quantization") == "nf4":
        raise ModelError(
            "E619", f"nf4 weights do not move by parts, as offload {chosen!r} needs", hint='take "model", or "int8"'
        )
    return chosen


def apply_offload(pipeline: Any, chosen: str, device: str) -> None:
    """Let the networks of a pipeline, which are in memory, move to a device while they work.

    On the CPU there is no other place: the layers are called as on a device, and nothing moves.
    """
    if chosen == "model":
        if device == "cpu":
            pipeline.to(device)
        else:
            pipeline.enable_model_cpu_offload(device=device)
    else:
        _move_groups(pipeline, device, chosen)


def _move_groups(pipeline: Any, device: str, chosen: str) -> None:
    import torch
    from diffusers.hooks.group_offloading import apply_group_offloading

    from studio_diffusion.denoisers import find_denoisers

    denoisers = {id(each) for each in find_denoisers(pipeline).values()}
    for name, network in pipeline.components.items():
        if not isinstance(network, torch.nn.Module):
            continue
        if is_decoder(name) and chosen != "sequential":  # it is small
            network.to(device)
            continue
        by_block = chosen != "sequential" and id(network) in denoisers and _has_blocks(network)
        kind: dict[str, Any] = (
            {"offload_type": "block_level", "num_blocks_per_group": 1} if by_block else {"offload_type": "leaf_level"}
        )
        stream = chosen == "stream" and device.startswith("cuda")
        apply_group_offloading(network, torch.device(device), use_stream=stream, **kind)


def _has_blocks(network: Any) -> bool:
    import torch

    return any(isinstance(child, torch.nn.ModuleList) for child in network.children())


def is_decoder(name: str) -> bool:
    """Say whether a network of this name turns latents into images: it stays on the device where others move."""
    return name in ("vae", "movq", "vqgan")
