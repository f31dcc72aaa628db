"""What ships of a training: fp16 safetensors that say what they are, and a model card."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import replace_file
from studio_upscale.training.stages import STAGES

if TYPE_CHECKING:
    import torch

FILES: dict[str, tuple[dict[str, tuple[int, ...]], bool]] = {
    "compact": ({"x2": (2,), "x3": (3,), "x4": (4,)}, False),
    "compact_fast": ({"fast": (2, 3, 4)}, True),
    "compact_restore": ({"restore": (1,)}, False),
}
"""The files that ship: stages whose networks they hold, with their scales; whether colors are only interpolated."""
_HERE = Path(__file__).parent


def export(folder: Path, figures: Path | None = None, notes: Path | None = None) -> dict[str, int]:
    """Write `folder/ship` and return the sizes of its files in bytes.

    Args:
        folder: Where the checkpoints are.
        figures: Tables for the card, as the benchmark prints them.
        notes: What else there is to say of this training.
    """
    ship = folder / "ship"
    ship.mkdir(exist_ok=True)
    facts = {
        stage: _read_facts(folder / f"{stage}.safetensors") for stage in STAGES if stage not in ("gauge", "export")
    }
    for name, (stages, fast) in FILES.items():
        _write_networks(folder, ship / f"{name}.safetensors", stages, facts, fast)
    (ship / "README.md").write_text(_write_card(facts, figures, notes), encoding="utf-8")
    return {path.name: path.stat().st_size for path in sorted(ship.iterdir())}


def _read_facts(path: Path) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        facts: dict[str, Any] = json.loads(file.metadata()["training"])
    return facts


def _write_networks(
    folder: Path, target: Path, stages: Mapping[str, tuple[int, ...]], facts: dict[str, dict[str, Any]], fast: bool
) -> None:
    from safetensors.torch import load_file, save_file

    from studio_upscale.weights_file import KEY

    tensors: dict[str, torch.Tensor] = {}
    networks: list[dict[str, Any]] = []
    for stage, scales in stages.items():
        found = load_file(folder / f"{stage}.safetensors")
        own = {n.removeprefix("average."): t for n, t in found.items() if n.startswith("average.")}
        own = {n: t for n, t in own.items() if not n.startswith("tails.") or int(n.split(".")[1]) in scales}
        tensors |= {f"{stage}.{name}": tensor.half().contiguous() for name, tensor in own.items()}
        described = {key: facts[stage].get(key, 0) for key in ("width", "blocks", "coded")}
        described["scales"] = scales
        networks.append({"prefix": f"{stage}.", **described})
    if any(each["coded"] for each in networks):
        whole = load_file(folder / "gauge.safetensors")
        tensors |= {name: tensor for name, tensor in whole.items() if name.startswith("gauge.")}
    described_file = {KEY: json.dumps({"networks": networks, "fast": fast}, sort_keys=True)}
    with replace_file(target) as partial:
        save_file(tensors, partial, metadata=described_file)
        partial.chmod(0o644)  # safetensors writes for the owner alone


def _write_card(facts: dict[str, dict[str, Any]], figures: Path | None, notes: Path | None) -> str:
    template = string.Template((_HERE / "card.md").read_text(encoding="utf-8"))
    rows = [
        f"| {stage} | {'x' + ', x'.join(map(str, fact['scales']))} | {fact['width']} x {2 * fact['blocks']} "
        f"| {fact['step']} | {fact['seconds'] / 60:.1f} |"
        for stage, fact in facts.items()
    ]
    told = figures.read_text(encoding="utf-8").strip() if figures is not None else "Not measured yet."
    history = f"## History\n\n{notes.read_text(encoding='utf-8').strip()}\n\n" if notes is not None else ""
    return template.substitute(stages="\n".join(rows), figures=told, notes=history)
