"""What nodes for images and masks of other packages for ComfyUI mean: KJNodes, WAS, segment anything."""

from __future__ import annotations

from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_image.import_essentials import measure
from studio_image.import_sizes import make_image


def _join(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that puts an image beside another, which gets the height or the width of the first."""
    first, second = importer.get(node, "image1"), importer.get(node, "image2")
    direction = str(importer.get(node, "direction", "right"))
    across = direction in ("left", "right")
    if importer.get(node, "match_image_size", False):
        side = measure(importer, node, first)[1 if across else 0]
        inputs = {"image": second, "height" if across else "width": side, "method": "lanczos"}
        second = make_image(importer.add(node, "image.resize", inputs, name="matched"))
    images = [second, first] if direction in ("left", "up") else [first, second]
    inputs = {"images": images, "direction": "right" if across else "down", "match": "none"}
    return make_image(importer.add(node, "image.stack", inputs))


def _flip(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"image": importer.get(node, "images"), "direction": importer.get(node, "mode", "horizontal")}
    return make_image(importer.add(node, "image.flip", inputs))


def _measure(importer: Importer, node: ForeignNode) -> Any:
    image = importer.get(node, "image")
    if isinstance(image, Made) and image.many:
        raise ImportGap("the size of images of a batch", "image.info")
    return (image, *measure(importer, node, image), 1)


def _size_to_numbers(importer: Importer, node: ForeignNode) -> Any:
    return measure(importer, node, importer.get(node, "image")) * 3


def _invert_mask(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"mask": importer.get(node, "mask"), "invert": True}
    return Made({"from": importer.add(node, "image.edit_mask", inputs)}, "mask")


_STEADY = {"incremental_expandrate": 0.0, "lerp_alpha": 1.0, "decay_factor": 1.0}


def _grow_mask(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that grows and blurs a mask, and gives the inverted one too."""
    for name, steady in _STEADY.items():
        if importer.get(node, name, steady) != steady:
            raise ImportGap(f"a mask that changes from frame to frame by {name}", "image.edit_mask")
    mask = importer.get(node, "mask")
    if importer.get(node, "flip_input", False):
        inverted = importer.add(node, "image.edit_mask", {"mask": mask, "invert": True}, name="flipped")
        mask = Made({"from": inverted}, "mask")
    if importer.get(node, "expand", 0):
        importer.differ(node, "corners grow round")
    inputs = {"mask": mask, "grow": importer.get(node, "expand", 0), "feather": importer.get(node, "blur_radius", 0.0)}
    inputs["fill_holes"] = importer.get(node, "fill_holes", False)
    made = Made({"from": importer.add(node, "image.edit_mask", inputs)}, "mask")
    if not any(user.inputs[name].slot == 1 for user, name in importer.list_users(node)):
        return made, None
    opposite = importer.add(node, "image.edit_mask", {"mask": made, "invert": True}, name="inverted")
    return made, Made({"from": opposite}, "mask")


PACKAGE_RULES: dict[str, ImportRule] = {
    "ImageConcanate": ImportRule(_join, ("direction", "match_image_size")),
    "Image Flip": ImportRule(_flip, ("mode",)),
    "GetImageSizeAndCount": ImportRule(_measure),
    "Image Size to Number": ImportRule(_size_to_numbers),
    "InvertMask (segment anything)": ImportRule(_invert_mask),
    "GrowMaskWithBlur": ImportRule(
        _grow_mask,
        ("expand", "incremental_expandrate", "tapered_corners", "flip_input", "blur_radius", "lerp_alpha",
         "decay_factor", "fill_holes"),
    ),
}  # fmt: skip
"""What the nodes mean, by class."""
