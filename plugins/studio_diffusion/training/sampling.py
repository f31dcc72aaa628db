"""Pictures from the small model through diffusers' own pipelines, for its scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from studio_diffusion.training.scenes import Scene

STEPS = 14
GUIDANCE = 5.0
"""Of 2, 3.5 and 6, a larger one gave firmer lines and named no fewer things right (40 things, one seed)."""
ZEROS = 16


class PipelineSampler:
    """Samples a pipeline by 20 prompts at a time.

    Attributes:
        seconds_a_picture: Seconds for one picture alone, measured once.
    """

    def __init__(self, pipeline: Any, side: int) -> None:
        self._pipeline, self._side = pipeline, side
        pipeline.set_progress_bar_config(disable=True)
        self._options = {
            "height": side, "width": side, "num_inference_steps": STEPS, "guidance_scale": GUIDANCE,
            "max_sequence_length": ZEROS, "output_type": "np",
        }  # fmt: skip
        self.generate(["a cat"], 0)
        start = time.perf_counter()
        self.generate(["a dog"], 0)
        self.seconds_a_picture = round(time.perf_counter() - start, 2)

    def generate(self, prompts: Sequence[str], seed: int) -> np.ndarray:
        """Return a uint8 picture for each prompt; picture i starts from the noise of seed * 1000 + i."""
        return self._run(self._pipeline, prompts, seed, {})

    def _run(self, pipeline: Any, prompts: Sequence[str], seed: int, more: dict[str, Any]) -> np.ndarray:
        parts = []
        for start in range(0, len(prompts), 20):
            some = list(prompts[start : start + 20])
            generators = [torch.Generator().manual_seed(seed * 1000 + start + i) for i in range(len(some))]
            given = {name: value[start : start + 20] for name, value in more.items()}
            parts.append(pipeline(some, generator=generators, **given, **self._options).images)
        return (np.concatenate(parts) * 255 + 0.5).clip(0, 255).astype(np.uint8)

    def create_sketch_sampler(self, folder: Path) -> Callable[[Sequence[str], np.ndarray, int], np.ndarray]:
        """Return a function that samples with sketches (count x side x side x 3, uint8) through a ControlNet."""
        from diffusers import SD3ControlNetModel, StableDiffusion3ControlNetPipeline

        network = SD3ControlNetModel.from_pretrained(folder).to(self._pipeline.device)
        pipeline = StableDiffusion3ControlNetPipeline.from_pipe(self._pipeline, controlnet=network)
        pipeline.set_progress_bar_config(disable=True)

        def generate(prompts: Sequence[str], sketches: np.ndarray, seed: int) -> np.ndarray:
            images = [Image.fromarray(sketch) for sketch in sketches]
            return self._run(pipeline, prompts, seed, {"control_image": images})

        return generate

    def write_sheets(self, folder: Path, scenes: Sequence[Scene], sets: Sequence[np.ndarray]) -> None:
        """Write one sheet of pictures for each seed and the prompts in order."""
        folder.mkdir(parents=True, exist_ok=True)
        for seed, pictures in enumerate(sets):
            write_sheet(folder / f"seed_{seed}.png", pictures)
        (folder / "prompts.txt").write_text("".join(f"{scene.prompt}\n" for scene in scenes), encoding="utf-8")

    def write_sketch_sheet(self, folder: Path, sketches: np.ndarray, made: np.ndarray) -> None:
        """Write sketches and what was made of them, in pairs."""
        write_sheet(folder / "sketches.png", np.stack([sketches, made], 1).reshape(-1, *sketches.shape[1:]))


def write_sheet(path: Path, pictures: np.ndarray, columns: int = 20) -> None:
    """Write pictures row by row as one PNG."""
    count, height, width = pictures.shape[:3]
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 2), columns * (width + 2), 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        y, x = i // columns * (height + 2), i % columns * (width + 2)
        sheet[y : y + height, x : x + width] = picture
    Image.fromarray(sheet).save(path)
