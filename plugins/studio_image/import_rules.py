"""What ComfyUI's nodes for images and masks mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_image.import_essentials import ESSENTIAL_RULES
from studio_image.import_packages import PACKAGE_RULES
from studio_image.import_sizes import SIZE_RULES, make_image

_ALL_FRAMES = 4096
_CHANNELS = ("red", "green", "blue", "alpha")


def _load_image(importer: Importer, node: ForeignNode) -> Any:
    name = importer.get(node, "image", "")
    name = name.removesuffix(" [input]").removesuffix(" [output]") if isinstance(name, str) else ""
    path = importer.find_media(name) if name else None
    default = {"file": path} if path else None
    edge = importer.take(node, "image", "image", default, f"Image; {name} in ComfyUI" if name else "")
    image = Made({"from": edge}, "image")
    if not any(_is_slot(user, key, node, 1) for user, key in importer.list_users(node)):
        return image, None
    mask = importer.add(node, "image.mask_from_alpha", {"image": image, "invert": True}, name="mask")
    return image, Made({"from": mask}, "mask")


def _is_slot(user: ForeignNode, key: str, node: ForeignNode, slot: int) -> bool:
    link = user.inputs[key]
    return bool(link.node == node.id and link.slot == slot)


def _load_mask(importer: Importer, node: ForeignNode) -> Any:
    name = importer.get(node, "image", "")
    path = importer.find_media(name) if isinstance(name, str) and name else None
    edge = importer.take(node, "mask", "image", {"file": path} if path else None, f"Image of a mask; {name} in ComfyUI")
    return _make_mask(importer, node, {"from": edge}, importer.get(node, "channel", "alpha"))


def _make_mask(importer: Importer, node: ForeignNode, image: Any, channel: str) -> Made:
    if channel not in _CHANNELS:
        raise ImportGap(f"channel {channel!r}", f"one of {', '.join(_CHANNELS)}")
    if channel == "alpha":
        edge = importer.add(node, "image.mask_from_alpha", {"image": image, "invert": True}, name="mask")
    else:
        split = importer.add(node, "image.split_channels", {"image": image}, name="channels", output=channel)
        edge = importer.add(node, "image.mask_from_luma", {"image": {"from": split}}, name="mask")
    return Made({"from": edge}, "mask")


def _mask_image(importer: Importer, node: ForeignNode) -> Any:
    return _make_mask(importer, node, importer.get(node, "image"), importer.get(node, "channel", "red"))


def _pass_images(importer: Importer, node: ForeignNode) -> Any:
    return importer.get(node, "images")


def make_simple(type: str, kind: str, **names: str) -> Callable[[Importer, ForeignNode], Any]:
    """Return a rule for a node that has one counterpart whose inputs have other names."""

    def convert(importer: Importer, node: ForeignNode) -> Any:
        inputs = {ours: importer.get(node, theirs) for ours, theirs in names.items()}
        many = any(isinstance(value, Made) and value.many for value in inputs.values())
        return Made({"from": importer.add(node, type, inputs)}, kind, many)

    return convert


def _collect(importer: Importer, node: ForeignNode) -> Any:
    parts = [importer.get(node, name) for name in node.inputs]
    images = [one for one in parts if isinstance(one, Made)]
    if not images:
        raise ImportGap("images")
    if any(one.kind == "video" for one in images):
        return _concatenate_videos(importer, node, images)
    if any(one.many for one in images):
        lists = [one.value if one.many else [one.value] for one in images]
        while len(lists) > 1:
            named = dict(zip(("first", "second", "third"), lists[:3], strict=False))
            lists = [{"from": importer.add(node, "logic.concatenate", named)}, *lists[3:]]
        return Made(lists[0], "image", many=True)
    return images[0] if len(images) == 1 else Made([one.value for one in images], "image", many=True)


def _concatenate_videos(importer: Importer, node: ForeignNode, videos: list[Made]) -> Made:
    """Add a node that shows videos one after the other, as a batch of all their frames does."""
    if any(one.kind != "video" for one in videos):
        raise ImportGap("images and videos in one batch", "video.from_frames, then video.concatenate")
    if len(videos) == 1:
        return videos[0]
    edge = importer.add(node, "video.concatenate", {"videos": [one.value for one in videos]})
    return Made({"from": edge}, "video", many=True)


def _take_from_batch(importer: Importer, node: ForeignNode) -> Any:
    images = importer.get(node, "image")
    start = importer.get(node, "batch_index", importer.get(node, "start", 0))
    length = importer.get(node, "length", 1)
    if isinstance(images, Made) and images.kind == "video":
        return _take_frame(importer, node, images, start, length)
    if isinstance(images, Made) and not images.many:
        return images
    if length == 1:
        return Made({"from": importer.add(node, "logic.item", {"items": images, "index": start})}, "image")
    ends = isinstance(start, int) and isinstance(length, int) and 0 < length < _ALL_FRAMES
    inputs = {"items": images, "start": start, "stop": start + length if ends else None}
    return Made({"from": importer.add(node, "logic.slice", inputs)}, "image", many=True)


def _take_frame(importer: Importer, node: ForeignNode, video: Made, start: Any, length: Any) -> Any:
    if not isinstance(start, int) or not isinstance(length, int) or start < -1:
        raise ImportGap("frames by number out of a video", "video.frames, by time")
    if length != 1:
        return _take_frames(importer, node, video, max(0, start), length)
    if start > 0:
        times = [{"from": _find_time(importer, node, video, start, "time")}]
        frames = importer.add(node, "video.frames", {"video": video, "at_seconds": times})
    else:
        frames = importer.add(node, "video.frames", {"video": video, "count": 1 if start == 0 else 2})
    index = 0 if start > 0 else start
    item = importer.add(node, "logic.item", {"items": {"from": frames}, "index": index}, name="frame")
    return Made({"from": item}, "image")


def _take_frames(importer: Importer, node: ForeignNode, video: Made, start: int, length: int) -> Made:
    """Cut frames out of a video; the largest length that a node may have stands for all that follow."""
    inputs: dict[str, Any] = {"video": video}
    if start:
        inputs["start"] = {"from": _find_time(importer, node, video, start, "start")}
    if 0 < length < _ALL_FRAMES:
        inputs["seconds"] = {"from": _find_time(importer, node, video, length, "length")}
    if len(inputs) == 1:
        return video
    return Made({"from": importer.add(node, "video.trim", inputs)}, "video", many=True)


def _find_time(importer: Importer, node: ForeignNode, video: Made, frame: int, name: str) -> str:
    """Add nodes that turn a number of frames into seconds, and return the edge."""
    fps = importer.add(node, "video.info", {"video": video}, name="facts", output="fps")
    inputs = {"expression": "a / b", "a": frame, "b": {"from": fps}}
    time = importer.add(node, "logic.calculate", inputs, name=f"{name}_frames")
    return importer.add(node, "logic.to_float", {"number": {"from": time}}, name=name)


def _repeat(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"value": importer.get(node, "image"), "count": importer.get(node, "amount", 1)}
    return Made({"from": importer.add(node, "logic.repeat", inputs)}, "image", many=True)


def _make_empty(importer: Importer, node: ForeignNode) -> Any:
    color = importer.get(node, "color", 0)
    inputs = {"width": importer.get(node, "width"), "height": importer.get(node, "height")}
    edge = importer.add(node, "image.new", {**inputs, "color": f"#{int(color) & 0xFFFFFF:06x}", "channels": "rgb"})
    count = importer.get(node, "batch_size", 1)
    if count == 1:
        return Made({"from": edge}, "image")
    return Made(
        {"from": importer.add(node, "logic.repeat", {"value": {"from": edge}, "count": count})}, "image", many=True
    )


def _stitch(importer: Importer, node: ForeignNode) -> Any:
    images = [one for one in (importer.get(node, "image1"), importer.get(node, "image2")) if one is not None]
    if len(images) == 1:
        return images[0]
    direction = importer.get(node, "direction", "right")
    if direction in ("left", "up"):
        images.reverse()
    columns = 2 if direction in ("left", "right") else 1
    inputs = {"images": images, "columns": columns, "gap": importer.get(node, "spacing_width", 0), "margin": 0}
    importer.differ(node, "cells have the size of the largest image")
    edge = importer.add(node, "image.grid", {**inputs, "background": importer.get(node, "spacing_color", "white")})
    return Made({"from": edge}, "image")


def _composite(importer: Importer, node: ForeignNode) -> Any:
    names = {"base": "destination", "top": "source", "mask": "mask", "x": "x", "y": "y"}
    inputs = {ours: importer.get(node, theirs) for ours, theirs in names.items()}
    if importer.get(node, "resize_source", False):
        importer.differ(node, "the source keeps its size")
    return make_image(importer.add(node, "image.composite", inputs))


def _blend(importer: Importer, node: ForeignNode) -> Any:
    mode = importer.get(node, "blend_mode", "normal")
    inputs = {"base": importer.get(node, "image1"), "top": importer.get(node, "image2")}
    inputs["opacity"] = importer.get(node, "blend_factor", 0.5)
    if mode == "normal":
        return make_image(importer.add(node, "image.blend", inputs))
    return make_image(importer.add(node, "image.composite", {**inputs, "mode": mode}))


def _find_edges(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"image": importer.get(node, "image"), "low_threshold": importer.get(node, "low_threshold", 0.4)}
    inputs["high_threshold"] = importer.get(node, "high_threshold", 0.8)
    importer.differ(node, "edges are found at 8 bits, with another blur")
    return make_image(importer.add(node, "image.edges", inputs))


def _blur(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"image": importer.get(node, "image"), "radius": importer.get(node, "sigma", 1.0)}
    importer.differ(node, "the blur's kernel has no fixed radius")
    return make_image(importer.add(node, "image.blur", inputs))


def _sharpen(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"image": importer.get(node, "image"), "radius": importer.get(node, "sigma", 1.0)}
    importer.differ(node, "the blur's kernel has no fixed radius")
    return make_image(importer.add(node, "image.sharpen", {**inputs, "amount": importer.get(node, "alpha", 1.0)}))


def _edit_mask(**change: Any) -> Callable[[Importer, ForeignNode], Any]:
    def convert(importer: Importer, node: ForeignNode) -> Any:
        edge = importer.add(node, "image.edit_mask", {"mask": importer.get(node, "mask"), **change})
        return Made({"from": edge}, "mask")

    return convert


def _grow_mask(importer: Importer, node: ForeignNode) -> Any:
    if importer.get(node, "tapered_corners", True):
        importer.differ(node, "corners grow round")
    edge = importer.add(
        node, "image.edit_mask", {"mask": importer.get(node, "mask"), "grow": importer.get(node, "expand", 0)}
    )
    return Made({"from": edge}, "mask")


def _feather_mask(importer: Importer, node: ForeignNode) -> Any:
    sides = [importer.get(node, side, 0) for side in ("left", "top", "right", "bottom")]
    importer.differ(node, "the mask's own edges are softened, not the image's")
    edge = importer.add(node, "image.edit_mask", {"mask": importer.get(node, "mask"), "feather": max(sides)})
    return Made({"from": edge}, "mask")


_OPERATIONS = {
    "multiply": "intersect", "and": "intersect", "add": "union", "or": "union",
    "subtract": "subtract", "xor": "exclude",
}  # fmt: skip


def _combine_masks(importer: Importer, node: ForeignNode) -> Any:
    operation = importer.get(node, "operation", "add")
    if importer.get(node, "x", 0) or importer.get(node, "y", 0) or operation not in _OPERATIONS:
        raise ImportGap(f"masks combined by {operation!r} at a place", "image.combine_masks")
    inputs = {"first": importer.get(node, "destination"), "second": importer.get(node, "source")}
    edge = importer.add(node, "image.combine_masks", {**inputs, "operation": _OPERATIONS[operation]})
    return Made({"from": edge}, "mask")


def _make_solid_mask(importer: Importer, node: ForeignNode) -> Any:
    value = importer.get(node, "value", 1.0)
    if value not in (0, 1):
        raise ImportGap(f"a mask of {value}", "a mask of 0 or 1")
    inputs = {"width": importer.get(node, "width"), "height": importer.get(node, "height"), "invert": value == 0}
    return Made({"from": importer.add(node, "image.new_mask", inputs)}, "mask")


def _threshold_mask(importer: Importer, node: ForeignNode) -> Any:
    grey = importer.add(node, "image.from_mask", {"mask": importer.get(node, "mask")}, name="grey")
    inputs = {"image": {"from": grey}, "threshold": importer.get(node, "value", 0.5)}
    return Made({"from": importer.add(node, "image.threshold", inputs, output="mask")}, "mask")


def _join_alpha(importer: Importer, node: ForeignNode) -> Any:
    mask = importer.add(node, "image.edit_mask", {"mask": importer.get(node, "alpha"), "invert": True}, name="alpha")
    inputs = {"image": importer.get(node, "image"), "mask": {"from": mask}, "mode": "replace"}
    return make_image(importer.add(node, "image.apply_mask", inputs))


def _split_alpha(importer: Importer, node: ForeignNode) -> Any:
    image = importer.get(node, "image")
    mask = importer.add(node, "image.mask_from_alpha", {"image": image, "invert": True}, name="mask")
    name = importer.add(node, "image.split_channels", {"image": image}, name="channels")
    colors = {color: {"from": f"{name}.{color}"} for color in ("red", "green", "blue")}
    return make_image(importer.add(node, "image.merge_channels", colors, name="opaque")), Made({"from": mask}, "mask")


def _flip(importer: Importer, node: ForeignNode) -> Any:
    direction = "vertical" if str(importer.get(node, "flip_method", "x")).startswith("x") else "horizontal"
    return make_image(importer.add(node, "image.flip", {"image": importer.get(node, "image"), "direction": direction}))


def _rotate(importer: Importer, node: ForeignNode) -> Any:
    angle = str(importer.get(node, "rotation", "none")).partition(" ")[0]
    if angle == "none":
        return importer.get(node, "image")
    return make_image(
        importer.add(node, "image.rotate", {"image": importer.get(node, "image"), "angle": -float(angle)})
    )


_VIEWER = ImportRule(role="viewer")
_SAVED = ImportRule(_pass_images, ("filename_prefix",), role="output")

RULES: dict[str, ImportRule] = {
    **SIZE_RULES,
    **ESSENTIAL_RULES,
    **PACKAGE_RULES,
    **dict.fromkeys(
        ("PreviewImage", "MaskPreview", "MaskPreview+", "ImageCompare", "Image Comparer (rgthree)"), _VIEWER
    ),
    **dict.fromkeys(("SaveImage", "SaveImageAdvanced", "SaveImageWebsocket", "SwarmSaveImageWS"), _SAVED),
    **dict.fromkeys(("LoadImage", "LoadImageOutput"), ImportRule(_load_image, ("image", "upload"))),
    "LoadImageMask": ImportRule(_load_mask, ("image", "channel", "upload")),
    "ImageToMask": ImportRule(_mask_image, ("channel",)),
    "MaskToImage": ImportRule(make_simple("image.from_mask", "image", mask="mask")),
    "ImageInvert": ImportRule(make_simple("image.invert", "image", image="image")),
    "ImageBatch": ImportRule(_collect),
    "BatchImagesNode": ImportRule(_collect),
    "RebatchImages": ImportRule(widgets=("batch_size",), passes="images"),
    "ImageFromBatch": ImportRule(_take_from_batch, ("batch_index", "length")),
    "ImageFromBatch+": ImportRule(_take_from_batch, ("start", "length")),
    "RepeatImageBatch": ImportRule(_repeat, ("amount",)),
    "EmptyImage": ImportRule(_make_empty, ("width", "height", "batch_size", "color")),
    "ImageStitch": ImportRule(_stitch, ("direction", "match_image_size", "spacing_width", "spacing_color")),
    "ImageCompositeMasked": ImportRule(_composite, ("x", "y", "resize_source")),
    "ImageBlend": ImportRule(_blend, ("blend_factor", "blend_mode")),
    "Canny": ImportRule(_find_edges, ("low_threshold", "high_threshold")),
    "ImageBlur": ImportRule(_blur, ("blur_radius", "sigma")),
    "ImageSharpen": ImportRule(_sharpen, ("sharpen_radius", "sigma", "alpha")),
    "InvertMask": ImportRule(_edit_mask(invert=True)),
    "GrowMask": ImportRule(_grow_mask, ("expand", "tapered_corners")),
    "FeatherMask": ImportRule(_feather_mask, ("left", "top", "right", "bottom")),
    "MaskComposite": ImportRule(_combine_masks, ("x", "y", "operation")),
    "SolidMask": ImportRule(_make_solid_mask, ("value", "width", "height")),
    "ThresholdMask": ImportRule(_threshold_mask, ("value",)),
    "JoinImageWithAlpha": ImportRule(_join_alpha),
    "SplitImageWithAlpha": ImportRule(_split_alpha),
    "ImageFlip": ImportRule(_flip, ("flip_method",)),
    "ImageRotate": ImportRule(_rotate, ("rotation",)),
}
"""What nodes of ComfyUI mean, by class."""
