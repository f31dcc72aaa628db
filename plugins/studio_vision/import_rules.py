"""What nodes for ComfyUI that look at images mean."""

from __future__ import annotations

import re
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_vision.import_backgrounds import BACKGROUND_RULES

_SIZES = {"s": "Small", "b": "Base", "l": "Large"}
_WITHOUT_SIDE = "the image keeps its size; the depth map is not resized"


def _find_network(importer: Importer, name: str) -> str:
    """Return the reference to the folder with the weights that a file's name stands for."""
    match = re.match(r"depth_anything_(v2_)?vit([sbl])[_.](?!.*indoor|.*outdoor)", name)
    if match is None:
        raise ImportGap(f"the depth network {name!r}", "Depth Anything of size s, b or l")
    version = "Depth-Anything-V2-{}-hf" if match[1] else "depth-anything-{}-hf"
    size = _SIZES[match[2]]
    repository = version.format(size if match[1] else size.lower())
    repository = f"{'depth-anything' if match[1] else 'LiheYoung'}/{repository}"
    importer.need(repository, f"https://huggingface.co/{repository}", "")
    return f"hub:{repository}"


def _load(importer: Importer, node: ForeignNode) -> Any:
    return _find_network(importer, str(importer.get(node, "model", "")))


def _look(importer: Importer, node: ForeignNode) -> Any:
    network = importer.get(node, "da_model")
    if not isinstance(network, str):
        raise ImportGap("a depth network at da_model")
    return _add(importer, node, importer.get(node, "images"), network)


def _look_at_side(importer: Importer, node: ForeignNode) -> Any:
    network = _find_network(importer, str(importer.get(node, "ckpt_name", "depth_anything_v2_vitl.pth")))
    importer.get(node, "resolution")
    importer.differ(node, _WITHOUT_SIDE)
    return _add(importer, node, importer.get(node, "image"), network)


def _add(importer: Importer, node: ForeignNode, image: Any, network: str) -> Made:
    edge = importer.add(node, "vision.depth", {"image": image, "model": network}, name="depth")
    return Made({"from": edge}, "image", isinstance(image, Made) and image.many)


RULES: dict[str, ImportRule] = {
    **BACKGROUND_RULES,
    "DownloadAndLoadDepthAnythingV2Model": ImportRule(_load, ("model",)),
    "DepthAnything_V2": ImportRule(_look),
    "DepthAnythingV2Preprocessor": ImportRule(_look_at_side, ("ckpt_name", "resolution")),
    "DepthAnythingPreprocessor": ImportRule(_look_at_side, ("ckpt_name", "resolution")),
}
"""Rules by class."""
