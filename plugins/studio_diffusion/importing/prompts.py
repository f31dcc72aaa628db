"""What ComfyUI's nodes for prompts and conditionings mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_diffusion.importing.values import ClipPart, ControlFile, ControlPart, Entry, LatentPart, Prompt


def get_prompt(importer: Importer, node: ForeignNode, name: str) -> Prompt:
    """Return the conditioning at an input; an absent one is an empty prompt."""
    prompt = importer.get(node, name)
    if prompt is None:
        return Prompt((Entry(""),))
    if not isinstance(prompt, Prompt):
        raise ImportGap(f"a conditioning at {name}")
    return prompt


def get_clip(importer: Importer, node: ForeignNode) -> ClipPart:
    """Return the text encoders at an input."""
    clip = importer.get(node, "clip")
    return clip if isinstance(clip, ClipPart) else ClipPart()


def _encode(*names: str) -> Callable[[Importer, ForeignNode], Any]:
    """Return a rule for a node with several texts, for several encoders; they are taken to be the same text."""

    def convert(importer: Importer, node: ForeignNode) -> Any:
        texts = [importer.get(node, name) for name in names]
        given = [text for text in texts if text not in (None, "")]
        if any(text != given[0] for text in given):
            importer.differ(node, "all text encoders read the same text")
        guidance, syntax = importer.get(node, "guidance"), importer.get(node, "syntax", "comfyui")
        return Prompt((Entry(given[0] if given else ""),), get_clip(importer, node), guidance, syntax=syntax)

    return convert


def _make_empty(importer: Importer, node: ForeignNode) -> Any:
    prompt = get_prompt(importer, node, "conditioning")
    return replace(prompt, entries=(Entry(""),), zero=True)


def _guide(importer: Importer, node: ForeignNode) -> Any:
    return replace(get_prompt(importer, node, "conditioning"), guidance=importer.get(node, "guidance", 3.5))


def _combine(importer: Importer, node: ForeignNode) -> Any:
    first, second = get_prompt(importer, node, "conditioning_1"), get_prompt(importer, node, "conditioning_2")
    return replace(first, entries=first.entries + second.entries)


def _join(importer: Importer, node: ForeignNode) -> Any:
    first, second = get_prompt(importer, node, "conditioning_to"), get_prompt(importer, node, "conditioning_from")
    if not (first.is_plain and second.is_plain and isinstance(first.text, str) and isinstance(second.text, str)):
        raise ImportGap("joined conditionings with areas", "one prompt")
    return replace(first, entries=(Entry(f"{first.text} BREAK {second.text}"),))


def _change_entries(change: Callable[[Importer, ForeignNode, Entry], Entry]) -> Callable[[Importer, ForeignNode], Any]:
    def convert(importer: Importer, node: ForeignNode) -> Any:
        prompt = get_prompt(importer, node, "conditioning")
        return replace(prompt, entries=tuple(change(importer, node, entry) for entry in prompt.entries))

    return convert


def _set_area(importer: Importer, node: ForeignNode, entry: Entry) -> Entry:
    area = tuple(importer.get(node, name, 0) for name in ("x", "y", "width", "height"))
    area = (area[0], area[1], area[2], area[3])
    shares = node.kind == "ConditioningSetAreaPercentage"
    return replace(entry, area=area, shares=shares, strength=importer.get(node, "strength", 1.0))


def _set_strength(importer: Importer, node: ForeignNode, entry: Entry) -> Entry:
    return replace(entry, strength=importer.get(node, "strength", 1.0))


def _set_mask(importer: Importer, node: ForeignNode, entry: Entry) -> Entry:
    if importer.get(node, "set_cond_area", "default") != "default":
        importer.differ(node, "the prompt is drawn on the whole image and counts inside the mask")
    return replace(entry, mask=importer.get(node, "mask"), mask_strength=importer.get(node, "strength", 1.0))


def _set_span(importer: Importer, node: ForeignNode, entry: Entry) -> Entry:
    return replace(entry, span=(importer.get(node, "start", 0.0), importer.get(node, "end", 1.0)))


def _add_control(importer: Importer, node: ForeignNode) -> Any:
    net = importer.get(node, "control_net")
    if not isinstance(net, ControlFile):
        raise ImportGap("a ControlNet at control_net")
    control = ControlPart(
        net.file,
        importer.get(node, "image"),
        importer.get(node, "strength", 1.0),
        importer.get(node, "start_percent", 0.0),
        importer.get(node, "end_percent", 1.0),
        net.kind,
    )
    if "conditioning" in node.inputs:
        return _with_control(get_prompt(importer, node, "conditioning"), control)
    positive, negative = get_prompt(importer, node, "positive"), get_prompt(importer, node, "negative")
    return _with_control(positive, control), _with_control(negative, control)


def _with_control(prompt: Prompt, control: ControlPart) -> Prompt:
    return replace(prompt, controls=(*prompt.controls, control))


def _add_reference(importer: Importer, node: ForeignNode) -> Any:
    prompt, latent = get_prompt(importer, node, "conditioning"), importer.get(node, "latent")
    if not isinstance(latent, LatentPart) or latent.image is None:
        return prompt if latent is None else _refuse("a reference that is not an encoded image")
    return replace(prompt, images=(*prompt.images, latent.image))


def _refuse(what: str) -> Any:
    raise ImportGap(what)


def _pass_prompt(importer: Importer, node: ForeignNode) -> Any:
    prompt = get_prompt(importer, node, "conditioning")
    importer.drop(node, "the model's own pipeline says how references are placed")
    return prompt


def list_images(importer: Importer, node: ForeignNode) -> tuple[Any, ...]:
    """Return the images at the inputs whose names begin with "image", in the order of their numbers."""
    names = sorted((name for name in node.inputs if name.startswith("image")), key=lambda name: (len(name), name))
    return tuple(image for image in (importer.get(node, name) for name in names) if isinstance(image, Made))


def _edit(importer: Importer, node: ForeignNode) -> Any:
    return Prompt(
        (Entry(importer.get(node, "prompt", "")),), get_clip(importer, node), images=list_images(importer, node)
    )


def _edit_both(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that encodes both prompts beside images, and makes the latent of their size."""
    images, clip = list_images(importer, node), get_clip(importer, node)
    positive = Prompt((Entry(importer.get(node, "prompt", "")),), clip, images=images)
    negative = Prompt((Entry(importer.get(node, "negative_prompt", "")),), clip)
    size = {"width": importer.get(node, "width"), "height": importer.get(node, "height")}
    return positive, negative, LatentPart(**size)


def _pass_image(importer: Importer, node: ForeignNode) -> Any:
    importer.drop(node, "the model's own pipeline chooses the size")
    return importer.get(node, "image")


def _encode_video_prompt(importer: Importer, node: ForeignNode) -> Any:
    return Prompt((Entry(importer.get(node, "prompt", "")),), get_clip(importer, node))


_CONTROL = ("strength", "start_percent", "end_percent")
_AREA = ("width", "height", "x", "y", "strength")

PROMPT_RULES: dict[str, ImportRule] = {
    "CLIPTextEncode": ImportRule(_encode("text"), ("text",)),
    "CLIPTextEncodeFlux": ImportRule(_encode("t5xxl", "clip_l"), ("clip_l", "t5xxl", "guidance")),
    "CLIPTextEncodeSDXL": ImportRule(
        _encode("text_g", "text_l"),
        ("width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"),
    ),
    "CLIPTextEncodeSDXLRefiner": ImportRule(_encode("text"), ("ascore", "width", "height", "text")),
    "CLIPTextEncodeSD3": ImportRule(
        _encode("t5xxl", "clip_g", "clip_l"), ("clip_l", "clip_g", "t5xxl", "empty_padding")
    ),
    "CLIPTextEncodeHunyuanDiT": ImportRule(_encode("mt5xl", "bert"), ("bert", "mt5xl")),
    "CLIPTextEncodeHiDream": ImportRule(
        _encode("llama", "t5xxl", "clip_g", "clip_l"), ("clip_l", "clip_g", "t5xxl", "llama")
    ),
    "CLIPTextEncodeLumina2": ImportRule(_encode("user_prompt"), ("system_prompt", "user_prompt")),
    "ConditioningZeroOut": ImportRule(_make_empty),
    "FluxGuidance": ImportRule(_guide, ("guidance",)),
    "ConditioningCombine": ImportRule(_combine),
    "ConditioningConcat": ImportRule(_join),
    "ConditioningSetArea": ImportRule(_change_entries(_set_area), _AREA),
    "ConditioningSetAreaPercentage": ImportRule(_change_entries(_set_area), _AREA),
    "ConditioningSetAreaStrength": ImportRule(_change_entries(_set_strength), ("strength",)),
    "ConditioningSetMask": ImportRule(_change_entries(_set_mask), ("strength", "set_cond_area")),
    "ConditioningSetTimestepRange": ImportRule(_change_entries(_set_span), ("start", "end")),
    "ControlNetApply": ImportRule(_add_control, ("strength",)),
    "ControlNetApplyAdvanced": ImportRule(_add_control, _CONTROL),
    "ControlNetApplySD3": ImportRule(_add_control, _CONTROL),
    "ReferenceLatent": ImportRule(_add_reference),
    "FluxKontextMultiReferenceLatentMethod": ImportRule(_pass_prompt, ("reference_latents_method",)),
    "FluxKontextImageScale": ImportRule(_pass_image),
    "TextEncodeQwenImageEdit": ImportRule(_edit, ("prompt",)),
    "TextEncodeQwenImageEditPlus": ImportRule(_edit, ("prompt",)),
    "TextEncodeQwenImage21": ImportRule(_edit_both, ("prompt", "negative_prompt", "resolution")),
    "TextEncodeHunyuanVideo_ImageToVideo": ImportRule(_encode_video_prompt, ("prompt", "image_interleave")),
}
"""What nodes of ComfyUI mean, by class."""
