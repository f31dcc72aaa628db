"""Starting noise that a seed alone decides: drawn in float32 on the CPU, whatever the device and the dtype."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

# Where diffusers draws: the posterior of autoencoders, besides the modules of pipelines and schedulers.
_POSTERIOR = "diffusers.models.autoencoders.vae"
_DRAW = "randn_tensor"

_current: ContextVar[tuple[torch.Generator, ...]] = ContextVar("studio_diffusion_noise", default=())


def list_seeds(seed: int, count: int) -> tuple[int, ...]:
    """Return the seeds of several images: image i has the seed `seed + i`."""
    return tuple((seed + index) % 2**63 for index in range(count))


def draw_noise(shape: Sequence[int], generators: Sequence[torch.Generator]) -> torch.Tensor:
    """Draw float32 noise for a batch; each generator draws its own images, as if they were alone."""
    if len(generators) == 1 or shape[0] % len(generators):
        return torch.randn(tuple(shape), generator=generators[0])
    share = (shape[0] // len(generators), *shape[1:])
    return torch.cat([torch.randn(share, generator=each) for each in generators])


@contextmanager
def draw_on_cpu(pipeline: Any, generators: Sequence[torch.Generator], device: torch.device) -> Iterator[None]:
    """Let all noise that a pipeline draws come from these generators, in float32 on the CPU.

    By itself diffusers draws in the dtype of the latents: bfloat16 gives other numbers than float32, and some
    pipelines draw a part from the global generator. That part is left out: an autoencoder then gives the mean.
    """
    for module in _find_modules(pipeline):
        _replace_draw(module)
    token = _current.set(tuple(generators))
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(generators[0].initial_seed())
            yield
    finally:
        _current.reset(token)


def _find_modules(pipeline: Any) -> set[str]:
    parts = [pipeline, getattr(pipeline, "prior_pipe", None), getattr(pipeline, "decoder_pipe", None)]
    parts += [part for part in pipeline.components.values() if hasattr(part, "set_timesteps")]
    names = {kind.__module__ for part in parts if part is not None for kind in type(part).__mro__}
    return {name for name in names | {_POSTERIOR} if name.startswith("diffusers.")}


def _replace_draw(name: str) -> None:
    """Make a module of diffusers ask here first; outside of `draw_on_cpu` it draws as ever."""
    module = sys.modules.get(name)
    original = getattr(module, _DRAW, None)
    if original is None or getattr(original, "asks_first", False):
        return

    def draw(shape: Any, generator: Any = None, device: Any = None, dtype: Any = None, layout: Any = None) -> Any:
        generators = _current.get()
        if not generators:
            return original(shape, generator=generator, device=device, dtype=dtype, layout=layout)
        if generator is None and name == _POSTERIOR:
            return torch.zeros(tuple(shape), device=device, dtype=dtype)
        chosen = generator if isinstance(generator, list | tuple) else [generator] if generator else generators
        return draw_noise(shape, chosen).to(device=device, dtype=dtype)

    draw.asks_first = True  # type: ignore[attr-defined]  # the mark that it was replaced
    setattr(module, _DRAW, draw)
