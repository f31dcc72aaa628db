"""Steps of a pipeline as progress, cancelling and previews, for every pipeline that has a scheduler."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from studio.api import Context, Image
from studio_diffusion.families import PARTS
from studio_diffusion.latents import decode_latents, find_scale, unpack
from studio_diffusion.pixels import FloatArray

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

_PREVIEWS = 4
_SHORTEST_SECONDS = 3.0  # a shorter run needs no previews
_SHARE = 0.02  # of the run's time that previews may take
_SIDE = 192  # pixels, about


@dataclass
class Watch:
    """Reports the steps of a pipeline to the context.

    Attributes:
        ctx: Whom to report to.
        opened: The model.
        size: Width and height that is drawn.
        rounds: How many times the pipeline runs.
        round: Which time it is, from 0.
    """

    ctx: Context
    opened: PipelineModel
    size: tuple[int, int]
    rounds: int = 1
    round: int = 0
    _begin: float = 0.0
    _spent: float = 0.0
    _shown: int = 0

    def __post_init__(self) -> None:
        self._begin = self._read_clock()

    def _read_clock(self) -> float:
        """Return the time in seconds: on a CPU what this thread worked, which other programs do not stretch."""
        return time.thread_time() if self.opened.device.type == "cpu" else time.perf_counter()

    @contextmanager
    def follow(self, pipeline: Any) -> Iterator[None]:
        """Hear of each step that a scheduler of the pipeline takes while the block lasts."""
        found = {id(each): each for each in _find_schedulers(pipeline)}
        for scheduler in found.values():
            scheduler.step = self._wrap(pipeline, scheduler)
        try:
            yield
        finally:
            for scheduler in found.values():
                del scheduler.step

    def _wrap(self, pipeline: Any, scheduler: Any) -> Callable[..., Any]:
        take_step = scheduler.step
        state = {"done": 0, "total": 0}

        @functools.wraps(take_step)  # pipelines ask what it takes
        def step(*args: Any, **options: Any) -> Any:
            given = dict(zip(("model_output", "timestep", "sample"), args, strict=False)) | options
            if not state["done"]:
                state["total"] = _count_steps(scheduler, given["timestep"])
            wanted = self._wants_preview(state["done"] + 1, state["total"])
            clean = (
                estimate_clean(scheduler, given["model_output"], given["timestep"], given["sample"]) if wanted else None
            )
            result = take_step(*args, **options)
            state["done"] = min(state["done"] + 1, state["total"])
            preview = None if clean is None else self._show(pipeline, clean)
            total = state["total"]
            self.ctx.step(self.round * total + state["done"], self.rounds * total, preview)
            return result

        return step

    def _wants_preview(self, done: int, total: int) -> bool:
        """Say whether a preview is due, and takes little of the time of the run."""
        due = (self._shown + 1) * total // (_PREVIEWS + 1)
        if self.opened.family not in PARTS or self._shown >= _PREVIEWS or self.round or not due <= done < total:
            return False
        passed = self._read_clock() - self._begin
        whole = passed / done * total * self.rounds
        each = self._spent / self._shown if self._shown else 0.0
        return whole > _SHORTEST_SECONDS and self._spent + each <= _SHARE * (whole - self._spent)

    def _show(self, pipeline: Any, clean: torch.Tensor) -> Image | None:
        begin = self._read_clock()
        try:
            return make_preview(self.opened, unpack(pipeline, clean[:1], *self.size))
        finally:
            self._shown += 1
            self._spent += self._read_clock() - begin


def make_preview(opened: PipelineModel, latents: torch.Tensor) -> Image | None:
    """Decode a small copy of latents; None where they hold no numbers."""
    if latents.ndim != 4:
        return None
    rows, columns = latents.shape[2:]
    shrink = min(1.0, _SIDE / find_scale(opened) / max(rows, columns))
    if shrink < 1:
        small = (max(1, round(rows * shrink)), max(1, round(columns * shrink)))
        latents = functional.interpolate(latents.float(), small, mode="area")
    pixels = decode_latents(opened, latents)[0].to("cpu")
    if not torch.isfinite(pixels).all():
        return None
    array: FloatArray = pixels.clamp(0, 1).permute(1, 2, 0).contiguous().numpy()
    return Image(array)


def estimate_clean(scheduler: Any, output: Any, timestep: Any, sample: Any) -> torch.Tensor | None:
    """Estimate from one step where the drawing goes: the latent without its noise; None where it cannot be said."""
    if not isinstance(output, torch.Tensor) or output.shape != sample.shape:
        return None
    moment = float(torch.as_tensor(timestep).flatten()[0])
    made: torch.Tensor = output.float()
    noisy: torch.Tensor = sample.float()
    config = scheduler.config
    kind = config.get("prediction_type", "epsilon")
    if "FlowMatch" in type(scheduler).__name__ or kind == "flow_prediction" or hasattr(scheduler, "scale_noise"):
        level: float = moment / config.get("num_train_timesteps", 1000)
        return noisy - level * made
    share = getattr(scheduler, "alphas_cumprod", None)
    if share is None:
        return None
    kept = float(share[min(int(moment), len(share) - 1)])
    if kind == "sample":
        return made
    if _has_large_noise(scheduler):
        noisy = noisy * math.sqrt(kept)  # it holds the noise beside the whole image: bring both to length 1
    if kind == "v_prediction":
        return math.sqrt(kept) * noisy - math.sqrt(1 - kept) * made
    return (noisy - math.sqrt(1 - kept) * made) / math.sqrt(max(kept, 1e-6))


def _has_large_noise(scheduler: Any) -> bool:
    return float(getattr(scheduler, "init_noise_sigma", 1.0)) > 1.5


def _count_steps(scheduler: Any, timestep: Any) -> int:
    """Count the steps from a timestep to the end."""
    timesteps = torch.as_tensor(scheduler.timesteps).flatten().cpu()
    moment = torch.as_tensor(timestep).flatten()[0].cpu()
    index = (timesteps == moment.to(timesteps.dtype)).nonzero()
    return len(timesteps) - (int(index[0]) if len(index) else 0)


def _find_schedulers(pipeline: Any) -> list[Any]:
    return [part for part in pipeline.components.values() if hasattr(part, "set_timesteps") and hasattr(part, "step")]
