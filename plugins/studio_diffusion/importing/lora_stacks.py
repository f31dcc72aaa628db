"""What nodes of packages for ComfyUI mean that load several LoRAs at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule
from studio_diffusion.importing.loaders import get_model
from studio_diffusion.importing.values import ModelPart

_MOST_LORAS = 50
_CR_SLOTS, _RGTHREE_SLOTS, _POWER_SLOTS = range(1, 4), range(1, 5), range(12)
_NONE = (None, "", "None")


@dataclass(frozen=True)
class LoraStack:
    """LoRAs by name, with their strengths for the denoiser and for the text encoders."""

    loras: tuple[tuple[str, Any, Any], ...] = ()


def add_stack(importer: Importer, node: ForeignNode, model: ModelPart, stack: Any) -> ModelPart:
    """Return a model with the LoRAs of a stack.

    Raises:
        ImportGap: Something else stands there.
    """
    if stack is None:
        return model
    if not isinstance(stack, LoraStack):
        raise ImportGap("a stack of LoRAs")
    found = []
    for name, scale, other in stack.loras:
        if other not in (None, scale):
            importer.differ(node, f"the text encoder gets the strength {scale} too, instead of {other}")
        found.append((importer.find_model(node, "loras", name), scale))
    return replace(model, loras=(*model.loras, *found))


def _read_earlier(importer: Importer, node: ForeignNode) -> tuple[tuple[str, Any, Any], ...]:
    stack = importer.get(node, "lora_stack")
    return stack.loras if isinstance(stack, LoraStack) else ()


def _stack_by_count(importer: Importer, node: ForeignNode) -> Any:
    """Convert the stacker of the package "efficiency nodes": its own LoRAs, then those of an earlier stack."""
    simple, found = importer.get(node, "input_mode", "simple") == "simple", []
    for at in range(1, min(_MOST_LORAS, int(importer.get(node, "lora_count", 3))) + 1):
        name, scale = importer.get(node, f"lora_name_{at}"), importer.get(node, f"lora_wt_{at}", 1.0)
        if name in _NONE:
            continue
        other = scale if simple else importer.get(node, f"clip_str_{at}", 1.0)
        found.append((str(name), scale if simple else importer.get(node, f"model_str_{at}", 1.0), other))
    return LoraStack((*found, *_read_earlier(importer, node)))


def _stack_by_switch(importer: Importer, node: ForeignNode) -> Any:
    """Convert the stacker of the package "Comfyroll": those of an earlier stack, then its own that are on."""
    found = []
    for at in _CR_SLOTS:
        name = importer.get(node, f"lora_name_{at}")
        if name not in _NONE and importer.get(node, f"switch_{at}", "Off") == "On":
            scales = (importer.get(node, f"{part}_weight_{at}", 1.0) for part in ("model", "clip"))
            found.append((str(name), *scales))
    return LoraStack((*_read_earlier(importer, node), *found)), ""


def _apply_stack(importer: Importer, node: ForeignNode) -> Any:
    return add_stack(importer, node, get_model(importer, node), importer.get(node, "lora_stack")), importer.get(
        node, "clip"
    )


def _load_four(importer: Importer, node: ForeignNode) -> Any:
    found = []
    for at in _RGTHREE_SLOTS:
        name, scale = importer.get(node, f"lora_0{at}"), importer.get(node, f"strength_0{at}", 1.0)
        if name not in _NONE and scale != 0:
            found.append((str(name), scale, scale))
    return add_stack(importer, node, get_model(importer, node), LoraStack(tuple(found))), importer.get(node, "clip")


def _load_listed(importer: Importer, node: ForeignNode) -> Any:
    """Convert the loader of the package "rgthree" whose inputs are mappings with a name, a strength and a switch."""
    found, clip = [], importer.get(node, "clip")
    for name, given in node.inputs.items():
        if not name.upper().startswith("LORA_") or not isinstance(given, dict) or "lora" not in given:
            continue
        scale, other = given.get("strength", 1.0), given.get("strengthTwo")
        other = scale if other is None or clip is None else other
        if given.get("on") and given["lora"] not in _NONE and (scale or other):
            found.append((str(given["lora"]), scale, other))
    return add_stack(importer, node, get_model(importer, node), LoraStack(tuple(found))), clip


def _name_slots(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{at}" for at in range(1, _MOST_LORAS) for name in names)


STACK_RULES: dict[str, ImportRule] = {
    "LoRA Stacker": ImportRule(
        _stack_by_count, ("input_mode", "lora_count", *_name_slots("lora_name", "lora_wt", "model_str", "clip_str"))
    ),
    "CR LoRA Stack": ImportRule(
        _stack_by_switch,
        tuple(f"{name}_{at}" for at in _CR_SLOTS for name in ("switch", "lora_name", "model_weight", "clip_weight")),
    ),
    "CR Apply LoRA Stack": ImportRule(_apply_stack),
    "Lora Loader Stack (rgthree)": ImportRule(
        _load_four, tuple(f"{name}_0{at}" for at in _RGTHREE_SLOTS for name in ("lora", "strength"))
    ),
    "Power Lora Loader (rgthree)": ImportRule(_load_listed, tuple(f"lora_{at}" for at in _POWER_SLOTS)),
}
"""What nodes mean, by class."""
