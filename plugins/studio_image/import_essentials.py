"""What the nodes of the package "essentials" for ComfyUI mean."""

from __future__ import annotations

from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_image.import_sizes import find_method, make_image, resize

_FITS = {"stretch": "stretch", "keep proportion": "contain", "pad": "pad"}
_ONLY = {
    "always": "always",
    "downscale if bigger": "shrink",
    "if bigger area": "shrink",
    "upscale if smaller": "enlarge",
    "if smaller area": "enlarge",
}
_FLIPS = {"x": "horizontal", "y": "vertical", "xy": "both"}
_ANCHORS = {
    "top-left": "top_left", "top-center": "top", "top-right": "top_right", "right-center": "right",
    "bottom-right": "bottom_right", "bottom-center": "bottom", "bottom-left": "bottom_left", "left-center": "left",
    "center": "center",
}  # fmt: skip


def measure(importer: Importer, node: ForeignNode, image: Any) -> tuple[Made, Made]:
    """Add a node that measures an image, and return its width and height."""
    edge = importer.add(node, "image.info", {"image": image}, name="size", output="width")
    return Made({"from": edge}, "int"), Made({"from": f"{edge.partition('.')[0]}.height"}, "int")


def is_used(importer: Importer, node: ForeignNode, *slots: int) -> bool:
    """Say whether one of a node's outputs is used."""
    return any(user.inputs[name].slot in slots for user, name in importer.list_users(node))


def _resize(importer: Importer, node: ForeignNode) -> Any:
    image = importer.get(node, "image")
    size = {side: importer.get(node, side, 512) for side in ("width", "height")}
    kind, condition = str(importer.get(node, "method", "stretch")), str(importer.get(node, "condition", "always"))
    multiple = importer.get(node, "multiple_of", 0)
    if importer.get(node, "keep_proportion", False):
        kind = "keep proportion"
    fit = "cover" if kind.startswith("fill") else _FITS.get(kind)
    if fit is None or condition not in _ONLY:
        raise ImportGap(f"resizing by {kind!r} {condition!r}", "image.resize")
    if isinstance(multiple, int) and multiple > 1:
        size = _round_down(importer, node, size, multiple, fit)
    if fit in ("stretch", "cover") and 0 in size.values():
        measured = dict(zip(("width", "height"), measure(importer, node, image), strict=True))
        size = {side: value or measured[side] for side, value in size.items()}
    if _ONLY[condition] != "always" and _goes_by_other_sides(fit, condition):
        importer.differ(node, "whether the image is resized depends on its area")
    background = {"background": "black"} if fit == "pad" else {}
    more = {side: value or None for side, value in size.items()} | {"fit": fit, "only": _ONLY[condition]}
    made = resize(importer, node, image, **more, **background, method=find_method(importer, node, "interpolation"))
    return (made, *measure(importer, node, made)) if is_used(importer, node, 1, 2) else (made, None, None)


def _goes_by_other_sides(fit: str, condition: str) -> bool:
    """Say whether the original decides by something else than the area whether an image is resized."""
    return fit in ("cover", "pad") or (fit == "stretch" and "area" not in condition)


def _round_down(importer: Importer, node: ForeignNode, size: dict[str, Any], multiple: int, fit: str) -> dict[str, Any]:
    if not all(isinstance(value, int) for value in size.values()):
        raise ImportGap("a multiple of a size that is not a literal", "a literal size")
    if fit == "contain":
        importer.differ(node, f"sides are not cut to multiples of {multiple}")
    return {side: value - value % multiple for side, value in size.items()}


def _flip(importer: Importer, node: ForeignNode) -> Any:
    direction = _FLIPS[str(importer.get(node, "axis", "x"))]
    return make_image(importer.add(node, "image.flip", {"image": importer.get(node, "image"), "direction": direction}))


def _flip_mask(importer: Importer, node: ForeignNode) -> Any:
    grey = importer.add(node, "image.from_mask", {"mask": importer.get(node, "mask")}, name="grey")
    direction = _FLIPS[str(importer.get(node, "axis", "x"))]
    edge = importer.add(node, "image.flip", {"image": {"from": grey}, "direction": direction})
    return Made({"from": importer.add(node, "image.mask_from_luma", {"image": {"from": edge}}, name="mask")}, "mask")


def _blur_mask(importer: Importer, node: ForeignNode) -> Any:
    amount = importer.get(node, "amount", 6)
    if not isinstance(amount, int):
        raise ImportGap("a blur that is not a literal", "a literal")
    if amount == 0:
        return importer.get(node, "mask")
    side = amount + 1 - amount % 2
    importer.differ(node, f"the blur's kernel is not cut at {side} pixels")
    sigma = 0.3 * ((side - 1) * 0.5 - 1) + 0.8  # as torchvision derives it from the side of a kernel
    inputs = {"mask": importer.get(node, "mask"), "feather": round(sigma, 4)}
    return Made({"from": importer.add(node, "image.edit_mask", inputs)}, "mask")


def _crop(importer: Importer, node: ForeignNode) -> Any:
    position = str(importer.get(node, "position", "center"))
    if importer.get(node, "x_offset", 0) or importer.get(node, "y_offset", 0) or is_used(importer, node, 1, 2):
        raise ImportGap("a part of an image beside an anchor", "image.crop with x and y")
    inputs = {"image": importer.get(node, "image"), "anchor": _ANCHORS[position]}
    importer.differ(node, "an image that is smaller than the part is an error")
    size = {side: importer.get(node, side, 256) for side in ("width", "height")}
    return make_image(importer.add(node, "image.crop", inputs | size)), None, None


def _sharpen(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"image": importer.get(node, "image"), "kind": "adaptive", "amount": importer.get(node, "amount", 0.8)}
    return make_image(importer.add(node, "image.sharpen", inputs))


def _average(importer: Importer, node: ForeignNode, image: Any) -> Made:
    """Add nodes that average the colors of an image, and return the grey image."""
    name = importer.add(node, "image.split_channels", {"image": image}, name="channels")
    red, green, blue = ({"from": f"{name}.{color}"} for color in ("red", "green", "blue"))
    pair = importer.add(node, "image.blend", {"base": red, "top": green, "opacity": 0.5}, name="pair")
    third = {"base": {"from": pair}, "top": blue, "opacity": 1 / 3}
    return make_image(importer.add(node, "image.blend", third, name="average"))


def _posterize(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"image": _average(importer, node, importer.get(node, "image"))}
    inputs["threshold"] = importer.get(node, "threshold", 0.5)
    return make_image(importer.add(node, "image.threshold", inputs))


def _desaturate(importer: Importer, node: ForeignNode) -> Any:
    image, factor = importer.get(node, "image"), importer.get(node, "factor", 1.0)
    method = str(importer.get(node, "method", "luminance (Rec.709)"))
    if method == "luminance (Rec.709)" and isinstance(factor, int | float):
        return make_image(importer.add(node, "image.adjust", {"image": image, "saturation": round(1 - factor, 6)}))
    if method == "luminance (Rec.601)":
        luma = importer.add(node, "image.mask_from_luma", {"image": image}, name="luma")
        grey = make_image(importer.add(node, "image.from_mask", {"mask": {"from": luma}}, name="grey"))
    elif method == "average":
        grey = _average(importer, node, image)
    else:
        raise ImportGap(f"desaturation by {method!r}", "image.adjust with saturation")
    return make_image(importer.add(node, "image.blend", {"base": image, "top": grey, "opacity": factor}))


def _measure(importer: Importer, node: ForeignNode) -> Any:
    return (*measure(importer, node, importer.get(node, "image")), 1)


_VIEWER = ImportRule(role="viewer")

ESSENTIAL_RULES: dict[str, ImportRule] = {
    "ImageResize+": ImportRule(_resize, ("width", "height", "interpolation", "method", "condition", "multiple_of")),
    "ImageFlip+": ImportRule(_flip, ("axis",)),
    "ImageCrop+": ImportRule(_crop, ("width", "height", "position", "x_offset", "y_offset")),
    "ImageCASharpening+": ImportRule(_sharpen, ("amount",)),
    "ImagePosterize+": ImportRule(_posterize, ("threshold",)),
    "ImageDesaturate+": ImportRule(_desaturate, ("factor", "method")),
    "GetImageSize+": ImportRule(_measure),
    "MaskBlur+": ImportRule(_blur_mask, ("amount", "device")),
    "MaskFlip+": ImportRule(_flip_mask, ("axis",)),
    "ConsoleDebug+": _VIEWER,
    "DebugTensorShape+": _VIEWER,
}
"""What the nodes mean, by class."""
