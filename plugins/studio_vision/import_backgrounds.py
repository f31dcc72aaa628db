"""What nodes for ComfyUI that remove backgrounds mean: the same networks, as ONNX files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made

_RELEASE = "https://github.com/danielgatis/rembg/releases/download/v0.0.0"
_RMBG = "https://huggingface.co/briaai/RMBG-1.4/resolve/main/onnx/model.onnx"
_NORMALIZATIONS = {"isnet-general-use": "imagenet_mean", "isnet-anime": "imagenet_mean"}
_BY_REMBG = ("u2net", "u2netp", "u2net_human_seg", "silueta", "isnet-general-use", "isnet-anime")
_BIREFNET = {
    "general": "BiRefNet-general-epoch_244",
    "general-lite": "BiRefNet-general-bb_swin_v1_tiny-epoch_232",
    "portrait": "BiRefNet-portrait-epoch_150",
    "dis": "BiRefNet-DIS-epoch_590",
    "hrsod": "BiRefNet-HRSOD_DHU-epoch_115",
    "cod": "BiRefNet-COD-epoch_125",
}
_BACKGROUNDS = ("none", "Alpha", "alpha")


@dataclass(frozen=True)
class _Network:
    """A network: the reference to its file, and the numbers that it was trained with."""

    reference: str
    normalization: str = "imagenet"


def _open(importer: Importer, node: ForeignNode, address: str, normalization: str = "imagenet") -> _Network:
    return _Network(importer.find_model(node, "rembg", address), normalization)


def _open_by_rembg(importer: Importer, node: ForeignNode, name: str) -> _Network:
    if name not in _BY_REMBG:
        raise ImportGap(f"the network {name!r} for backgrounds", "u2net, silueta or isnet-general-use")
    return _open(importer, node, f"{_RELEASE}/{name}.onnx", _NORMALIZATIONS.get(name, "imagenet"))


def _start_session(importer: Importer, node: ForeignNode) -> Any:
    return _open_by_rembg(importer, node, str(importer.get(node, "model", "u2net")).partition(":")[0])


def _load_birefnet(importer: Importer, node: ForeignNode) -> Any:
    given = (importer.get(node, key) for key in ("model_name", "birefnet_model", "bg_removal_name"))
    name = str(next((one for one in given if one is not None), "General")).lower()
    asked = name.removesuffix(".safetensors").removesuffix(".pth")
    short = asked.removeprefix("birefnet-")
    if asked == "birefnet":  # as ComfyUI's own templates name the general one
        short = "general_own"
    known = short if short in _BIREFNET else short.partition("_")[0].partition("-epoch")[0]
    if known not in _BIREFNET:
        raise ImportGap(f"the network {name!r} for backgrounds", "BiRefNet-general")
    if known != short:
        importer.differ(node, f"the weights are {_BIREFNET[known]}, an export of another epoch than {asked}")
    normalization = "half" if node.kind == "BiRefNet_ModelLoader_Zho" and "massive" not in asked else "imagenet"
    return _open(importer, node, f"{_RELEASE}/{_BIREFNET[known]}.onnx", normalization)


def _load_rmbg(importer: Importer, node: ForeignNode) -> Any:
    return _open(importer, node, _RMBG, "half")


def _cut(importer: Importer, node: ForeignNode, image: Any, network: Any) -> tuple[Made, Made]:
    """Add the node, and return the image without its background, and the mask."""
    if not isinstance(network, _Network):
        raise ImportGap("a network for backgrounds")
    if not isinstance(image, Made):
        raise ImportGap("an image")
    inputs = {"image": image, "model": network.reference, "normalization": network.normalization}
    edge = importer.add(node, "vision.find_foreground", inputs, name="cutout", output="image")
    name = edge.partition(".")[0]
    return Made({"from": f"{name}.image"}, "image", image.many), Made({"from": f"{name}.mask"}, "mask", image.many)


def _cut_by_session(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that gives colors on black, and the mask apart."""
    made, mask = _cut(importer, node, importer.get(node, "image"), importer.get(node, "rembg_session"))
    inputs = {"image": made, "channels": "rgb", "background": "black"}
    flat = importer.add(node, "image.convert", inputs, name="on_black")
    return Made({"from": flat}, "image", made.many), mask


def _cut_by_rembg(importer: Importer, node: ForeignNode) -> Any:
    network = _open_by_rembg(importer, node, str(importer.get(node, "model", "u2net")))
    flags = ("post_processing", "alpha_matting")
    if any(importer.get(node, name, False) for name in flags):
        importer.differ(node, "the mask is used as the network gives it, without further work")
    made, mask = _cut(importer, node, importer.get(node, "images", importer.get(node, "image")), network)
    if importer.get(node, "only_mask", False):
        grey = importer.add(node, "image.from_mask", {"mask": mask}, name="grey")
        return Made({"from": grey}, "image", mask.many)
    color = str(importer.get(node, "background_color", "none"))
    if importer.get(node, "transparency", True) and color == "none":
        importer.differ(node, "soft edges keep their colors, and are not darkened")
        return made
    inputs = {"image": made, "channels": "rgb", "background": "black" if color == "none" else color}
    return Made({"from": importer.add(node, "image.convert", inputs, name="flat")}, "image", made.many)


def _cut_by_network(image: str, network: str) -> Any:
    """Return a rule for a node that takes a network, and gives a transparent image and the mask."""

    def convert(importer: Importer, node: ForeignNode) -> Any:
        color = importer.get(node, "background", "RGBA")
        if color != "RGBA":
            raise ImportGap(f"a background of {color!r}", "image.convert with background")
        importer.differ(node, "soft edges keep their colors, and the mask is resized by Lanczos")
        return _cut(importer, node, importer.get(node, image), importer.get(node, network))

    return convert


def _find_foreground(importer: Importer, node: ForeignNode) -> Any:
    importer.differ(node, "the mask is resized by Lanczos")
    return _cut(importer, node, importer.get(node, "image"), importer.get(node, "bg_removal_model"))[1]


def _cut_easily(importer: Importer, node: ForeignNode) -> Any:
    mode, color = str(importer.get(node, "rem_mode", "RMBG-1.4")), importer.get(node, "add_background", "none")
    if mode != "RMBG-1.4" or color not in _BACKGROUNDS or importer.get(node, "refine_foreground", False):
        raise ImportGap(f"backgrounds removed by {mode!r} with further work", "RMBG-1.4")
    importer.differ(node, "soft edges keep their colors, and the mask is resized by Lanczos")
    return _cut(importer, node, importer.get(node, "images"), _load_rmbg(importer, node))


BACKGROUND_RULES: dict[str, ImportRule] = {
    "RemBGSession+": ImportRule(_start_session, ("model", "providers")),
    "ImageRemoveBackground+": ImportRule(_cut_by_session),
    "Image Rembg (Remove Background)": ImportRule(
        _cut_by_rembg,
        ("transparency", "model", "post_processing", "only_mask", "alpha_matting", "alpha_matting_foreground_threshold",
         "alpha_matting_background_threshold", "alpha_matting_erode_size", "background_color"),
    ),
    "Image Remove Background (rembg)": ImportRule(_cut_by_rembg),
    "BiRefNet_ModelLoader_Zho": ImportRule(_load_birefnet, ("birefnet_model",)),
    "BiRefNet_Zho": ImportRule(_cut_by_network("image", "birefnetmodel"), ("background",)),
    "LoadBackgroundRemovalModel": ImportRule(_load_birefnet, ("bg_removal_name",)),
    "RemoveBackground": ImportRule(_find_foreground),
    "AutoDownloadBiRefNetModel": ImportRule(_load_birefnet, ("model_name", "device", "dtype")),
    "RembgByBiRefNet": ImportRule(_cut_by_network("images", "model")),
    "BRIA_RMBG_ModelLoader_Zho": ImportRule(_load_rmbg),
    "BRIA_RMBG_Zho": ImportRule(_cut_by_network("image", "rmbgmodel")),
    "easy imageRemBg": ImportRule(
        _cut_easily,
        ("rem_mode", "image_output", "save_prefix", "torchscript_jit", "add_background", "refine_foreground"),
    ),
}  # fmt: skip
"""Rules by class."""
