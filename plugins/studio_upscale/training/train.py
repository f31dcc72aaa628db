"""Train the networks from nothing: `python -m studio_upscale.training.train --out FOLDER`.

The stages: a gauge that guesses how an image was made small; networks for x2 and x4, and one for x3 that begins with
the body of x4's; the fast network; the network that restores. Each network has a budget in minutes or steps and a
checkpoint it goes on from. With budgets in steps, a seed repeats on one machine.
The stage `export` writes what ships: fp16 safetensors and a model card. One file for CPU and GPU; on a GPU raise
`--batch` and the minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from studio.api import replace_file
from studio_upscale.training.stages import MINUTES, STAGES, Stage, list_stages

ADAM_RATE, MUON_RATE = 1e-3, 1.2e-2
STATES = ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="studio_upscale.training.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and results")
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], help="folders of more images")
    parser.add_argument("--artwork", type=Path, help="archive (tar) of emoji artwork")
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--minutes", type=float, help="budget of every stage, instead of its own")
    parser.add_argument("--steps", type=int, default=0, help="budget of every stage in steps, so that a seed repeats")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--patch", type=int, default=48, help="side of a patch before enlarging, in pixels")
    parser.add_argument("--variants", type=int, default=80, help="of each image, for the gauge")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figures", type=Path, help="tables for the model card")
    parser.add_argument("--notes", type=Path, help="what else the model card says of this training")
    parser.add_argument("--every", type=int, default=500, help="steps between two checkpoints")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Run the stages that were asked for."""
    options = parse_arguments(arguments)
    import torch

    from studio_upscale.training.images import load_images

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    images = list(load_images(options.pictures, options.artwork, options.seed))
    stages = list_stages(options.width, options.blocks)
    if "gauge" in options.stage:
        train_gauge(images, options)
    for name in STAGES:
        if name in options.stage and name in stages:
            train_stage(stages[name], images, options)
    if "export" in options.stage:
        from studio_upscale.training.export import export

        print(json.dumps(export(options.out, options.figures, options.notes)), flush=True)


def train_gauge(images: Sequence[Any], options: argparse.Namespace) -> None:
    """Train what guesses how an image was made small, with a twin for each fold of the images."""
    from safetensors.numpy import save_file

    from studio_upscale.training.gauge import make_samples, train_gauges

    path = options.out / "gauge.safetensors"
    if path.exists():
        return
    samples = make_samples(images, options.seed, options.variants)
    whole, folds, loss = train_gauges(samples, options.seed)
    tensors = whole.dump()
    for number, gauge in enumerate(folds):
        tensors |= {f"fold{number}.{name}": values for name, values in gauge.dump().items()}
    with replace_file(path) as part:
        save_file(tensors, part, metadata={"pictures": str(len(images)), "seed": str(options.seed)})
    print("gauge done", len(samples.kernels), f"loss {loss:.3f} on images it did not see", flush=True)


def load_folds(folder: Path, images: int, seed: int) -> list[Any]:
    """Return the gauges that each did not see one fold of the images.

    Raises:
        SystemExit: There is none, or it was trained on other images.
    """
    from safetensors import safe_open
    from safetensors.numpy import load_file

    from studio_upscale.gauge import Gauge
    from studio_upscale.training.gauge import FOLDS

    path = folder / "gauge.safetensors"
    if not path.exists():
        raise SystemExit("networks that enlarge need the gauge: add --stage gauge")
    with safe_open(path, "numpy") as file:
        if file.metadata() != {"pictures": str(images), "seed": str(seed)}:
            raise SystemExit(f"{path} is of other images or another seed: take another --out")
    found = load_file(path)
    parts = [{name.removeprefix(f"fold{number}."): values for name, values in found.items()} for number in range(FOLDS)]
    return [Gauge.load(part) for part in parts]


def train_stage(stage: Stage, images: Sequence[Any], options: argparse.Namespace) -> None:
    """Train one network, from its checkpoint if there is one, and keep its averaged weights."""
    import numpy as np
    import torch

    from studio_upscale.training.images import KINDS, RESTORE_KINDS, Pairs

    torch.manual_seed(options.seed)
    training = Training(stage, options)
    gauges = load_folds(options.out, len(images), options.seed) if stage.coded else []
    kinds = RESTORE_KINDS if stage.name == "restore" else KINDS
    pairs = {scale: Pairs(images, scale, kinds, options.patch, options.seed, gauges) for scale in stage.scales}
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
    """A network that learns, its averaged twin, and their checkpoint.

    The convolutions of the body are turned by Muon (Jordan 2024), all else by Adam.
    """

    def __init__(self, stage: Stage, options: argparse.Namespace) -> None:
        import copy

        import torch

        from studio_upscale.networks.compact import Compact, store_channels_last

        self.stage, self.step, self.seconds, self.loss = stage, 0, 0.0, math.nan
        self.path = options.out / f"{stage.name}.safetensors"
        self.steps, self.minutes = options.steps, options.minutes or MINUTES[stage.name]
        self.device = torch.device(options.device)
        self.network = Compact(stage.width, stage.blocks, stage.scales, stage.coded).to(self.device)
        for module in (self.network.head, *self.network.tails.values()):
            store_channels_last(module)
        if stage.start is not None:
            self._start_from(options.out / f"{stage.start}.safetensors")
        self.average = copy.deepcopy(self.network)
        named = dict(self.network.named_parameters())
        self.turned = {name: p for name, p in named.items() if name.startswith("body.") and p.ndim == 4}
        self.flat = {name: torch.nn.Parameter(p.data.view(len(p), -1)) for name, p in self.turned.items()}
        rest = [p for name, p in named.items() if name not in self.turned]
        self.muon = torch.optim.Muon(self.flat.values(), lr=MUON_RATE, weight_decay=0.0)
        self.adam = torch.optim.Adam(rest, ADAM_RATE, betas=(0.9, 0.99))
        if self.path.exists():
            self._resume()

    def _start_from(self, path: Path) -> None:
        """Take the head and the body of another network; tails are of a scale each."""
        from safetensors.torch import load_file

        if not path.exists():
            raise SystemExit(f"{self.stage.name} begins with {path.stem}: add --stage {path.stem}")
        found = {name.removeprefix("average."): value for name, value in load_file(path).items()}
        wanted = self.network.state_dict()
        shared = {name: found[name] for name in wanted if not name.startswith("tails.")}
        self.network.load_state_dict(wanted | shared)

    def _resume(self) -> None:
        from safetensors import safe_open
        from safetensors.torch import load_file

        with safe_open(self.path, "pt") as file:
            facts = json.loads(file.metadata()["training"])
        if any(facts[name] != getattr(self.stage, name) for name in ("width", "blocks", "coded")):
            raise SystemExit(f"{self.path} is of a network of another size: take another --out")
        found = load_file(self.path)
        self.step, self.seconds = facts["step"], facts["seconds"]
        for part, network in (("network", self.network), ("average", self.average)):
            network.load_state_dict({name: found[f"{part}.{name}"] for name in network.state_dict()})
        for name, parameter, optimizer in self._list_parameters():
            state = {key: found[f"{key}.{name}"] for key in STATES if f"{key}.{name}" in found}
            if state:  # a tail whose turn had not come has none
                optimizer.state[parameter] = state

    def _list_parameters(self) -> Iterator[tuple[str, Any, Any]]:
        """Yield each parameter's name, what its optimizer has of it, and which that is."""
        for name, parameter in self.network.named_parameters():
            flat = self.flat.get(name)
            yield (name, parameter, self.adam) if flat is None else (name, flat, self.muon)

    def find_progress(self, seconds: float) -> float:
        """Return which part of the budget is spent, 0 to 1."""
        return self.step / self.steps if self.steps else seconds / (60 * self.minutes)

    def learn(self, left: Any, whole: Any, codes: Any, scale: int, progress: float) -> None:
        """Take one step: Charbonnier's loss, Muon and Adam, rates that fall with a cosine."""
        import torch

        left, whole, codes = left.to(self.device), whole.to(self.device), codes.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            made = self.network(left, scale, codes)
        loss = ((made - whole).square() + self.stage.softness**2).sqrt().mean()
        self.network.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 0.5)
        part = (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2) * min(1, (self.step + 1) / 100)
        for name, parameter in self.turned.items():
            assert parameter.grad is not None  # every convolution of the body takes part in every scale
            self.flat[name].grad = parameter.grad.view(len(parameter), -1)
        optimizers: list[tuple[torch.optim.Optimizer, float]] = [(self.muon, MUON_RATE), (self.adam, ADAM_RATE)]
        for optimizer, rate in optimizers:
            optimizer.param_groups[0]["lr"] = rate * part
            optimizer.step()
        self.step += 1
        keep = min(0.999, 1 - 1 / (self.step + 1))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - keep)
        value = loss.item()
        self.loss = value if math.isnan(self.loss) else 0.99 * self.loss + 0.01 * value

    def save(self, seconds: float) -> None:
        """Write the checkpoint."""
        import torch
        from safetensors.torch import save_file

        self.seconds = seconds
        tensors: dict[str, torch.Tensor] = {}
        for part, network in (("network", self.network), ("average", self.average)):
            tensors |= {f"{part}.{name}": value.contiguous() for name, value in network.state_dict().items()}
        for name, parameter, optimizer in self._list_parameters():
            tensors |= {f"{key}.{name}": value.contiguous() for key, value in optimizer.state[parameter].items()}
        facts = {"step": self.step, "seconds": seconds, "stage": self.stage.name, "width": self.stage.width}
        facts |= {
            "blocks": self.stage.blocks,
            "scales": self.stage.scales,
            "loss": self.loss,
            "coded": self.stage.coded,
        }
        with replace_file(self.path) as partial:
            save_file(tensors, partial, metadata={"training": json.dumps(facts)})

    def describe(self) -> str:
        """Return the loss, and the gain over interpolation on the image that was held out."""
        gains = [f"x{scale} {measure_gain(self.average, scale, self.device):+.2f} dB" for scale in self.stage.scales]
        return f"loss {self.loss:.5f} held out {' '.join(gains)}"


def measure_gain(network: Callable[..., Any], scale: int, device: Any) -> float:
    """Return by how many dB a network is nearer to the held-out image than bicubic interpolation.

    It is told the truth about how the image was made small.
    """
    import numpy as np
    import torch
    from torch.nn import functional

    from studio_upscale.jpeg import find_code
    from studio_upscale.training.images import LUMA, degrade, load_held_out

    whole = load_held_out()[:240, :384]
    left = degrade(whole, scale, "antialiased" if scale > 1 else "jpeg75", np.random.default_rng(0))
    left_plane = torch.from_numpy(left.astype(np.float32) @ LUMA)[None, None].to(device) / 255
    whole_plane = torch.from_numpy(whole.astype(np.float32) @ LUMA)[None, None].to(device) / 255
    with torch.no_grad():
        seen = left_plane[0, 0].cpu().numpy()
        codes = torch.tensor([[0.0, 0.0, find_code(seen)]])
        made = network(left_plane, scale, codes)
        plain = functional.interpolate(left_plane, scale_factor=scale, mode="bicubic")
    far = ((plain - whole_plane).square().mean() / (made - whole_plane).square().mean()).item()
    return 10 * math.log10(far)


if __name__ == "__main__":
    main()
