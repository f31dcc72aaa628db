"""What Studio adds to a diffusion model: pictures a second against diffusers' own pipeline.

    python benchmarks/bench_diffusion.py                     the table, in Markdown
    python benchmarks/bench_diffusion.py --model file:DIR    with a model of your own

Both sides share the weights, the process and the settings, and take turns, so that a change of the machine's load
meets both; each figure is the median. On a machine that others use too, CPU time says more than the clock. Studio
runs a whole graph with its cache off: plan, executor, model lease, noise, checks, result. Eight pictures are eight
prompts: for Studio a list that the executor stacks, for the pipeline `pipeline(list_of_8)`. On a machine with a GPU
a pipeline of SDXL's size with random weights is measured too.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from studio.api import Image, Model
from studio.app import Studio, read_settings

PROMPTS = ["a red apple", "a blue cat", "a car", "a house", "a rocket", "a tree", "a fish", "a green frog"]
MINI = "builtin:mini"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=MINI, help="model reference")
    parser.add_argument("--steps", type=int, default=14)
    parser.add_argument("--side", type=int, default=0, help="pixels; 0 for the model's own")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder:
        settings = read_settings(cache_dir=Path(folder) / "cache", device=options.device)
        with Studio(settings) as studio:
            measure_model(studio, options.model, options.steps, options.side, options.repeats)
            if studio.device.kind == "cuda" and options.model == MINI:
                large = write_sdxl_of_random_weights(Path(folder) / "sdxl", studio.device.name)
                measure_model(studio, f"file:{large}", 20, 1024, 3)


def measure_model(studio: Studio, model: str, steps: int, side: int, repeats: int) -> None:
    """Print a model's table."""
    with studio.models.open(Model(model), studio.device) as opened:
        bare = create_bare(opened, steps, side)
        loads = studio.models.loads
        print(f"{model} on {studio.device.name} ({studio.device.dtype}), {steps} steps\n")
        print("| pictures | bare, pictures a second | Studio, pictures a second | Studio / bare | by CPU time | aim |")
        print("|---|---|---|---|---|---|")
        for count, aim in ((1, "0.97"), (8, "1.00")):
            prompts = PROMPTS[:count]
            ours, theirs, by_cpu = take_turns(
                lambda prompts=prompts: run_graph(studio, model, prompts, steps, side),
                lambda prompts=prompts: bare(prompts),
                repeats,
            )
            print(
                f"| {count} | {count / theirs:.3f} | {count / ours:.3f} | {theirs / ours:.3f} | {by_cpu:.3f} | {aim} |"
            )
        print(f"\nThe model was opened {studio.models.loads - loads + 1} time(s).\n")


def create_bare(opened: Any, steps: int, side: int) -> Callable[[Sequence[str]], Any]:
    """Return a function that calls the pipeline as its users do."""
    import torch

    from studio.api.quiet import hush

    given: dict[str, Any] = {"num_inference_steps": steps, "guidance_scale": float(opened.defaults["guidance_scale"])}
    if side:
        given |= {"width": side, "height": side}
    if "max_sequence_length" in opened.defaults:
        given["max_sequence_length"] = opened.defaults["max_sequence_length"]

    def draw(prompts: Sequence[str]) -> Any:
        generators = [torch.Generator().manual_seed(i + 1) for i in range(len(prompts))]
        with hush("diffusers", "transformers"):
            return opened.pipeline(list(prompts), generator=generators, **given).images

    return draw


def run_graph(studio: Studio, model: str, prompts: Sequence[str], steps: int, side: int) -> list[Image]:
    """Run a graph that draws one picture for each prompt, and return them."""
    inputs: dict[str, Any] = {
        "prompt": list(prompts) if len(prompts) > 1 else prompts[0],
        "model": model,
        "steps": steps,
    }
    if side:
        inputs |= {"width": side, "height": side}
    graph = {
        "studio": 1,
        "nodes": {"draw": {"type": "diffusion.text_to_image", "inputs": inputs}},
        "outputs": {"picture": {"from": "draw.image"}},
    }
    result = studio.run(studio.load(graph), cache="off")
    if result.errors:
        raise result.errors[0]
    found = result["picture"]
    return found if isinstance(found, list) else [found]


def take_turns(ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> tuple[float, float, float]:
    """Return the median seconds of both and the ratio of their CPU seconds, called in turns after one to warm up."""
    seconds: tuple[list[float], list[float]] = ([], [])
    work: tuple[list[float], list[float]] = ([], [])
    ours()
    theirs()
    for turn in range(repeats):
        order = (0, 1) if turn % 2 else (1, 0)
        for which in order:
            begin, worked = perf_counter(), process_time()
            (ours, theirs)[which]()
            seconds[which].append(perf_counter() - begin)
            work[which].append(process_time() - worked)
    ratio = statistics.median(work[1]) / statistics.median(work[0])
    return statistics.median(seconds[0]), statistics.median(seconds[1]), ratio


def write_sdxl_of_random_weights(folder: Path, device: str) -> Path:
    """Write a pipeline of SDXL's size with random weights and a tokenizer of single letters."""
    import torch
    from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    letters = [chr(code) for code in range(97, 123)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77)
    text = {"vocab_size": 49408, "num_attention_heads": 12, "hidden_act": "quick_gelu"}
    torch.manual_seed(0)
    with torch.device(device):
        unet = UNet2DConditionModel(
            sample_size=128,
            block_out_channels=(320, 640, 1280),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 2, 10),
            attention_head_dim=(5, 10, 20),
            cross_attention_dim=2048,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        )
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            latent_channels=4,
            sample_size=1024,
            scaling_factor=0.13025,
        )
        first = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, **text))
        wide = {**text, "num_attention_heads": 20, "projection_dim": 1280}
        second = CLIPTextModelWithProjection(
            CLIPTextConfig(hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, **wide)
        )
    pipeline = StableDiffusionXLPipeline(
        vae=vae.bfloat16(),
        unet=unet.bfloat16(),
        text_encoder=first.bfloat16(),
        text_encoder_2=second.bfloat16(),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        scheduler=EulerDiscreteScheduler(),
        add_watermarker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
