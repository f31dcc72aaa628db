"""What ships of a training: two folders of fp16 safetensors in the diffusers format, with a model card."""

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
from studio_diffusion.training.vocabulary import (
    COLORS,
    FLAT,
    PLACES_SAID,
    POSITIONS,
    RELATIONS,
    list_ties,
    list_words,
    load_synonyms,
)

_HERE = Path(__file__).parent
_ABOUT = "a small model of emoji-like art, trained from nothing on {artwork}; it draws what it knows and nothing else"
_NOTO = (
    "Noto Emoji (Copyright Google LLC; Apache License 2.0 for most image resources by\n"
    "the upstream README and `svg/LICENSE`, SIL Open Font License 1.1 by the upstream root licence since July 2024; "
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
    from diffusers import SD3ControlNetModel

    from studio_diffusion.training.generator import assemble

    mini, sketch = folder / "ship" / "mini", folder / "ship" / "mini_sketch"
    for target in (mini, sketch):
        shutil.rmtree(target, ignore_errors=True)
    pipeline = assemble(folder, tokenizer, vae)
    for part in (pipeline.transformer, pipeline.vae, pipeline.text_encoder, pipeline.text_encoder_2):
        part.half()
    pipeline.save_pretrained(mini)
    _tidy_configurations(mini)
    facts = _list_facts(words, styles, options)
    (mini / "studio.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    (mini / "README.md").write_text(write_card(words, styles, vae.config, options, report), encoding="utf-8")
    if (folder / "sketch").exists():
        SD3ControlNetModel.from_pretrained(folder / "sketch").half().save_pretrained(sketch)
        _tidy_configurations(sketch)
        (sketch / "README.md").write_text((_HERE / "sketch_card.md").read_text(encoding="utf-8"), encoding="utf-8")
    if (folder / "enlarger.safetensors").exists():
        shutil.copy(folder / "enlarger.safetensors", folder / "ship" / "mini_enlarger.safetensors")
    return {"bytes": {path.name: _measure(path) for path in sorted((folder / "ship").iterdir())}}


def _measure(path: Path) -> int:
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())


def _list_facts(words: Sequence[str], styles: Collection[str], options: argparse.Namespace) -> dict[str, Any]:
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
        for stage in ("autoencoder", "generator", "controlnet", "decoder", "enlarger")
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
