"""`ImagePromptWeights`: IP-Adapters and Flux Redux, opened from single files with their encoder of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from studio.api import Image, Model, ModelError
from studio_diffusion.image_encoders import ImageEncoder, load_image_encoder
from studio_diffusion.load_options import check_used, find_option_path, suggest_option

if TYPE_CHECKING:
    import torch

_PROJECTION = ("image_proj.", "ip_adapter_proj_model.")
_ATTENTION = ("ip_adapter.", "double_blocks.")
_REDUX = ("redux_up.weight", "redux_down.weight")
_RENAMED = (
    ("ip_adapter_double_stream_k_proj", "to_k_ip"),
    ("ip_adapter_double_stream_v_proj", "to_v_ip"),
    ("processor.", ""),
)


@dataclass
class ImagePromptWeights:
    """What reads images as prompts.

    Attributes:
        kind: "ip_adapter", or "redux".
        name: The file's name, for errors.
        encoder: What encodes the images.
        projection: From the encoder's embeddings to those of the denoiser, by the file's names.
        attention: Keys and values of each attention layer.
        network: The network of Redux.
    """

    kind: Literal["ip_adapter", "redux"]
    name: str
    encoder: ImageEncoder
    projection: Mapping[str, torch.Tensor] = field(default_factory=dict)
    attention: Mapping[str, torch.Tensor] = field(default_factory=dict)
    network: Any = None

    @property
    def layers(self) -> int:
        """Attention layers that it has weights for."""
        return sum(name.endswith(".to_k_ip.weight") for name in self.attention)

    @property
    def width(self) -> int:
        """Numbers of a word that Redux makes."""
        return int(self.network.redux_down.out_features)

    def embed(self, images: Sequence[Image], *, patches: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the embeddings of images, and those that stand for no image, as diffusers' pipelines have them."""
        if patches or "proj.weight" not in self.projection:
            return self.encoder.embed_patches(images), self.encoder.embed_patches(images, blank=True)
        import torch

        seen = self.encoder.embed(images)
        return seen, torch.zeros_like(seen)

    def read_as_words(self, images: Sequence[Image]) -> torch.Tensor:
        """Return the words that Redux makes of images, 1 x words x width, those of all images in a row."""
        import torch

        with torch.no_grad():
            made: torch.Tensor = self.network(self.encoder.embed_patches(images, last=True)).image_embeds
        return made.reshape(1, -1, made.shape[-1])

    def measure(self) -> int:
        """Count its bytes."""
        networks = [each for each in (self.network, self.encoder.network) if each is not None]
        tensors = [*self.projection.values(), *self.attention.values()]
        tensors += [each for network in networks for each in network.parameters()]
        return sum(each.numel() * each.element_size() for each in tensors)

    def close(self) -> None:
        """Let go of the weights."""
        self.projection, self.attention, self.network = {}, {}, None
        self.encoder = ImageEncoder(None, self.encoder.name)


def is_image_prompt(keys: Sequence[str]) -> bool:
    """Say whether a file of tensors with these names reads images as prompts."""
    adapter = any(key.startswith(_PROJECTION) for key in keys) and any("_ip" in key or "ip_" in key for key in keys)
    return adapter or set(_REDUX) <= set(keys)


def open_image_reader(
    path: Path, model: Model, options: Mapping[str, Any], device: str, dtype: str, *, alone: bool
) -> ImagePromptWeights | ImageEncoder:
    """Load an IP-Adapter or Redux with its encoder of images, or an encoder alone."""
    if alone:
        check_used(options, "an encoder of images", "*")
        return load_image_encoder(path, device=device, dtype=dtype)
    if "image_encoder" not in options:
        what = "the vision model that it was trained with, as a folder or a file"
        raise ModelError(
            "E614",
            f"{path.name!r} comes without its encoder of images",
            hint=suggest_option(model, "image_encoder", what),
        )
    check_used(options, "an image prompt's network", "*", "image_encoder")
    encoder = find_option_path(options, "image_encoder", file=True)
    return load_image_prompt(path, encoder, device=device, dtype=dtype)


def load_image_prompt(path: Path, encoder: Path, *, device: str, dtype: str) -> ImagePromptWeights:
    """Open an IP-Adapter or Redux with its encoder.

    Raises:
        ModelError: E612, E614 for the encoder, E618 if the file cannot be read, or reads faces.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError("E618", f"{path.name!r} cannot be read: {error}", hint="copy it again") from None
    if set(_REDUX) <= tensors.keys():
        network = _build_redux(tensors, path).to(device).eval()
        opened = load_image_encoder(encoder, device=device, dtype=dtype)
        from studio_diffusion.components import find_dtype

        return ImagePromptWeights("redux", path.name, opened, network=network.to(find_dtype(dtype)))
    projection, attention = _take(tensors, _PROJECTION), _take(tensors, _ATTENTION)
    if _reads_faces(projection):
        raise ModelError(
            "E618", f"{path.name!r} reads faces, which needs another network", hint="take an IP-Adapter without FaceID"
        )
    opened = load_image_encoder(encoder, device=device, dtype=dtype)
    return ImagePromptWeights("ip_adapter", path.name, opened, projection, attention)


def _reads_faces(projection: Mapping[str, torch.Tensor]) -> bool:
    """Say whether an IP-Adapter wants the embedding of a face, as FaceID does."""
    plain = "proj.0.weight" in projection and "proj.3.weight" not in projection
    return plain or "perceiver_resampler.proj_in.weight" in projection


def _take(tensors: Mapping[str, torch.Tensor], prefixes: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """Return the tensors under a prefix, by the names that diffusers has for them."""
    found = {}
    for key, tensor in tensors.items():
        if key.startswith(prefixes):
            name = key.partition(".")[2]
            for old, new in _RENAMED:
                name = name.replace(old, new)
            found[name] = tensor
    return found


def _build_redux(tensors: Mapping[str, torch.Tensor], path: Path) -> Any:
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

    width, words = tensors["redux_up.weight"].shape[1], tensors["redux_down.weight"].shape[0]
    network = ReduxImageEncoder(redux_dim=width, txt_in_features=words)
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise ModelError("E612", f"{path.name!r} is not whole: {str(error)[:200]}", hint="copy it again") from None
    return network
