"""What ComfyUI's nodes for the size of images mean."""

from __future__ import annotations

from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made

_METHODS = {
    "nearest-exact": "nearest", "nearest": "nearest", "bilinear": "bilinear", "area": "area", "bicubic": "bicubic",
    "lanczos": "lanczos", "bislerp": "bicubic",
}  # fmt: skip
_MEGAPIXEL = 1024 * 1024


def make_image(edge: str, *, many: bool = False) -> Made:
    """Return an image of the new graph."""
    return Made({"from": edge}, "image", many)


def find_method(importer: Importer, node: ForeignNode, name: str) -> str:
    """Return the filter that a node names."""
    method = str(importer.get(node, name, "area"))
    if method not in _METHODS:
        raise ImportGap(f"filter {method!r}", "lanczos")
    if method not in ("nearest-exact", "lanczos"):
        importer.differ(node, "shrunk images are antialiased")
    return _METHODS[method]


def resize(importer: Importer, node: ForeignNode, image: Any, **inputs: Any) -> Made:
    """Add a node that resizes an image or a mask, and return what it makes."""
    kind = image.kind if isinstance(image, Made) else "image"
    many = isinstance(image, Made) and image.many
    if kind == "mask":
        inputs.pop("fit", None)
        return Made({"from": importer.add(node, "image.resize_mask", {"mask": image, **inputs})}, "mask", many)
    return Made({"from": importer.add(node, "image.resize", {"image": image, **inputs})}, kind, many)


def _scale(importer: Importer, node: ForeignNode) -> Any:
    width, height = importer.get(node, "width", 0), importer.get(node, "height", 0)
    image = importer.get(node, "image")
    if width == 0 and height == 0:
        return image
    crop = importer.get(node, "crop", "disabled")
    fit = "cover" if crop == "center" else "stretch"
    method = find_method(importer, node, "upscale_method")
    return resize(importer, node, image, width=width or None, height=height or None, fit=fit, method=method)


def _scale_by(importer: Importer, node: ForeignNode) -> Any:
    method = find_method(importer, node, "upscale_method")
    return resize(importer, node, importer.get(node, "image"), scale=importer.get(node, "scale_by", 1.0), method=method)


def _scale_to_pixels(importer: Importer, node: ForeignNode) -> Any:
    method = find_method(importer, node, "upscale_method")
    steps = importer.get(node, "resolution_steps", 1)
    return _fit_pixels(
        importer, node, importer.get(node, "image"), importer.get(node, "megapixels", 1.0), steps, method
    )


def _fit_pixels(importer: Importer, node: ForeignNode, image: Any, pixels: Any, multiple: int, method: str) -> Made:
    """Add nodes that resize an image to a number of pixels."""
    width = importer.add(node, "image.info", {"image": image}, name="size", output="width")
    sides = {"a": {"from": width}, "b": {"from": f"{width.partition('.')[0]}.height"}, "c": pixels}
    scale = importer.add(
        node, "logic.calculate", {"expression": f"sqrt(c * {_MEGAPIXEL} / (a * b))", **sides}, name="scale"
    )
    as_float = importer.add(node, "logic.to_float", {"number": {"from": scale}}, name="factor")
    more = {"multiple_of": multiple} if isinstance(multiple, int) and multiple > 1 else {}
    return resize(importer, node, image, scale={"from": as_float}, method=method, **more)


def _scale_to_side(importer: Importer, node: ForeignNode) -> Any:
    side = importer.get(node, "largest_size", 512)
    method = find_method(importer, node, "upscale_method")
    return resize(importer, node, importer.get(node, "image"), width=side, height=side, fit="contain", method=method)


def _resize_any(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node whose further inputs depend on the kind of resizing; on a canvas their values follow in order."""
    image, kind = importer.get(node, "input"), importer.get(node, "resize_type", "")
    values = [importer.get(node, f"value_{at}") for at in range(1, 4)]

    def read(name: str, at: int) -> Any:
        return importer.get(node, f"resize_type.{name}", values[at])

    if not importer.get(node, "scale_method"):
        method = next(
            (str(value) for value in reversed(values) if isinstance(value, str) and value in _METHODS), "area"
        )
    else:
        method = str(importer.get(node, "scale_method"))
    method = _METHODS.get(method, "area")
    if kind == "scale total pixels":
        return _fit_pixels(importer, node, image, read("megapixels", 0), 1, method)
    if kind == "scale dimensions":
        crop = read("crop", 2)
        fit = "cover" if crop == "center" else "stretch"
        return resize(importer, node, image, width=read("width", 0), height=read("height", 1), fit=fit, method=method)
    if kind == "scale by multiplier":
        return resize(importer, node, image, scale=read("multiplier", 0), method=method)
    if kind == "scale longer dimension":
        side = read("longer_size", 0)
        return resize(importer, node, image, width=side, height=side, fit="contain", method=method)
    if kind == "scale shorter dimension":
        importer.differ(node, "the longer side is cut to a square of the shorter one")
        raise ImportGap("resizing by the shorter side", "image.resize with fit")
    if kind in ("scale width", "scale height"):
        name = kind.removeprefix("scale ")
        return resize(importer, node, image, **{name: read(name, 0)}, method=method)
    raise ImportGap(f"resizing by {str(kind)[:40]!r}", "image.resize")


def _crop(importer: Importer, node: ForeignNode) -> Any:
    region = importer.get(node, "crop_region")
    values = (
        region if isinstance(region, dict) else {key: importer.get(node, key) for key in ("x", "y", "width", "height")}
    )
    inputs = {key: values.get(key) for key in ("x", "y", "width", "height")}
    image = importer.get(node, "image")
    return Made(
        {"from": importer.add(node, "image.crop", {"image": image, **inputs})}, "image", getattr(image, "many", False)
    )


def _pad(importer: Importer, node: ForeignNode) -> Any:
    method = find_method(importer, node, "interpolation")
    size = {"width": importer.get(node, "target_width"), "height": importer.get(node, "target_height")}
    color = importer.get(node, "padding_color", "black")
    return resize(importer, node, importer.get(node, "image"), **size, fit="pad", background=color, method=method)


def _measure(importer: Importer, node: ForeignNode) -> Any:
    image = importer.get(node, "image")
    if isinstance(image, Made) and image.kind == "video":
        edge = importer.add(node, "video.info", {"video": image}, name="size", output="width")
    else:
        edge = importer.add(node, "image.info", {"image": image}, name="size", output="width")
    name = edge.partition(".")[0]
    return Made({"from": edge}, "int"), Made({"from": f"{name}.height"}, "int"), 1


SIZE_RULES = {
    "ImageScale": ImportRule(_scale, ("upscale_method", "width", "height", "crop")),
    "ImageScaleBy": ImportRule(_scale_by, ("upscale_method", "scale_by")),
    "ImageScaleToTotalPixels": ImportRule(_scale_to_pixels, ("upscale_method", "megapixels", "resolution_steps")),
    "ImageScaleToMaxDimension": ImportRule(_scale_to_side, ("upscale_method", "largest_size")),
    "ResizeImageMaskNode": ImportRule(_resize_any, ("resize_type", "value_1", "value_2", "value_3", "scale_method")),
    "ImageCrop": ImportRule(_crop, ("width", "height", "x", "y")),
    "ImageCropV2": ImportRule(_crop, ("crop_region",)),
    "ResizeAndPadImage": ImportRule(_pad, ("target_width", "target_height", "padding_color", "interpolation")),
    "GetImageSize": ImportRule(_measure),
}
"""What nodes of ComfyUI mean, by class."""
