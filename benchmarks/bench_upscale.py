"""Super-resolution: PSNR and SSIM on Set5 by degradation, beside interpolation and published figures; speed; memory.

    python benchmarks/bench_upscale.py --set5 FOLDER [--tables quality published speed memory restore]
    python benchmarks/bench_upscale.py --pictures docs/pictures

FOLDER holds x2, x3 and x4 with img_00N_SRF_S_HR.png and ..._LR.png, the usual pairs of antialiased bicubic. Y is
MATLAB's (16 to 235); `scale` pixels are cut off all around, as the papers do. SSIM is Gaussian, sigma 1.5.
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow

from studio.api import Image, Model
from studio.testing import TestContext
from studio_upscale import studio_models
from studio_upscale.nodes.images import denoise_image, enlarge_image, restore_image
from studio_upscale.opener import UpscaleOpener

Array = np.ndarray[Any, Any]
KINDS = ("antialiased", "cubic", "area")

# PSNR on Y of Set5, antialiased bicubic, as the papers print them: x2, x3, x4. Not measured here.
PUBLISHED = {
    "SRCNN (Dong 2014, 9-5-5)": (36.66, 32.75, 30.48),
    "FSRCNN (Dong 2016)": (37.00, 33.16, 30.71),
    "ESPCN (Shi 2016, ImageNet)": (None, 33.13, 30.90),
    "CARN (Ahn 2018)": (37.76, 34.29, 32.13),
    "IMDN (Hui 2019)": (38.00, 34.36, 32.21),
    "SPAN (Wan 2023)": (38.08, None, 32.20),
    "SwinIR-light (Liang 2021)": (38.14, 34.62, 32.44),
}


def open_models(folder: Path | None) -> dict[str, Any]:
    """Open what ships, or what a training wrote."""
    found = studio_models()
    if folder is not None:
        found = {name: folder / path.name for name, path in found.items()}
    opener = UpscaleOpener()
    return {
        f"builtin:{name}": opener.open(path, Model(f"builtin:{name}"), device="cpu", dtype="float32", parts={})
        for name, path in found.items()
        if path.exists()
    }


def to_luma(rgb: Array) -> Array:
    """MATLAB's Y of an 8-bit RGB picture, 16 to 235."""
    y: Array = 16 + rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255
    return y


def read(path: Path) -> Array:
    """Read a picture as RGB."""
    return np.asarray(Pillow.open(path).convert("RGB"))


def press(pixels: Array, quality: int) -> Array:
    """Write a JPEG and read it."""
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Pillow.open(buffer).convert("RGB"))


def shrink(whole: Array, given: Array, scale: int, kind: str) -> Array:
    """Return the small picture: the pair's own, or another degradation of the large one."""
    if kind == "antialiased":
        return given
    mode = {"cubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}[kind]
    small = cv2.resize(whole.astype(np.float32), given.shape[1::-1], interpolation=mode)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def interpolate(kind: Pillow.Resampling) -> Callable[[Array, int], Array]:
    """Return an interpolation that enlarges."""
    return lambda small, scale: np.asarray(
        Pillow.fromarray(small).resize((small.shape[1] * scale, small.shape[0] * scale), kind)
    )


def back_project(small: Array, scale: int, rounds: int = 10) -> Array:
    """Enlarge by iterative back-projection (Irani and Peleg 1991) with antialiased bicubic."""
    import torch
    from torch.nn import functional

    given = torch.from_numpy(small.astype(np.float32)).permute(2, 0, 1)[None]
    made = functional.interpolate(given, scale_factor=scale, mode="bicubic")
    for _ in range(rounds):
        left = functional.interpolate(made, scale_factor=1 / scale, mode="bicubic", antialias=True)
        made = made + functional.interpolate(given - left, scale_factor=scale, mode="bicubic")
    return made[0].permute(1, 2, 0).clamp(0, 255).round().numpy().astype(np.uint8)


def compare(made: Array, whole: Array, border: int) -> tuple[float, float]:
    """Return PSNR and SSIM on Y."""
    from skimage.metrics import structural_similarity

    first, second = (to_luma(p)[border:-border, border:-border] for p in (made, whole))
    psnr = 10 * np.log10(255**2 / max(np.mean((first - second) ** 2), 1e-10))
    ssim = structural_similarity(
        first, second, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return float(psnr), float(ssim)


def make_methods(models: Mapping[str, Any], with_ensemble: bool) -> dict[str, Callable[[Array, int], Array]]:
    """Return what enlarges, by name; bicubic comes first."""

    def studio(name: str, self_ensemble: bool = False) -> Callable[[Array, int], Array]:
        ctx, model = TestContext(models=models), Model(name)
        return lambda small, scale: (
            enlarge_image(ctx, Image(small), scale=scale, model=model, self_ensemble=self_ensemble).stored
        )

    methods = {
        "bicubic": interpolate(Pillow.Resampling.BICUBIC),
        "lanczos": interpolate(Pillow.Resampling.LANCZOS),
        "back-projection": back_project,
        "compact-fast": studio("builtin:compact-fast"),
        "compact": studio("builtin:compact"),
    }
    if with_ensemble:
        methods["compact, self-ensemble"] = studio("builtin:compact", self_ensemble=True)
    return methods


def bench_quality(set5: Path, models: Mapping[str, Any], scales: Sequence[int], with_ensemble: bool) -> None:
    """Print PSNR and SSIM by scale, degradation and method, and the worst picture against bicubic."""
    methods = make_methods(models, with_ensemble)
    print("| scale | degradation | " + " | ".join(methods) + " | worst of compact - bicubic | of fast |")
    print("|---|---|" + "---|" * (len(methods) + 2))
    for scale in scales:
        files = sorted((set5 / f"x{scale}").glob("*_HR.png"))
        pairs = [(read(path), read(path.with_name(path.name.replace("_HR", "_LR")))) for path in files]
        for kind in KINDS:
            for quality in (None, 75):
                rows: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
                for whole, given in pairs:
                    small = shrink(whole, given, scale, kind)
                    small = small if quality is None else press(small, quality)
                    for name, method in methods.items():
                        rows[name].append(compare(method(small, scale), whole, scale))
                means = [np.mean(rows[name], axis=0) for name in methods]
                cells = " | ".join(f"{psnr:.2f} / {ssim:.4f}" for psnr, ssim in means)
                worst = [
                    min(a[0] - b[0] for a, b in zip(rows[name], rows["bicubic"], strict=True))
                    for name in ("compact", "compact-fast")
                ]
                told = kind if quality is None else f"{kind}, JPEG q{quality}"
                print(f"| x{scale} | {told} | {cells} | {worst[0]:+.2f} | {worst[1]:+.2f} |", flush=True)


def print_published() -> None:
    """Print figures from papers."""
    print("\nPublished, PSNR on Y, Set5, antialiased bicubic (from the papers, not measured here):\n")
    print("| network | x2 | x3 | x4 |\n|---|---|---|---|")
    for name, figures in PUBLISHED.items():
        print(f"| {name} | " + " | ".join("-" if f is None else f"{f:.2f}" for f in figures) + " |")


def bench_restore(set5: Path, models: Mapping[str, Any]) -> None:
    """Print what denoising and restoring gain on the large pictures.

    Medians: one of the five was a JPEG before, and is all but the same after another.
    """
    ctx, rng = TestContext(models=models), np.random.default_rng(0)
    print("\n| harm | before, median | after | gain, median | worst picture |\n|---|---|---|---|---|")
    wholes = [read(path) for path in sorted((set5 / "x2").glob("*_HR.png"))]
    harms: dict[str, tuple[Callable[[Array], Array], Any]] = {"nothing": ((lambda p: p), restore_image)} | {
        f"JPEG q{q}": ((lambda p, q=q: press(p, q)), restore_image) for q in (10, 20, 40, 75, 90)
    }
    for sigma in (10, 25):
        harms[f"noise, deviation {sigma}"] = (
            lambda p, sigma=sigma: np.clip(np.rint(p + rng.normal(0, sigma, p.shape)), 0, 255).astype(np.uint8),
            denoise_image,
        )
    for name, (harm, function) in harms.items():
        scores = []
        for whole in wholes:
            bad = harm(whole)
            scores.append((compare(bad, whole, 2)[0], compare(function(ctx, Image(bad)).stored, whole, 2)[0]))
        gains = [0.0 if a == b else b - a for a, b in scores]
        before, after = np.median(scores, axis=0)
        print(f"| {name} | {before:.2f} | {after:.2f} | {np.median(gains):+.2f} | {min(gains):+.2f} |", flush=True)


def bench_speed(models: Mapping[str, Any], threads: int, rounds: int) -> None:
    """Print megapixels of result a second, and Studio against the bare network over the same tiles."""
    import torch

    from studio_upscale.tiles import plan_spans

    torch.set_num_threads(threads)
    pixels = np.random.default_rng(0).integers(0, 256, (512, 768, 3)).astype(np.uint8)
    ctx = TestContext(models=models)
    print(f"\n{threads} threads, 768 x 512 RGB, best of {rounds}, CPU and wall seconds\n")
    print("| model | scale | megapixels/s, wall | megapixels/CPU s | Studio / bare network |\n|---|---|---|---|---|")
    for name, scale in (("compact-fast", 2), ("compact-fast", 4), ("compact", 2), ("compact", 4)):
        model = models[f"builtin:{name}"]

        def studio(name: str = name, scale: int = scale) -> None:
            enlarge_image(ctx, Image(pixels), scale=scale, model=Model(f"builtin:{name}"))

        def bare(model: Any = model, scale: int = scale) -> None:
            floats, seen = pixels.astype(np.float32)[None] / 255, [model.inspect(pixels, scale)]
            for top, bottom in plan_spans(512, 256, 32):
                for left, right in plan_spans(768, 256, 32):
                    model._run(floats[:, top:bottom, left:right], scale, seen)

        times: dict[Any, list[tuple[float, float]]] = {studio: [], bare: []}
        for _ in range(rounds):  # turn about, so that what else runs here meets both
            for function, taken in times.items():
                wall, cpu = time.perf_counter(), time.process_time()
                function()
                taken.append((time.perf_counter() - wall, time.process_time() - cpu))
        size = pixels.shape[0] * pixels.shape[1] * scale**2 / 1e6
        wall, cpu = (min(row[k] for row in times[studio]) for k in (0, 1))
        ratio = cpu / min(row[1] for row in times[bare])
        print(f"| {name} | x{scale} | {size / wall:.2f} | {size / cpu:.2f} | {ratio:.3f} |", flush=True)


def bench_memory() -> None:
    """Print the peak of a fresh process that makes 8K of full HD, x4."""
    command = [sys.executable, __file__, "--eight-k"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print("\n" + done.stdout.strip(), flush=True)


def run_eight_k() -> None:
    """Enlarge full HD to 8K and say what it took."""
    ctx = TestContext(models=open_models(None))
    tiny = Image(np.zeros((64, 64, 3), np.uint8))
    enlarge_image(ctx, tiny, scale=4, model=Model("builtin:compact-fast"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pixels = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3)).astype(np.uint8)
    cpu = time.process_time()
    made = enlarge_image(ctx, Image(pixels), scale=4, model=Model("builtin:compact-fast"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"8K ({made.width} x {made.height}) from 1920 x 1080 with compact-fast: {time.process_time() - cpu:.0f} CPU s, "
        f"peak {peak:.0f} MiB, {peak - before:.0f} MiB over the loaded process; the result alone is "
        f"{made.stored.nbytes / 2**20:.0f} MiB"
    )


def draw_pictures(models: Mapping[str, Any], folder: Path) -> None:
    """Write the pictures of docs/upscale.md: what was enlarged beside what interpolation makes of it."""
    from studio.app import run
    from studio_upscale.training.images import load_held_out, shrink_antialiased

    methods = make_methods(models, with_ensemble=False)
    whole = load_held_out()[:426, :639]
    small = np.clip(np.rint(shrink_antialiased(whole, 3)), 0, 255).astype(np.uint8)
    shown = [methods["bicubic"](small, 3), methods["compact"](small, 3), whole]
    photo = np.concatenate([picture[60:420, 200:500] for picture in shown], axis=1)
    Pillow.fromarray(photo).save(folder / "upscale_photo.jpg", quality=92)

    draw = {"type": "diffusion.text_to_image", "inputs": {"prompt": "a fox on a blue background"}}
    enlarge = {
        "type": "upscale.image",
        "inputs": {"image": {"from": "draw"}, "scale": 4, "model": "builtin:mini-enlarger"},
    }
    outputs = {"drawn": {"from": "draw"}, "enlarged": {"from": "enlarge"}}
    made = run({"studio": 1, "nodes": {"draw": draw, "enlarge": enlarge}, "outputs": outputs})
    drawn = made["drawn"].to_uint8()
    grown = [methods["bicubic"](drawn, 4), methods["compact"](drawn, 4), made["enlarged"].to_uint8()]
    Pillow.fromarray(np.concatenate([picture[64:448, 64:448] for picture in grown], axis=1)).save(
        folder / "upscale_mini.png"
    )


def main() -> None:
    """Run the tables that were asked for."""
    tables = ("quality", "published", "restore", "speed", "memory")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set5", type=Path, help="folder with x2, x3, x4")
    parser.add_argument("--weights", type=Path, help="folder with other files of weights")
    parser.add_argument("--tables", nargs="+", choices=tables, default=tables)
    parser.add_argument("--scales", nargs="+", type=int, choices=(2, 3, 4), default=(2, 3, 4), help="for the quality")
    parser.add_argument("--ensemble", action="store_true", help="also with self_ensemble, eight times slower")
    parser.add_argument("--threads", type=int, default=2, help="for the speed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=Path, help="folder to draw the pictures of the documentation into, alone")
    parser.add_argument("--eight-k", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.eight_k:
        run_eight_k()
        return
    models = open_models(options.weights)
    if options.pictures is not None:
        draw_pictures(models, options.pictures)
        return
    if options.set5 is None and {"quality", "restore"} & set(options.tables):
        parser.error("quality and restore need --set5 FOLDER")
    if "quality" in options.tables:
        bench_quality(options.set5, models, options.scales, options.ensemble)
    if "published" in options.tables:
        print_published()
    if "restore" in options.tables:
        bench_restore(options.set5, models)
    if "speed" in options.tables:
        bench_speed(models, options.threads, options.rounds)
    if "memory" in options.tables:
        bench_memory()


if __name__ == "__main__":
    main()
