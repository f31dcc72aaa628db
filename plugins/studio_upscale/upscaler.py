"""Opened models behind one face: `Upscaler`."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from studio.api import ModelError
from studio.api.quiet import hush
from studio_upscale.codes import UNSEEN, USUAL, find_codes
from studio_upscale.gauge import SCALES, Gauge, find_middle
from studio_upscale.pixels import AnyArray, FloatArray, find_brightness, join_planes, split_planes, to_floats

if TYPE_CHECKING:
    from studio_upscale.networks.compact import Compact


SURE = 0.7
"""How sure the gauge must be that an image was made smaller with antialiasing."""


class Upscaler(ABC):
    """A model that makes images larger, or better at the same size.

    Attributes:
        scales: Factors per side that it was made for; 1 means that it restores.
        reach: How many pixels away a pixel can matter; 0 if that is not known.
        name: What it is, for messages.
    """

    scales: tuple[int, ...]
    reach: int
    name: str

    def inspect(self, image: AnyArray, scale: int) -> tuple[float, ...]:
        """Inspect a whole image (height x width x channels) before its tiles are run.

        Returns:
            What the network wants to know of it, for `run`.
        """
        return ()

    def describe_enlarged(self, scale: int) -> tuple[float, ...]:
        """Return the codes of an image that was enlarged before, of which inspection would say nothing."""
        return ()

    def is_clean(self, image: AnyArray, scale: float) -> bool:
        """Say whether an image (height x width x channels) was made smaller with antialiasing, and is not JPEG."""
        return False

    def run(self, images: FloatArray, scale: int, seen: Sequence[Sequence[float]] | None = None) -> FloatArray:
        """Enlarge images, N x height x width x channels (1 or 3), by one of `scales`.

        Args:
            images: Whole ones, or tiles of the same place of each.
            scale: One of `scales`.
            seen: What `inspect` said of each of the whole images; without it, they are inspected here.

        Raises:
            ModelError: E693 if the network gives NaN or another size.
        """
        made = self._run(images, scale, [self.inspect(p, scale) for p in images] if seen is None else seen)
        count, height, width, channels = images.shape
        if made.shape != (count, height * scale, width * scale, channels):
            raise ModelError(
                "E693",
                f"{self.name} made {made.shape[2]} x {made.shape[1]} of {width} x {height} pixels, not x{scale}",
                hint="the weights are not what they say they are; take others",
            )
        if not np.isfinite(made).all():
            raise ModelError(
                "E693",
                f"{self.name} returned NaN",
                hint="mostly float16 that overflows: --dtype fp32",
            )
        return made

    @abstractmethod
    def _run(self, images: FloatArray, scale: int, seen: Sequence[Sequence[float]]) -> FloatArray: ...

    def measure(self) -> int:
        """Return the bytes of the weights."""
        return 0


class CompactUpscaler(Upscaler):
    """The networks of this plugin: brightness and, unless `fast`, each difference of color as a plane by itself.

    A network of three planes takes red, green and blue together.
    """

    def __init__(
        self,
        networks: Mapping[int, Compact],
        gauge: Gauge | None,
        *,
        fast: bool,
        device: str,
    ) -> None:
        self._networks, self._gauge = dict(networks), gauge
        self._fast, self._device = fast, device
        self.scales = tuple(sorted(networks))
        self.reach = max(network.reach for network in networks.values())
        self.name = "the compact network"

    def inspect(self, image: AnyArray, scale: int) -> tuple[float, ...]:
        """Guess how an image was made small, and how hard it was compressed since."""
        coded = self._networks[scale].coded
        if not coded:
            return ()
        assert self._gauge is not None  # a file of coded networks has one
        brightness = find_brightness(to_floats(find_middle(image)))
        return find_codes(brightness, self._gauge, scale, USUAL)[:coded]

    def is_clean(self, image: AnyArray, scale: float) -> bool:
        """Ask the gauge, for the next larger scale that it knows; it must be sure."""
        factor = next((factor for factor in SCALES if factor >= scale), 0)
        if self._gauge is None or not factor:
            return False
        colors = image[..., :3] if image.ndim == 3 and image.shape[2] > 2 else image[..., :1]
        sampled, averaged, pressed = find_codes(
            find_brightness(to_floats(find_middle(colors))), self._gauge, factor, USUAL
        )
        return pressed == 0 and sampled + averaged < 1 - SURE

    def describe_enlarged(self, scale: int) -> tuple[float, ...]:
        """Return what is usual, without a trace of JPEG."""
        return UNSEEN[: self._networks[scale].coded]

    def _run(self, images: FloatArray, scale: int, seen: Sequence[Sequence[float]]) -> FloatArray:
        if self._networks[scale].planes == 3:
            return self._run_colors(images, scale, seen)
        if images.shape[3] == 1:
            return self._run_planes(images[..., 0], scale, seen)[..., None]
        planes = split_planes(images)
        if self._fast:
            brightness = self._run_planes(planes[..., 0], scale, seen)[..., None]
            return join_planes(np.concatenate([brightness, _interpolate(planes[..., 1:], scale)], axis=3))
        count = len(images)
        stack = planes.transpose(3, 0, 1, 2).reshape(3 * count, *planes.shape[1:3])
        made = self._run_planes(stack, scale, [*seen] * 3)
        return join_planes(made.reshape(3, count, *made.shape[1:]).transpose(1, 2, 3, 0))

    def _run_colors(self, images: FloatArray, scale: int, seen: Sequence[Sequence[float]]) -> FloatArray:
        colors = np.repeat(images, 3, axis=3) if images.shape[3] == 1 else images
        made = self._run_network(colors.transpose(0, 3, 1, 2), scale, seen).transpose(0, 2, 3, 1)
        return made.mean(axis=3, keepdims=True) if images.shape[3] == 1 else made

    def _run_planes(self, planes: FloatArray, scale: int, codes: Sequence[Sequence[float]]) -> FloatArray:
        return self._run_network(planes[:, None], scale, codes)[:, 0]

    def _run_network(self, planes: FloatArray, scale: int, codes: Sequence[Sequence[float]]) -> FloatArray:
        """Run the network of a scale on N x planes x height x width."""
        given = torch.from_numpy(np.ascontiguousarray(planes)).to(self._device)
        with torch.inference_mode():
            made = self._networks[scale](given, scale, torch.tensor(codes, dtype=torch.float32))
            made = made if scale == 1 else _hold(made, given, scale)
        found: FloatArray = made.cpu().numpy()
        return found

    def measure(self) -> int:
        """Return the bytes of the weights, none twice."""
        return measure_modules({id(network): network for network in self._networks.values()}.values())


def _hold(made: torch.Tensor, given: torch.Tensor, scale: int) -> torch.Tensor:
    """Keep enlarged planes within reach of what is around each pixel: what is flat stays as it is, to the bit.

    Around are 5 x 5 pixels; a pixel may leave their range by as much as it is wide.
    """
    most, least = (sign * functional.max_pool2d(sign * given, 5, stride=1, padding=2) for sign in (1, -1))
    room = most - least
    bounds = (functional.interpolate(bound, scale_factor=scale) for bound in (least - room, most + room))
    return made.clamp(*bounds)


def _interpolate(planes: FloatArray, scale: int) -> FloatArray:
    if scale == 1:
        return planes
    given = torch.from_numpy(np.ascontiguousarray(planes.transpose(0, 3, 1, 2)))
    grown: FloatArray = functional.interpolate(given, scale_factor=scale, mode="bicubic").numpy()
    return grown.transpose(0, 2, 3, 1)


class SpandrelUpscaler(Upscaler):
    """A network of one of the architectures that spandrel knows."""

    _LEAST = 16  # smaller images are padded: attention windows and reflections want some room

    def __init__(self, descriptor: Any) -> None:
        self._descriptor = descriptor
        self.scales, self.reach = (int(descriptor.scale),), 0
        self.name = f"the {descriptor.architecture.name} network"

    def _run(self, images: FloatArray, scale: int, seen: Sequence[Sequence[float]]) -> FloatArray:
        return np.stack([self._run_one(image, scale) for image in images])

    def _run_one(self, image: FloatArray, scale: int) -> FloatArray:
        height, width, channels = image.shape
        wanted = self._descriptor.input_channels
        if channels != wanted:
            image = np.repeat(image, 3, axis=2) if channels == 1 else image
        room = ((0, max(0, self._LEAST - height)), (0, max(0, self._LEAST - width)), (0, 0))
        padded = torch.from_numpy(np.pad(image, room, mode="edge").transpose(2, 0, 1).copy())
        planes = padded[None] if channels == wanted or wanted == 3 else padded[:, None]
        made = torch.cat([self._call(plane[None]) for plane in planes])
        stacked = made[0] if len(planes) == 1 else made[:, 0]
        cut: FloatArray = stacked[:, : height * scale, : width * scale].permute(1, 2, 0).float().cpu().numpy()
        return cut.mean(axis=2, keepdims=True) if channels == 1 and cut.shape[2] == 3 else cut

    def _call(self, given: torch.Tensor) -> torch.Tensor:
        descriptor = self._descriptor
        with torch.inference_mode():
            made: torch.Tensor = descriptor(given.to(descriptor.device, descriptor.dtype))
        return made

    def measure(self) -> int:
        """Return the bytes of the weights."""
        return measure_modules([self._descriptor.model])


class PipelineUpscaler(Upscaler):
    """A pipeline of diffusers that enlarges: the x4 upscaler or the latent x2 upscaler.

    Every tile starts from noise of the same seed. Images are padded to sides that the pipeline takes.
    """

    _MULTIPLE = 64

    def __init__(self, pipeline: Any, scale: int, *, prompt: str, steps: int, guidance_scale: float, seed: int) -> None:
        self._pipeline, self._seed = pipeline, seed
        self._settings = {"prompt": prompt, "num_inference_steps": steps, "guidance_scale": guidance_scale}
        self.scales, self.reach = (scale,), 0
        self.name = type(pipeline).__name__

    def _run(self, images: FloatArray, scale: int, seen: Sequence[Sequence[float]]) -> FloatArray:
        return np.stack([self._run_one(image, scale) for image in images])

    def _run_one(self, image: FloatArray, scale: int) -> FloatArray:
        import PIL.Image

        height, width, channels = image.shape
        room = ((0, -height % self._MULTIPLE), (0, -width % self._MULTIPLE), (0, 0))
        padded = np.pad(np.repeat(image, 3, axis=2) if channels == 1 else image, room, mode="edge")
        given = PIL.Image.fromarray(np.rint(padded * 255).astype(np.uint8))
        generator = torch.Generator("cpu").manual_seed(self._seed)
        with hush("diffusers", "transformers"):
            made = self._pipeline(image=given, generator=generator, output_type="np", **self._settings).images[0]
        cut: FloatArray = np.asarray(made, np.float32)[: height * scale, : width * scale]
        return cut.mean(axis=2, keepdims=True) if channels == 1 else cut


class SelfEnsemble(Upscaler):
    """The mean of what a model makes of the eight turns and mirrorings of an image (Timofte et al. 2016)."""

    def __init__(self, upscaler: Upscaler) -> None:
        self._upscaler = upscaler
        self.scales, self.reach, self.name = upscaler.scales, upscaler.reach, upscaler.name

    def inspect(self, image: AnyArray, scale: int) -> tuple[float, ...]:
        """Inspect a whole image as the model does; no turn changes that."""
        return self._upscaler.inspect(image, scale)

    def describe_enlarged(self, scale: int) -> tuple[float, ...]:
        """Return what the model says."""
        return self._upscaler.describe_enlarged(scale)

    def _run(self, images: FloatArray, scale: int, seen: Sequence[Sequence[float]]) -> FloatArray:
        total: Any = 0
        for turn, mirrored in itertools.product(range(4), (False, True)):
            given = np.rot90(images[:, :, ::-1] if mirrored else images, turn, (1, 2))
            made = np.rot90(self._upscaler.run(np.ascontiguousarray(given), scale, seen), -turn, (1, 2))
            total = total + (made[:, :, ::-1] if mirrored else made)
        mean: FloatArray = total / np.float32(8)
        return mean


PIPELINES = {"StableDiffusionUpscalePipeline": 4, "StableDiffusionLatentUpscalePipeline": 2}
"""How many times larger the pipelines of diffusers make an image, by class."""


def find_upscaler(
    opened: Any, *, prompt: str = "", steps: int = 20, guidance_scale: float = 0.0, seed: int = 0
) -> Upscaler:
    """Return an opened model as an `Upscaler`.

    Raises:
        ModelError: E692 if the model does something else.
    """
    if isinstance(opened, Upscaler):
        return opened
    pipeline = getattr(opened, "pipeline", None)
    scale = PIPELINES.get(type(pipeline).__name__)
    if scale is None:
        what = type(opened if pipeline is None else pipeline).__name__
        raise ModelError(
            "E692",
            f"this model ({what}) does not enlarge images",
            hint="take builtin:compact, safetensors of a super-resolution network, or diffusers' upscaling pipelines",
        )
    return PipelineUpscaler(pipeline, scale, prompt=prompt, steps=steps, guidance_scale=guidance_scale, seed=seed)


def measure_modules(modules: Any) -> int:
    """Return the bytes of the parameters and buffers of networks."""
    return sum(t.nbytes for module in modules for t in (*module.parameters(), *module.buffers()))
