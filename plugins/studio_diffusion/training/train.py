"""Train the small model from nothing: `python -m studio_diffusion.training.train --data EMOJI --out FOLDER`.

With `--fluent` the pictures have 128 pixels and the look of the 3D artwork, and "flat" is a style.

The autoencoder, the generator, the ControlNet for sketches, the crisp decoder and the enlarger have a budget each, in
minutes or steps, and a checkpoint that the same command resumes from; then come the scores. The stage `export` writes
what ships: two folders and a file of fp16 safetensors and a model card. One file for CPU and GPU; on a GPU raise
`--concepts`, `--width`, `--layers`, `--batch` and the minutes. Once the judge is trained, two commands with a `--stage`
each may train the generator and the decoder at once.

A file `stop` in the folder, SIGTERM or SIGINT stop a training after the present step, its checkpoint written. A file
`finish_autoencoder`, `finish_generator` and so on ends that stage early and lets the next one begin.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path
from typing import Any

STAGES = ("autoencoder", "judge", "generator", "details", "controlnet", "decoder", "enlarger", "evaluate", "export")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="studio_diffusion.training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with names.tsv and the artwork")
    parser.add_argument("--fluent", type=Path, help="the 3D artwork: the npm package's .tgz, or a folder of it")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and results")
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--concepts", type=int, default=160, help="how many things to learn")
    parser.add_argument("--side", type=int, choices=(64, 128), help="side of the pictures, in pixels")
    parser.add_argument("--width", type=int, default=192, help="width of the transformer, a multiple of 64")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--control-layers", type=int, default=3)
    parser.add_argument("--minutes", type=float, nargs=3, default=(20, 120, 20), metavar=("AE", "GEN", "CONTROL"))
    parser.add_argument(
        "--steps",
        type=int,
        nargs=3,
        default=(0, 0, 0),
        metavar=("AE", "GEN", "CONTROL"),
        help="budgets in steps instead of minutes, so that a seed repeats",
    )
    parser.add_argument(
        "--finish-minutes",
        type=float,
        nargs=2,
        default=(20, 30),
        metavar=("DECODER", "ENLARGER"),
        help="budgets of both",
    )
    parser.add_argument(
        "--finish-steps", type=int, nargs=2, default=(0, 0), metavar=("DECODER", "ENLARGER"), help="the same in steps"
    )
    parser.add_argument(
        "--details-steps", type=int, default=0, help="steps of the generator on single things that stay in place"
    )
    parser.add_argument("--slice-steps", type=int, default=0, help="stop after so many steps of a stage in this run")
    parser.add_argument(
        "--enough-psnr", type=float, default=math.inf, help="PSNR in dB at which the autoencoder finishes early"
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--enlarger-batch", type=int, default=8, help="patches at a time")
    parser.add_argument("--pool", type=int, default=60_000, help="scenes drawn ahead")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--judge-steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--compile", action="store_true", help="compile generator and ControlNet (a C++ compiler is needed)"
    )
    parser.add_argument("--start", type=Path, help="begin the generator from an earlier model's folder")
    parser.add_argument(
        "--install", type=Path, metavar="WEIGHTS", help="folder of the plugin's weights that the stage export replaces"
    )
    parser.add_argument("--samples", type=Path, help="folder for contact sheets of the evaluation")
    options = parser.parse_args(arguments)
    options.side = options.side or (128 if options.fluent else 64)
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run the stages that were asked for."""
    options = parse_arguments(arguments)
    import torch

    from studio_diffusion.training.artwork import Artwork
    from studio_diffusion.training.slices import Requests, Stopped
    from studio_diffusion.training.vocabulary import load_concepts

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    options.requests = Requests(options.out, options.slice_steps)
    artwork, words = Artwork(options.data, options.side, options.fluent), list(load_concepts(options.concepts))
    report_path = options.out / "report.json"
    report: dict[str, Any] = json.loads(report_path.read_text(encoding="utf-8")) if report_path.exists() else {}
    with options.requests.catch_signals():
        for stage in STAGES:
            if stage not in options.stage:
                continue
            try:
                report[stage] = _STAGES[stage](options, artwork, words, report)
            except Stopped as stopped:
                print(f"{stopped}; the same command resumes", flush=True)
                return
            _write_report(report_path, report, stage)
            print(stage, json.dumps(report[stage]), flush=True)


def _write_report(path: Path, report: dict[str, Any], stage: str) -> None:
    """Write what a stage reported, and keep what another training in the same folder wrote meanwhile."""
    from studio.api import replace_file

    written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    report |= written | {stage: report[stage]}
    with replace_file(path) as part:
        part.write_text(json.dumps(report, indent=2), encoding="utf-8")


def _train_autoencoder(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    from studio_diffusion.training.autoencoder import train_autoencoder

    return train_autoencoder(
        artwork,
        options.out,
        options.requests,
        minutes=options.minutes[0],
        steps=options.steps[0],
        device=options.device,
        batch=_find_batch(options),
        seed=options.seed,
        enough=options.enough_psnr,
    )


def _find_batch(options: argparse.Namespace) -> int:
    """Return how many pictures the autoencoder takes at a time: steps count more than pictures, so few on a CPU."""
    return int(options.batch) if options.device != "cpu" else 16 * 64 // int(options.side)


def _load_frozen(options: argparse.Namespace, artwork: Any) -> tuple[Any, Any]:
    """Return tokenizer and autoencoder, with the crisp decoder where there is one."""
    from diffusers import AutoencoderKL

    from studio_diffusion.training.decoder import CRISP
    from studio_diffusion.training.text import write_tokenizer
    from studio_diffusion.training.vocabulary import load_concepts

    vae = (
        AutoencoderKL.from_pretrained(options.out / (CRISP if (options.out / CRISP).exists() else "vae"))
        .to(options.device)
        .eval()
        .requires_grad_(False)
    )
    return write_tokenizer(options.out / "tokenizer", [*artwork.names, *load_concepts()]), vae


def _train_generator(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    return _train(options, artwork, words, steps=options.steps[1], start=options.start)


def _train_details(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    """Train the generator on, on single things that stay in place; its parts are written over those it began from."""
    if not options.details_steps:
        return report.get("details", {})
    return _train(options, artwork, words, steps=options.details_steps, start=options.out, name="details", steady=True)


def _train(options: argparse.Namespace, artwork: Any, words: list[str], **more: Any) -> Any:
    from studio_diffusion.training.generator import train_generator

    tokenizer, vae = _load_frozen(options, artwork)
    return train_generator(
        artwork,
        words,
        tokenizer,
        vae,
        options.out,
        options.requests,
        minutes=options.minutes[1],
        device=options.device,
        batch=options.batch,
        seed=options.seed,
        width=options.width,
        layers=options.layers,
        pool_size=options.pool,
        compiled=options.compile,
        **more,
    )


def _train_controlnet(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    from studio_diffusion.training.controlnet import train_controlnet
    from studio_diffusion.training.generator import assemble

    tokenizer, vae = _load_frozen(options, artwork)
    pipeline = assemble(options.out, tokenizer, vae)
    return train_controlnet(
        artwork,
        words,
        tokenizer,
        vae,
        pipeline.transformer,
        [pipeline.text_encoder, pipeline.text_encoder_2],
        options.out,
        options.requests,
        minutes=options.minutes[2],
        steps=options.steps[2],
        device=options.device,
        batch=options.batch,
        seed=options.seed,
        layers=options.control_layers,
        pool_size=options.pool // 4,
        compiled=options.compile,
    )


def _train_judge(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    from studio_diffusion.training.judge import train_judge

    made = report.get("judge", {})
    if (made.get("judge_words"), made.get("steps")) == (len(words), options.judge_steps):
        return made
    return train_judge(
        artwork,
        words,
        options.out,
        options.requests,
        device=options.device,
        steps=options.judge_steps,
        seed=options.seed,
    )


def _train_decoder(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    from diffusers import AutoencoderKL

    from studio_diffusion.training.decoder import train_decoder
    from studio_diffusion.training.judge import load_judge

    return train_decoder(
        artwork,
        AutoencoderKL.from_pretrained(options.out / "vae"),
        load_judge(words, options.out, options.device, options.side),
        options.out,
        options.requests,
        minutes=options.finish_minutes[0],
        steps=options.finish_steps[0],
        device=options.device,
        batch=_find_batch(options),
        seed=options.seed,
    )


def _train_enlarger(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    from studio_diffusion.training.artwork import Artwork
    from studio_diffusion.training.enlarger import SCALE, train_enlarger
    from studio_diffusion.training.judge import load_judge

    return train_enlarger(
        Artwork(options.data, SCALE * options.side, options.fluent),
        _load_frozen(options, artwork)[1],
        load_judge(words, options.out, options.device, options.side),
        options.out,
        options.requests,
        minutes=options.finish_minutes[1],
        steps=options.finish_steps[1],
        device=options.device,
        batch=options.enlarger_batch,
        seed=options.seed,
        pool_size=max(4, options.pool // 50),
    )


def _evaluate(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    from studio_diffusion.training.evaluate import evaluate, evaluate_sketches
    from studio_diffusion.training.generator import assemble
    from studio_diffusion.training.judge import load_judge
    from studio_diffusion.training.sampling import PipelineSampler

    tokenizer, vae = _load_frozen(options, artwork)
    judge = load_judge(words, options.out, options.device, options.side)
    sampler = PipelineSampler(assemble(options.out, tokenizer, vae).to(options.device), options.side)
    results = evaluate(sampler.generate, words, artwork, judge, options.device)
    pictures = results.pop("pictures")
    if options.samples:
        sampler.write_sheets(options.samples, pictures["scenes"], pictures["sets"])
    if (options.out / "sketch").exists():
        sketches = evaluate_sketches(
            sampler.create_sketch_sampler(options.out / "sketch"), words, artwork, judge, options.device
        )
        made = sketches.pop("pictures")
        results["sketches"] = sketches
        if options.samples:
            sampler.write_sketch_sheet(options.samples, made["sketches"], made["made"])
    return results | {"seconds a picture": sampler.seconds_a_picture}


def _export(options: argparse.Namespace, artwork: Any, words: list[str], report: dict[str, Any]) -> Any:
    from studio_diffusion.training.export import export

    tokenizer, vae = _load_frozen(options, artwork)
    return export(options.out, tokenizer, vae, words, artwork.styles, options, report)


_STAGES = {
    "autoencoder": _train_autoencoder,
    "generator": _train_generator,
    "details": _train_details,
    "controlnet": _train_controlnet,
    "judge": _train_judge,
    "decoder": _train_decoder,
    "enlarger": _train_enlarger,
    "evaluate": _evaluate,
    "export": _export,
}

if __name__ == "__main__":
    main()
