"""`LoraTraining`: a model whose LoRA is trained; how to train is for the node types of other plugins to say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, cast

import torch

from studio.api import Context, Image, ModelError
from studio.api.quiet import hush
from studio_diffusion.conditioning import Tensors, encode_prompts, encode_with_gradients, takes_guidance
from studio_diffusion.denoisers import find_denoisers
from studio_diffusion.families import TEXT
from studio_diffusion.generate import make_request, sample
from studio_diffusion.latents import decode_latents, encode_pixels
from studio_diffusion.lora import remove_loras
from studio_diffusion.pixels import check_latents, read_image
from studio_diffusion.sizes import Size, choose_size
from studio_diffusion.training_loss import LOSSES, measure_loss
from studio_diffusion.watch import Watch

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

ADAPTER = "studio_training"
_DENOISER_LAYERS = (
    "to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out",
    "ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2",
)  # fmt: skip
_SMALL = 100_000_000  # weights of a denoiser
_TEXT_LAYERS = ("q_proj", "k_proj", "v_proj", "out_proj")


class LoraTraining:
    """A model with a LoRA that is being trained; `train_lora` makes it.

    Attributes:
        opened: The model.
        size: Width and height of the images that it learns from and draws.
        weights: The matrices that are trained, float32, by the names that files of LoRAs have.
    """

    def __init__(self, opened: PipelineModel, pipeline: Any, size: Size, *, text: bool, bfloat16: bool) -> None:
        self.opened = opened
        self.size = size
        self.weights: dict[str, torch.nn.Parameter] = {}
        self._pipeline = pipeline
        self._scheduler = opened.make_scheduler()
        self._text = text
        self._bfloat16 = bfloat16

    @property
    def words(self) -> Sequence[str]:
        """Names of the things that the model knows; () if it does not say."""
        return tuple(self.opened.about.get("words", ()))

    @property
    def learning_rate(self) -> float:
        """One that suits the size of the denoiser."""
        denoisers = find_denoisers(self._pipeline).values()
        count = sum(weight.numel() for network in denoisers for weight in network.parameters())
        return 2e-3 if count < _SMALL else 1e-4

    def read_images(self, images: Sequence[Image]) -> torch.Tensor:
        """Return images of its size, batch x 3 x height x width in [0, 1]; what is too long is cut off at both ends."""
        return torch.cat([read_image(_cut(image, self.size), self.size) for image in images])

    def encode_images(self, images: Sequence[Image]) -> torch.Tensor:
        """Return the latents of images, float32 on the CPU.

        Raises:
            StudioError: E622 if the autoencoder returns NaN.
        """
        latents = torch.cat([encode_pixels(self.opened, self.read_images([image])) for image in images])
        check_latents(latents)
        return latents.float().cpu()

    def measure_loss(self, latents: torch.Tensor, prompts: Sequence[str], generator: torch.Generator) -> torch.Tensor:
        """Return the loss of some latents with their prompts, to call `backward` on.

        Args:
            latents: batch x channels x rows x columns.
            prompts: One for each.
            generator: Draws noise and noise levels; on the CPU.
        """
        self.opened.set_scheduler(self._pipeline, self._scheduler)  # drawing leaves another one
        device = self.opened.device
        with (
            hush("diffusers", "transformers"),
            torch.enable_grad(),
            torch.autocast(device.type, torch.bfloat16, enabled=self._bfloat16),
        ):
            return measure_loss(self._pipeline, latents.to(device), self._encode(prompts), generator)

    def _encode(self, prompts: Sequence[str]) -> Tensors:
        distinct = list(dict.fromkeys(prompts))
        with torch.set_grad_enabled(self._text):
            tensors = encode_with_gradients(self.opened, self._pipeline, distinct)
        rows = [distinct.index(prompt) for prompt in prompts]
        return {name: tensor[rows] for name, tensor in tensors.items()}

    def draw(
        self, prompts: Sequence[str], seeds: Sequence[int], on_step: Callable[[], None], *, plain: bool = False
    ) -> torch.Tensor:
        """Draw images with the model's own settings: batch x 3 x height x width in [0, 1], float32 on the CPU.

        Args:
            prompts: One for each image.
            seeds: One for each image.
            on_step: Called at each step.
            plain: Draw without the LoRA.

        Raises:
            StudioError: E622 if the denoiser returns NaN.
        """
        opened, pipeline = self.opened, self._pipeline
        drawn = []
        with torch.no_grad(), hush("diffusers", "transformers"), self._without() if plain else nullcontext():
            for begin in range(0, len(seeds), 8):
                part = slice(begin, begin + 8)
                request = make_request(opened, prompts=prompts[part], seeds=seeds[part], size=self.size)
                guided = takes_guidance(opened, request.guidance_scale)
                tensors = encode_prompts(opened, pipeline, request.prompts, "", guided=guided)
                watch = Watch(cast(Context, _Steps(on_step)), opened, self.size)
                made = sample(opened, pipeline, TEXT, request, watch, tensors=tensors)
                drawn.append(decode_latents(opened, made).cpu().clamp(0, 1))
        return torch.cat(drawn)

    @contextmanager
    def _without(self) -> Iterator[None]:
        networks = _find_networks(self._pipeline, text=self._text)
        for network in networks.values():
            network.disable_adapters()
        try:
            yield
        finally:
            for network in networks.values():
                network.enable_adapters()


class _Steps:
    """What a watch over a drawing needs of a context."""

    def __init__(self, on_step: Callable[[], None]) -> None:
        self._on_step = on_step

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        self._on_step()

    def log(self, message: str, *, call: int | None = None) -> None:
        """Say nothing: what the model does not know of a prompt is what it learns."""


@contextmanager
def train_lora(
    opened: PipelineModel,
    *,
    rank: int,
    text_rank: int,
    seed: int,
    size: int | None,
    bfloat16: bool,
    checkpointing: bool,
    log: Callable[[str], None],
) -> Iterator[LoraTraining]:
    """Put a fresh LoRA into a model while the block lasts; afterwards the model is as it was.

    Args:
        opened: The model.
        rank: Rank of the LoRA in the denoiser.
        text_rank: Rank of the LoRA in the text encoders; 0 leaves them as they are.
        seed: Of the first weights.
        size: Sides of the images; None for the model's own.
        bfloat16: Compute in bfloat16 where that is exact enough; the LoRA itself is float32.
        checkpointing: Compute activations twice rather than keep them, which needs less memory.
        log: Takes warnings.

    Raises:
        ModelError: E616 if models of this architecture are not trained, or this one waits outside the device.
    """
    pipeline = opened.for_task(TEXT)
    _check(opened, pipeline)
    training = LoraTraining(
        opened, pipeline, choose_size(opened, size or 0, size or 0, log), text=text_rank > 0, bfloat16=bfloat16
    )
    denoisers = list(find_denoisers(pipeline).values())
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            part.requires_grad_(False)
    try:
        with hush("diffusers", "transformers"), torch.random.fork_rng(devices=[]):
            for name, network in _find_networks(pipeline, text=text_rank > 0).items():
                _add_adapter(network, rank if network in denoisers else text_rank, is_text=network not in denoisers)
                training.weights |= {f"{name}.{key}": weight for key, weight in _find_weights(network)}
        _fill(training.weights, seed)
        for denoiser in denoisers if checkpointing else ():
            denoiser.enable_gradient_checkpointing()
        yield training
    finally:
        for denoiser in denoisers if checkpointing else ():
            denoiser.disable_gradient_checkpointing()
        remove_loras(pipeline)


def _check(opened: PipelineModel, pipeline: Any) -> None:
    if type(pipeline).__name__ not in LOSSES:
        raise ModelError(
            "E616",
            f"a model of {opened.info.title} cannot be trained here",
            hint="train.lora trains models of Stable Diffusion 1, 2, XL and 3",
        )
    if opened.measures.offload:
        raise ModelError(
            "E616",
            "a model whose networks wait outside the device cannot be trained",
            hint="leave the load option offload out; if memory ran out, lower batch_size or size, "
            "or set gradient_checkpointing",
        )


def _find_networks(pipeline: Any, *, text: bool) -> dict[str, Any]:
    """Return the networks that get a LoRA, by name: denoisers, and CLIP text encoders if these learn too."""
    found = dict(find_denoisers(pipeline))
    for name in ("text_encoder", "text_encoder_2") if text else ():
        encoder = pipeline.components.get(name)
        if encoder is not None and type(encoder).__name__.startswith("CLIP"):
            found[name] = encoder
    return found


def _add_adapter(network: Any, rank: int, *, is_text: bool) -> None:
    from peft import LoraConfig

    wanted = _TEXT_LAYERS if is_text else _DENOISER_LAYERS
    network.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=list(wanted)), adapter_name=ADAPTER)


def _find_weights(network: Any) -> Iterator[tuple[str, torch.nn.Parameter]]:
    """Yield the matrices of a network's LoRA by the names in files, float32."""
    for name, weight in network.named_parameters():
        if f".{ADAPTER}." in name:
            weight.data = weight.data.float()
            weight.requires_grad_(True)
            yield name.replace(f".{ADAPTER}", ""), weight


def _fill(weights: dict[str, torch.nn.Parameter], seed: int) -> None:
    """Begin with a LoRA that changes nothing: B is zero, A is drawn, the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in weights.items():
            if ".lora_A." in name:
                drawn = torch.randn(weight.shape, generator=generator) / math.sqrt(weight.shape[1])
                weight.copy_(drawn.to(weight.device))
            else:
                weight.zero_()


def _cut(image: Image, size: Size) -> Image:
    """Cut the middle of an image out that has the shape of a size."""
    width = max(1, min(image.width, round(image.height * size[0] / size[1])))
    height = max(1, min(image.height, round(image.width * size[1] / size[0])))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return Image(image.pixels[top : top + height, left : left + width].copy())
