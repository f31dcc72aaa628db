"""What a pipeline can do against a lack of memory, one measure after the other, and how it is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch

from studio_diffusion.offload import apply_offload

_STACK = 8  # images that are drawn at once


class OpenedPipeline(Protocol):
    """What measures need to know of an opened model."""

    @property
    def pipeline(self) -> Any:
        """The pipeline of diffusers."""

    def find_vae(self) -> Any:
        """Return the autoencoder; None if there is none."""

    def forget_views(self) -> None:
        """Make the pipelines for tasks anew when they are asked for."""


class Measures:
    """The measures of one model: smaller stacks, slicing of the attention, slices and tiles, moving networks away.

    An autoencoder may be shared with other models, so that slices and tiles are switched on only while this model
    uses it.

    Attributes:
        stack: How many images are drawn at once.
        drawn: How many were drawn at once last.
        offload: "", or a name of `OFFLOADS`: how networks are moved off the device.
    """

    def __init__(self, opened: OpenedPipeline, device: str, offload: str = "") -> None:
        self.stack = _STACK
        self.drawn = 1
        self.offload = self._planned = offload
        self._opened = opened
        self._device = device
        self._vae: set[str] = set()
        self._left = self._list()

    def take_next(self) -> str | None:
        """Take the next measure and return what it was; None when there is none left."""
        if self.drawn > 1:
            self.stack = self.drawn = self.drawn // 2
            return f"{self.stack} images at once" if self.stack > 1 else "one image at once"
        while self._left:
            done = self._left.pop(0)()
            if done:
                return done
        return None

    @property
    def hooks_views(self) -> bool:
        """Whether networks are moved by hooks that each pipeline sets anew, for the order of its own calls."""
        return self.offload == "model" or self.offload != self._planned

    def prepare_view(self, view: Any) -> None:
        """Let a pipeline of the same networks move them as this model does; hooks of groups stay where they are."""
        if self.offload == "model":
            apply_offload(view, "model", self._device)
        elif self.hooks_views:
            view.enable_sequential_cpu_offload(device=self._device)

    def undo(self) -> None:
        """Let the pipeline work as it did before any measure."""
        self.stack, self.drawn = _STACK, 1
        self._vae.clear()
        for module in self._find_sliceable():
            module.set_attention_slice(None)
        if self.offload != self._planned:
            self.offload = self._planned
            pipeline = self._opened.pipeline
            pipeline.remove_all_hooks()
            self._opened.forget_views()
            if self._planned:  # "model", from which single layers were moved
                apply_offload(pipeline, self._planned, self._device)
            else:
                pipeline.to(self._device)
        self._left = self._list()

    @contextmanager
    def applied(self, *, tiled: bool = False) -> Iterator[None]:
        """Let the autoencoder work in slices or tiles, as far as measures or the caller say, while the block lasts."""
        vae = self._opened.find_vae()
        wanted = self._vae | ({"tiling"} if tiled else set())
        changed = [name for name in sorted(wanted) if not getattr(vae, f"use_{name}", True)]
        for name in changed:
            getattr(vae, f"enable_{name}")()
        try:
            yield
        finally:
            for name in changed:
                getattr(vae, f"disable_{name}")()

    def _list(self) -> list[Callable[[], str | None]]:
        found = [self._slice_attention, self._slice_vae, self._tile_vae]
        if self._device.partition(":")[0] != "cpu":
            further = {"": [self._offload_models, self._offload_layers], "model": [self._offload_layers]}
            found += further.get(self._planned, [])
        return found

    def _find_sliceable(self) -> list[Any]:
        parts = self._opened.pipeline.components.values()
        return [part for part in parts if isinstance(part, torch.nn.Module) and hasattr(part, "set_attention_slice")]

    def _slice_attention(self) -> str | None:
        modules = self._find_sliceable()
        for module in modules:
            module.set_attention_slice("auto")
        return "attention slicing" if modules else None

    def _slice_vae(self) -> str | None:
        return self._ask_vae("slicing")

    def _tile_vae(self) -> str | None:
        return self._ask_vae("tiling")

    def _ask_vae(self, name: str) -> str | None:
        vae = self._opened.find_vae()
        if not hasattr(vae, f"enable_{name}") or not hasattr(vae, f"use_{name}"):
            return None
        self._vae.add(name)
        return f"VAE {name}"

    def _offload_models(self) -> str | None:
        try:
            self._opened.pipeline.enable_model_cpu_offload(device=self._device)
        except (ValueError, NotImplementedError, AttributeError):
            return None
        self.offload = "model"
        self._opened.forget_views()
        return "offloading of idle networks to memory"

    def _offload_layers(self) -> str | None:
        self._opened.pipeline.enable_sequential_cpu_offload(device=self._device)
        self.offload = "sequential"
        self._opened.forget_views()
        return "offloading of idle layers to memory, which is slow"
