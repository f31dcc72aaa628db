"""What ships of a training: two folders and a file of fp16 safetensors, with model cards, and where they go.

A ControlNet or an enlarger whose training is not done ships as its last checkpoint has it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import string
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from studio_diffusion.training.evaluate import list_known_words
from studio_diffusion.training.sampling import GUIDANCE, STEPS, ZEROS
from studio_diffusion.training.slices import CHECKPOINT, load_averaged
from studio_diffusion.training.vocabulary import (
    COLORS,
    FLAT,
    PLACES_SAID,
    POSITIONS,
    RELATIONS,
    list_ties,
    list_words,
    load_related,
    load_synonyms,
)

MOST_BYTES = 60_000_000
"""The most that may ship."""
_HERE = Path(__file__).parent
_ABOUT = "a small model of emoji-like art, trained from nothing on {artwork}; it draws what it knows and nothing else"
_NOTO = (
    "Noto Emoji (Copyright Google LLC; Apache License 2.0 for most image resources by\n"
    "the upstream README and `svg/LICENSE`, SIL Open Font License 1.1 by the upstream root license since July 2024; "
    "both are open)"
)
_FLUENT = (
    "Fluent Emoji in 3D (Copyright Microsoft Corporation; MIT License; as the npm package "
    "`@lobehub/fluent-emoji-3d`, MIT License, packs it)"
)


def export(
    folder: Path,
    tokenizer: Any,
    vae: Any,
    words: Sequence[str],
    styles: Collection[str],
    options: argparse.Namespace,
    report: dict[str, Any],
) -> dict[str, Any]:
    """Write `folder/ship/mini`, `folder/ship/mini_sketch` and `folder/ship/mini_enlarger.safetensors`.

    Returns:
        The sizes in bytes.
    """
    from studio_diffusion.training.generator import assemble

    mini, sketch = folder / "ship" / "mini", folder / "ship" / "mini_sketch"
    for target in (mini, sketch):
        shutil.rmtree(target, ignore_errors=True)
    pipeline = assemble(folder, tokenizer, vae)
    network = _load_controlnet(folder, pipeline.transformer, options.control_layers)
    for part in (pipeline.transformer, pipeline.vae, pipeline.text_encoder, pipeline.text_encoder_2):
        part.half()
    pipeline.save_pretrained(mini)
    _tidy_configurations(mini)
    facts = list_facts(words, styles, options)
    (mini / "studio.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    (mini / "README.md").write_text(write_card(words, styles, vae.config, options, report), encoding="utf-8")
    if network is not None:
        network.half().save_pretrained(sketch)
        _tidy_configurations(sketch)
        card = string.Template((_HERE / "sketch_card.md").read_text(encoding="utf-8"))
        (sketch / "README.md").write_text(card.substitute(side=options.side), encoding="utf-8")
    _write_enlarger(folder, folder / "ship" / "mini_enlarger.safetensors")
    for file in (folder / "ship").rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)  # safetensors writes for the owner alone
    sizes = {path.name: _measure(path) for path in sorted((folder / "ship").iterdir())}
    if options.install is not None:
        install(folder / "ship", options.install)
    return {"bytes": sizes}


def install(ship: Path, weights: Path) -> None:
    """Replace the weights that ship with the plugin by those in a folder `ship`, each with the list of its digests.

    Raises:
        SystemExit: If a folder is missing, or if all are larger than `MOST_BYTES`; then nothing is replaced.
    """
    missing = [name for name in ("mini", "mini_sketch") if not (ship / name).is_dir()]
    if missing:
        raise SystemExit(f"missing {', '.join(missing)} in {ship}: train the stages generator and controlnet")
    if _measure(ship) > MOST_BYTES:
        raise SystemExit(f"the weights have {_measure(ship)} bytes; at most {MOST_BYTES} ship")
    for name in ("mini", "mini_sketch", "mini_enlarger.safetensors"):
        target = weights / name
        if target.is_dir():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        target.with_name(f"{name}.blake3.txt").unlink(missing_ok=True)
        if (ship / name).is_dir():
            shutil.copytree(ship / name, target)
        elif (ship / name).exists():
            shutil.copy(ship / name, target)
        if target.exists():
            _write_digest_list(target)


def _write_digest_list(path: Path) -> None:
    """Write the digests of weights beside them, as `b3sum` does; texts such as the card are no part of a model."""
    from blake3 import blake3

    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.suffix in (".json", ".safetensors"))
    names = [file.relative_to(path).as_posix() if path.is_dir() else file.name for file in files]
    lines = [f"{blake3(file.read_bytes()).hexdigest()}  {name}\n" for name, file in zip(names, files, strict=True)]
    path.with_name(f"{path.name}.blake3.txt").write_text("".join(lines), encoding="utf-8")


def _load_controlnet(folder: Path, transformer: Any, layers: int) -> Any | None:
    """Return the ControlNet as it was saved, else as its last checkpoint has it, else None."""
    from diffusers import SD3ControlNetModel

    from studio_diffusion.training.controlnet import create_controlnet

    if (folder / "sketch").exists():
        return SD3ControlNetModel.from_pretrained(folder / "sketch")
    if not (folder / "controlnet" / CHECKPOINT).exists():
        return None
    network = create_controlnet(transformer, layers)
    load_averaged(folder / "controlnet", network.parameters())
    return network


def _write_enlarger(folder: Path, target: Path) -> None:
    """Write the enlarger as it was saved, else as its last checkpoint has it, else not at all."""
    from studio_diffusion.training.enlarger import Enlarger, save_enlarger

    target.unlink(missing_ok=True)
    network = Enlarger()
    if (folder / target.name.removeprefix("mini_")).exists():
        shutil.copy(folder / target.name.removeprefix("mini_"), target)
    elif load_averaged(folder / "enlarger", network.parameters()):
        save_enlarger(network, target)


def _measure(path: Path) -> int:
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())


def list_facts(words: Sequence[str], styles: Collection[str], options: argparse.Namespace) -> dict[str, Any]:
    """Return what `studio.json` says of the model: its defaults and its words."""
    places = [said for place, more in PLACES_SAID.items() for said in (place, *more)]
    modifiers = sorted({*COLORS, *styles, *places, *list_words()} - ({FLAT} - {*styles}))
    known, synonyms = list_known_words(words), load_synonyms() | list_ties()
    return {
        "about": _describe(styles),
        "steps": STEPS,
        "guidance_scale": GUIDANCE,
        "sampler": "euler",
        "width": options.side,
        "height": options.side,
        "max_sequence_length": ZEROS,
        "words": known,
        "modifiers": modifiers,
        "synonyms": {said: word for said, word in synonyms.items() if word in {*known, *modifiers}},
        "related": {said: word for said, word in load_related().items() if word in {*known, *modifiers}},
    }


def _tidy_configurations(folder: Path) -> None:
    """Take out the folder in which the parts were trained, and have all load as float32 unless asked otherwise.

    diffusers does so by itself, transformers takes the dtype of the file, and the two would not fit together.
    """
    for path in folder.rglob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        if path.name in ("config.json", "scheduler_config.json", "model_index.json"):
            content.pop("_name_or_path", None)
            if "dtype" in content:
                content["dtype"] = "float32"
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _describe(styles: Collection[str]) -> str:
    return _ABOUT.format(artwork="Fluent Emoji and Noto Emoji" if FLAT in styles else "Noto Emoji")


def write_card(
    words: Sequence[str], styles: Collection[str], autoencoder: Any, options: argparse.Namespace, report: dict[str, Any]
) -> str:
    """Return the model card, from what the stages reported."""
    evaluation = report.get("evaluate", {})
    scores, ceiling, floor = (evaluation.get(name, {}) for name in ("scores", "ceiling", "floor"))
    rows = ["| measure | model | ceiling | floor |", "|---|---|---|---|"]
    rows += [
        f"| {name} | {value:.1%} | {ceiling.get(name, 0):.1%} | {f'{floor[name]:.1%}' if name in floor else ''} |"
        for name, value in scores.items()
    ]
    stages = [
        f"- {stage}: {json.dumps(report[stage])}"
        for stage in ("autoencoder", "generator", "details", "controlnet", "decoder", "enlarger")
        if stage in report
    ]
    more = [
        f"{name}: {json.dumps(evaluation[name])}"
        for name in ("sketches", "difference between seeds", "seconds a picture")
        if name in evaluation
    ]
    return string.Template((_HERE / "card.md").read_text(encoding="utf-8")).substitute(
        about=_describe(styles)[0].upper() + _describe(styles)[1:],
        artwork=f"{_FLUENT} and from {_NOTO}" if FLAT in styles else _NOTO,
        factor=2 ** (len(autoencoder.block_out_channels) - 1),
        channels=autoencoder.latent_channels,
        side=options.side,
        count=len(words),
        prompts=evaluation.get("prompts", "276"),
        places=", ".join(PLACES_SAID),
        positions=", ".join(POSITIONS),
        relations=", ".join(RELATIONS),
        styles=", ".join(styles),
        words=", ".join(list_known_words(words)),
        training="\n".join(stages),
        layers=options.layers,
        width=options.width,
        seed=options.seed,
        steps=STEPS,
        guidance=GUIDANCE,
        judge_top1=report.get("judge", {}).get("judge_top1", "not measured"),
        table="\n".join(rows),
        more="\n\n".join(more),
    )
