"""Encoders of images, CLIP and SigLIP: opened from folders and single files, and what they make of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import Image, ModelError
from studio.api.model_folder import read_json
from studio_diffusion.components import find_dtype, load_component, read_component
from studio_diffusion.model_folder import DAMAGED

if TYPE_CHECKING:
    import torch

CLIP, SIGLIP = "CLIPVisionModelWithProjection", "SiglipVisionModel"
_CONFIGS = {CLIP: "CLIPVisionConfig", SIGLIP: "SiglipVisionConfig"}
_HEADS = {768: 12, 1024: 16, 1152: 16, 1280: 16, 1664: 16}
_OPENAI_WIDTHS = (768, 1024)
_CLIP_MEAN, _CLIP_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_PATCHES = "vision_model.embeddings.patch_embedding.weight"


@dataclass
class ImageEncoder:
    """An opened encoder of images.

    Attributes:
        network: The network, on device and dtype.
        name: Name of its file or folder, for errors.
    """

    network: Any
    name: str

    @property
    def width(self) -> int:
        """Numbers of an image's embedding."""
        config = self.network.config
        return int(getattr(config, "projection_dim", None) or config.hidden_size)

    def read(self, images: Sequence[Image]) -> torch.Tensor:
        """Return images as the encoder takes them: CLIP the middle of each, SigLIP each as a square."""
        import torch

        is_clip, side = type(self.network).__name__ == CLIP, int(self.network.config.image_size)
        mean, deviation = (_CLIP_MEAN, _CLIP_DEVIATION) if is_clip else ((0.5,) * 3, (0.5,) * 3)
        rows = torch.cat([_fit(image, side, crop=is_clip) for image in images])
        scaled = (rows - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]
        first = next(self.network.parameters())
        return scaled.to(first.device, first.dtype)

    def embed(self, images: Sequence[Image]) -> torch.Tensor:
        """Return one embedding for each image."""
        import torch

        with torch.no_grad():
            out = self.network(self.read(images))
        found: torch.Tensor = out.image_embeds if hasattr(out, "image_embeds") else out.pooler_output
        return found

    def embed_patches(self, images: Sequence[Image], *, blank: bool = False, last: bool = False) -> torch.Tensor:
        """Return the embeddings of all patches of each image.

        Args:
            images: The images.
            blank: Take zeros in place of each image.
            last: Take the last layer, instead of the last but one.
        """
        import torch

        pixels = self.read(images)
        with torch.no_grad():
            out = self.network(torch.zeros_like(pixels) if blank else pixels, output_hidden_states=True)
        found: torch.Tensor = out.last_hidden_state if last else out.hidden_states[-2]
        return found


_MOST_OBLONG = 8
"""How many times longer than its shorter side an image is resized; what is beyond is not in its middle."""


def _fit(image: Image, side: int, *, crop: bool) -> torch.Tensor:
    """Return an image as a square of 1 x 3 x side x side in [0, 1]: its middle, or all of it."""
    import torch

    from studio_diffusion.pixels import read_image, resize

    pixels = read_image(image)
    height, width = pixels.shape[-2:]
    if not crop:
        return resize(pixels, (side, side)).clamp(0, 1)
    short = min(height, width)
    most = _MOST_OBLONG * short
    down, across = max(height - most, 0) // 2, max(width - most, 0) // 2
    pixels = pixels[..., down : down + most, across : across + most]
    height, width = pixels.shape[-2:]
    size = (int(side * width / short), int(side * height / short))
    whole = resize(pixels, size).clamp(0, 1)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return torch.clone(whole[..., top : top + side, left : left + side])


def is_image_encoder(keys: Sequence[str]) -> bool:
    """Say whether a file of tensors with these names is an encoder of images."""
    return _PATCHES in keys and not any(key.startswith("text_model.") for key in keys)


def load_image_encoder(path: Path, *, device: str, dtype: str) -> ImageEncoder:
    """Open an encoder of images: a folder with its config, or a file, whose tensors say how it is made.

    Raises:
        ModelError: E612 if the weights are not whole, E614 if it is no encoder of images.
    """
    if path.is_dir():
        component = read_component("image_encoder", path)
        if component.class_name not in _CONFIGS:
            raise _refuse(path)
        return ImageEncoder(load_component(component, device=device, dtype=dtype), path.name)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError("E612", f"{path.name!r} cannot be read: {error}", hint="copy it again") from None
    if not is_image_encoder(list(tensors)):
        raise _refuse(path)
    network = _build(tensors, path)
    return ImageEncoder(network.to(device, find_dtype(dtype)).eval(), path.name)


def _refuse(path: Path) -> ModelError:
    return ModelError(
        "E614",
        f"{path.name!r} is not an encoder of images",
        hint="name a CLIP vision model or one of SigLIP, such as the folder image_encoder of an IP-Adapter",
    )


def _build(tensors: Mapping[str, torch.Tensor], path: Path) -> Any:
    """Make the network of a file, by the shapes of its tensors."""
    import transformers

    name = CLIP if "visual_projection.weight" in tensors else SIGLIP
    settings = _read_settings(tensors)
    beside = path.with_name("config.json")
    if beside.is_file():
        settings |= {"num_attention_heads": read_json(beside, DAMAGED).get("num_attention_heads")}
    network = getattr(transformers, name)(getattr(transformers, _CONFIGS[name])(**settings))
    report = network.load_state_dict(dict(tensors), strict=False)
    missing = [key for key in report.missing_keys if "position_ids" not in key]
    if missing:
        raise ModelError("E612", f"{path.name!r} lacks {missing[0]!r}", hint="copy it again, whole")
    return network


def _read_settings(tensors: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Return a config's values from the shapes of the tensors."""
    width, _, patch, _ = tensors[_PATCHES].shape
    positions = tensors["vision_model.embeddings.position_embedding.weight"].shape[0]
    layers = {int(key.split(".")[3]) for key in tensors if key.startswith("vision_model.encoder.layers.")}
    settings: dict[str, Any] = {
        "hidden_size": width,
        "intermediate_size": tensors["vision_model.encoder.layers.0.mlp.fc1.weight"].shape[0],
        "num_hidden_layers": len(layers),
        "num_attention_heads": _HEADS.get(width, max(1, width // 64)),
        "patch_size": patch,
        "image_size": int(positions**0.5) * patch,
    }
    if "visual_projection.weight" in tensors:
        settings["projection_dim"] = tensors["visual_projection.weight"].shape[0]
        settings["hidden_act"] = "quick_gelu" if width in _OPENAI_WIDTHS else "gelu"
    return settings
