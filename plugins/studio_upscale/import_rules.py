"""What ComfyUI's nodes for enlarging images mean."""

from __future__ import annotations

import re
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportRule, Made


def _load(importer: Importer, node: ForeignNode) -> Any:
    return importer.find_model(node, "upscale_models", importer.get(node, "model_name", ""))


def _enlarge(importer: Importer, node: ForeignNode) -> Any:
    model, image = importer.get(node, "upscale_model"), importer.get(node, "image")
    match = re.search(r"(?<!\d)(\d{1,2})x|x(\d{1,2})(?!\d)", str(model).lower())
    scale = int(match[1] or match[2]) if match else 4
    if not match:
        importer.differ(node, "the scale is taken to be 4, because the file's name does not say it")
    edge = importer.add(node, "upscale.image", {"image": image, "scale": scale, "model": model}, name="enlarge")
    return Made({"from": edge}, image.kind, image.many)


RULES: dict[str, ImportRule] = {
    "UpscaleModelLoader": ImportRule(_load, ("model_name",)),
    "ImageUpscaleWithModel": ImportRule(_enlarge),
}
"""What nodes of ComfyUI mean, by class."""
