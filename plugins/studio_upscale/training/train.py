"""Train the networks from nothing: `python -m studio_upscale.training.train --out FOLDER`.

The stages: a trunk that learns x2, x3 and x4 at once, then networks for x2 and x4 that begin with that trunk, and go on
as `coded` ones with the guess of `gauge.py` beside the picture; the fast network; the network that restores; `steady`
goes on from it with more that is hardly harmed or not at all; `tuned` networks go on from the coded ones, told of
JPEG's steps too (`jpeg.py`), with more that was sampled without smoothing or compressed. Each has a budget in minutes
or steps and a checkpoint it goes on from. With budgets in steps, a seed repeats on one machine.
The stage `export` writes what ships: fp16 safetensors and a model card. One file for CPU and GPU; on a GPU raise
`--batch` and the minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAGES = ("trunk", "x2", "x4", "coded2", "coded4", "fast", "restore", "steady", "tuned2", "tuned3", "tuned4", "export")
BRIEF = ("fast", "restore")  # stages so short that the average still holds their beginning
MINUTES = {"trunk": 13.0, "x2": 7.5, "x4": 7.5, "coded2": 5.0, "coded4": 4.5, "fast": 3.0, "restore": 3.5}
MINUTES |= {"steady": 5.5, "tuned2": 11.5, "tuned3": 3.5, "tuned4": 8.2}


@dataclass(frozen=True)
class Stage:
    """What one stage trains."""

    name: str
    scales: tuple[int, ...]
    width: int
    blocks: int
    rate: float
    rate_end: float
    softness: float
    start: str | None = None
    coded: int = 0


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="studio_upscale.training.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and results")
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], help="folders of more pictures")
    parser.add_argument("--artwork", type=Path, help="archive (tar) of emoji artwork")
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--minutes", type=float, help="budget of every stage, instead of its own")
    parser.add_argument("--steps", type=int, default=0, help="budget of every stage in steps, so that a seed repeats")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--patch", type=int, default=48, help="side of a patch before enlarging, in pixels")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=500, help="steps between two checkpoints")
    return parser.parse_args(arguments)


def list_stages(width: int, blocks: int) -> dict[str, Stage]:
    """Return the stages that train."""
    stages = [Stage("trunk", (2, 3, 4), width, blocks, 1e-3, 3e-4, 1e-3)]
    stages += [Stage(f"x{s}", (s,), width, blocks, 4e-4, 4e-6, 1e-2, "trunk") for s in (2, 4)]
    for scale, start in ((2, "x2"), (4, "x4")):
        stages.append(Stage(f"coded{scale}", (scale,), width, blocks, 4e-4, 4e-6, 1e-2, start, coded=1))
    stages += [Stage("fast", (2, 3, 4), 32, 2, 1.5e-3, 1e-5, 5e-3, coded=1)]
    stages += [
        Stage("restore", (1,), 48, 4, 1e-3, 5e-6, 5e-3),
        Stage("steady", (1,), 48, 4, 6e-4, 5e-6, 2e-3, "restore"),
    ]
    for scale, start in ((2, "coded2"), (3, "trunk"), (4, "coded4")):
        stages.append(Stage(f"tuned{scale}", (scale,), width, blocks, 4e-4, 2e-6, 1e-2, start, coded=2))
    return {stage.name: stage for stage in stages}


def main(arguments: list[str] | None = None) -> None:
    """Run the stages that were asked for."""
    options = parse_arguments(arguments)
    import torch

    from studio_upscale.training.pictures import load_pictures

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    pictures = list(load_pictures(options.pictures, options.artwork, options.seed))
    stages = list_stages(options.width, options.blocks)
    for name in STAGES:
        if name in options.stage and name in stages:
            train_stage(stages[name], pictures, options)
    if "export" in options.stage:
        from studio_upscale.training.export import export

        print(json.dumps(export(options.out)), flush=True)


def train_stage(stage: Stage, pictures: Sequence[Any], options: argparse.Namespace) -> None:
    """Train one network, from its checkpoint if there is one, and keep its averaged weights."""
    import numpy as np
    import torch

    from studio_upscale.training.pictures import KINDS, RESTORE_KINDS, STEADY_KINDS, TUNE_KINDS, Pairs

    torch.manual_seed(options.seed)
    training = Training(stage, options)
    named = {"restore": RESTORE_KINDS, "steady": STEADY_KINDS}
    kinds = named.get(stage.name, TUNE_KINDS if stage.name.startswith("tuned") else KINDS)
    pairs = {scale: Pairs(pictures, scale, kinds, options.patch, options.seed) for scale in stage.scales}
    if stage.coded:
        for scale, each in pairs.items():
            each.fit_gauge()
            training.gauges[scale] = torch.from_numpy(each.gauge)
    number = list(STAGES).index(stage.name)
    began = time.monotonic() - training.seconds
    while (progress := training.find_progress(time.monotonic() - began)) < 1:
        rng = np.random.default_rng([options.seed, number, training.step])
        scale = stage.scales[training.step % len(stage.scales)]
        left, whole, codes = (torch.from_numpy(array) for array in pairs[scale].cut(options.batch, rng))
        training.learn(left, whole, codes, scale, progress)
        if training.step % options.every == 0:
            training.save(time.monotonic() - began)
            print(stage.name, training.step, f"{time.monotonic() - began:.0f} s", training.describe(), flush=True)
    training.save(time.monotonic() - began)
    print(stage.name, "done", training.step, f"{time.monotonic() - began:.0f} s", training.describe(), flush=True)


class Training:
    """A network that learns, its averaged twin, and their checkpoint."""

    def __init__(self, stage: Stage, options: argparse.Namespace) -> None:
        import copy

        import torch

        from studio_upscale.networks.compact import Compact

        self.stage, self.step, self.seconds, self.loss = stage, 0, 0.0, math.nan
        self.path = options.out / f"{stage.name}.safetensors"
        self.steps, self.minutes = options.steps, options.minutes or MINUTES[stage.name]
        self.device = torch.device(options.device)
        self.gauges: dict[int, torch.Tensor] = {}
        network = Compact(stage.width, stage.blocks, stage.scales, stage.coded)
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if stage.start is not None:
            self._start_from(options.out / f"{stage.start}.safetensors")
        self.average = copy.deepcopy(self.network)
        self.optimizer = torch.optim.Adam(self.network.parameters(), stage.rate, betas=(0.9, 0.99))
        if self.path.exists():
            self._resume()

    def _start_from(self, path: Path) -> None:
        import torch
        from safetensors.torch import load_file

        found, wanted = load_file(path), self.network.state_dict()
        part = "network" if path.stem in BRIEF else "average"
        ready = {name: found[f"{part}.{name}"] for name in wanted}
        missing = wanted["head.weight"].shape[1] - ready["head.weight"].shape[1]
        if missing:  # the code is new: at first it says nothing
            nothing = torch.zeros_like(ready["head.weight"][:, :1]).repeat(1, missing, 1, 1)
            ready["head.weight"] = torch.cat([ready["head.weight"], nothing], dim=1)
        self.network.load_state_dict(ready)

    def _resume(self) -> None:
        from safetensors import safe_open
        from safetensors.torch import load_file

        with safe_open(self.path, "pt") as file:
            facts = json.loads(file.metadata()["training"])
        found = load_file(self.path)
        self.step, self.seconds = facts["step"], facts["seconds"]
        for part, network in (("network", self.network), ("average", self.average)):
            network.load_state_dict({name: found[f"{part}.{name}"] for name in network.state_dict()})
        for name, parameter in self.network.named_parameters():
            if f"step.{name}" in found:  # a tail whose turn had not come has none
                state = {key: found[f"{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
                self.optimizer.state[parameter] = state

    def find_progress(self, seconds: float) -> float:
        """Return which part of the budget is spent, 0 to 1."""
        return self.step / self.steps if self.steps else seconds / (60 * self.minutes)

    def learn(self, left: Any, whole: Any, codes: Any, scale: int, progress: float) -> None:
        """Take one step: Charbonnier's loss, Adam, a rate that falls with a cosine."""
        import torch

        left, whole, codes = left.to(self.device), whole.to(self.device), codes.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            made = self.network(left, scale, codes)
        loss = ((made - whole).square() + self.stage.softness**2).sqrt().mean()
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 0.5)
        rate = self.stage.rate_end + (self.stage.rate - self.stage.rate_end) * (1 + math.cos(math.pi * progress)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = rate * min(1, (self.step + 1) / 100)
        self.optimizer.step()
        self.step += 1
        keep = min(0.999, 1 - 1 / (self.step + 1))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - keep)
        value = loss.item()
        self.loss = value if math.isnan(self.loss) else 0.99 * self.loss + 0.01 * value

    def save(self, seconds: float) -> None:
        """Write the checkpoint."""
        from safetensors.torch import save_file

        self.seconds = seconds
        tensors = {}
        for part, network in (("network", self.network), ("average", self.average)):
            tensors |= {f"{part}.{name}": value.contiguous() for name, value in network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            state = self.optimizer.state[parameter]
            tensors |= {f"{key}.{name}": value.contiguous() for key, value in state.items()}
        facts = {"step": self.step, "seconds": seconds, "stage": self.stage.name, "width": self.stage.width}
        facts |= {
            "blocks": self.stage.blocks,
            "scales": self.stage.scales,
            "loss": self.loss,
            "coded": self.stage.coded,
        }
        tensors |= {f"gauge.{scale}": gauge for scale, gauge in self.gauges.items()}
        part_file = self.path.with_suffix(".part")
        save_file(tensors, part_file, metadata={"training": json.dumps(facts)})
        os.replace(part_file, self.path)

    def describe(self) -> str:
        """Return the loss, and the gain over interpolation on the picture that was held out."""
        gains = [
            f"x{scale} {measure_gain(self.average, scale, self.device, self.gauges.get(scale)):+.2f} dB"
            for scale in self.stage.scales
        ]
        return f"loss {self.loss:.5f} held out {' '.join(gains)}"


def measure_gain(network: Callable[..., Any], scale: int, device: Any, gauge: Any = None) -> float:
    """Return by how many dB a network is nearer to the held-out picture than bicubic interpolation."""
    import numpy as np
    import torch
    from torch.nn import functional

    from studio_upscale.gauge import guess
    from studio_upscale.jpeg import find_code
    from studio_upscale.training.pictures import LUMA, degrade, load_held_out

    whole = load_held_out()[:240, :384]
    left = degrade(whole, scale, "antialiased" if scale > 1 else "jpeg75", np.random.default_rng(0))
    left_plane = torch.from_numpy(left.astype(np.float32) @ LUMA)[None, None].to(device) / 255
    whole_plane = torch.from_numpy(whole.astype(np.float32) @ LUMA)[None, None].to(device) / 255
    with torch.no_grad():
        seen = left_plane[0, 0].cpu().numpy()
        codes = None if gauge is None else torch.tensor([[guess(seen, gauge.numpy()), find_code(seen)]])
        made = network(left_plane, scale, codes)
        plain = functional.interpolate(left_plane, scale_factor=scale, mode="bicubic")
    far = ((plain - whole_plane).square().mean() / (made - whole_plane).square().mean()).item()
    return 10 * math.log10(far)


if __name__ == "__main__":
    main()
