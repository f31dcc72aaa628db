"""What each method of `style.transfer` takes from a painting and keeps of a photograph; its time and memory.

    python benchmarks/bench_style.py PHOTOS PAINTINGS              the tables, in Markdown
    python benchmarks/bench_style.py PHOTOS PAINTINGS --save OUT   keeps the pictures
    python benchmarks/bench_style.py PHOTOS PAINTINGS --tables methods --side 128    quick, "network, Gram" and all
    python benchmarks/bench_style.py PHOTOS PAINTINGS --tables colorize films --film FILM --frames 8

PHOTOS and PAINTINGS are folders of pictures; photographs that scikit-image and scikit-learn carry join the first.
`coherence` is the mean distance of patches of the result to the nearest patch of the painting, divided by the
photograph's own: 1 is no transfer. `gram` and `sliced` are distances of Gram matrices and of patch distributions
under random filters that no method optimises. `edges` correlates slopes of luma with the photograph, `SSIM` compares
luma with it. Gram and sliced distances rank garish noise first: read them beside coherence. "network, Gram" is the
plain method of Gatys with a VGG-19 of random weights. "one half of the painting beside the other" is the coherence of
what the painter painted himself: below it a result can only come by copying whole pieces, or by being smooth.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from studio.api import Image, MediaLimits, Video, VideoType
from studio.testing import TestContext
from studio_style.nodes.colors import colorize_image
from studio_style.nodes.transfer import transfer_style
from studio_style.nodes.videos import colorize_video, style_video

SHIPPED = (("skimage", "data", "astronaut.png"), ("skimage", "data", "coffee.png"), ("skimage", "data", "chelsea.png"),
           ("sklearn", "datasets/images", "china.jpg"))  # fmt: skip
TABLES = ("methods", "sizes", "colorize", "films")
METHODS: dict[str, dict[str, Any]] = {
    "colours alone": {"method": "color"},
    "patch, draft": {"quality": "draft"},
    "patch": {},
    "patch, fine": {"quality": "fine"},
    "network, Gram": {"method": "neural", "loss": "gram", "model": "random", "quality": "draft"},
}
SIZES = (256, 512, 1024, 2048)
MOST_COHERENCE, EDGES = 0.7, (0.5, 0.9)
HALVES = "one half of the painting beside the other"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--few", action="store_true", help="leave out the photographs that libraries carry")
    parser.add_argument("--methods", nargs="+", choices=tuple(METHODS), default=tuple(METHODS))
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="for the table of sizes")
    parser.add_argument("--film", type=Path, help="for the table of films")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(measure_memory(given, given.only[0], int(given.only[1])))
        return
    if "methods" in given.tables:
        compare_methods(given)
    if "sizes" in given.tables:
        compare_sizes(given)
    if "colorize" in given.tables:
        compare_colorings()
    if "films" in given.tables and given.film is not None:
        compare_films(given)


def find_pictures(folder: Path, *, shipped: bool = False) -> dict[str, Path]:
    """Find the pictures of a folder, and those that libraries carry."""
    import importlib.util

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for package, place, name in SHIPPED if shipped else ():
        found = importlib.util.find_spec(package)
        if found is not None and found.origin is not None:
            paths.append(Path(found.origin).parent / place / name)
    return {path.stem: path for path in paths}


def load(path: Path, side: int) -> Image:
    """Load a picture, with its longer side as long as that."""
    import PIL.Image

    with PIL.Image.open(path) as opened:
        picture = opened.convert("RGB")
        scale = side / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        return Image(picture.resize(size, PIL.Image.Resampling.LANCZOS))


def run(method: str, content: Image, style: Image) -> Image:
    """Make one transfer."""
    options = dict(METHODS[method])
    if options.get("model") == "random":
        from studio.api import Model
        from studio_style.networks.vgg import create_random_features

        options["model"] = Model("builtin:random")
        context = TestContext(models={"builtin:random": create_random_features(seed=1)})
    else:
        context = TestContext()
    return transfer_style(context, content, style, **options)


# -- methods ---------------------------------------------------------------------------------------


def compare_methods(given: argparse.Namespace) -> None:
    """Print one row for each photograph, painting and method, and the means."""
    names = ("coherence", "gram", "sliced", "edges", "SSIM", "CPU s", "s")
    print(
        f"| photograph, painting ({given.side} px) | method | "
        + " | ".join(names)
        + " |\n|---|---|"
        + "---|" * len(names)
    )
    rows: dict[str, list[list[float]]] = {}
    for photo, photo_path in find_pictures(given.photos, shipped=not given.few).items():
        for painting, painting_path in find_pictures(given.paintings).items():
            content, style = load(photo_path, given.side), load(painting_path, given.side)
            own = measure_coherence(to_tensor(content), to_tensor(style))
            halves = measure_halves(style) / own
            print(f"| {photo}, {painting} | {HALVES} | {halves:.2f}{' | -' * 6} |", flush=True)
            for method in ("photograph", *given.methods):
                begin = perf_counter(), process_time()
                made = content if method == "photograph" else run(method, content, style)
                times = [process_time() - begin[1], perf_counter() - begin[0]]
                row = [*measure(made, content, style, own), *times]
                rows.setdefault(method, []).append(row)
                print(f"| {photo}, {painting} | {method} | {write_row(row)} |", flush=True)
                if given.save is not None:
                    given.save.mkdir(parents=True, exist_ok=True)
                    made.to_pillow().save(given.save / f"{photo}-{painting}-{method.replace(', ', '_')}.png")
    for method, each in rows.items():
        print(f"| mean | {method} | {write_row(np.mean(each, axis=0))} |")
        print(f"| worst coherence, edges from - to | {method} | {max(r[0] for r in each):.2f} | | | "
              f"{min(r[3] for r in each):.2f} - {max(r[3] for r in each):.2f} | | | |")  # fmt: skip
    for method in rows:
        print(f"| pairs as they should be | {method} | {count_good(rows, method)} |")


def measure_halves(style: Image) -> float:
    """Return how far one half of a painting is from the other: as near as any picture is that was not copied."""
    left, right = (to_tensor(style)[..., part] for part in (slice(style.width // 2), slice(style.width // 2, None)))
    return (measure_coherence(left, right) + measure_coherence(right, left)) / 2


def count_good(rows: dict[str, list[list[float]]], method: str) -> str:
    """Count the pairs with coherence and edges where they should be, as cells of a row."""
    each, total = rows[method], len(rows[method])
    coherent = f"{sum(row[0] <= MOST_COHERENCE for row in each)} of {total} at most {MOST_COHERENCE}"
    if "colours alone" in rows and method != "colours alone":
        below = sum(row[0] < plain[0] for row, plain in zip(each, rows["colours alone"], strict=True))
        coherent += f", {below} below the colours alone"
    kept = sum(EDGES[0] <= row[3] <= EDGES[1] for row in each)
    return f"{coherent} | | | {kept} of {total} from {EDGES[0]} to {EDGES[1]} | | | "


def write_row(values: Any) -> str:
    """Write figures as cells of a row."""
    return " | ".join(f"{value:.2f}" if index < 5 else f"{value:.1f}" for index, value in enumerate(values))


def measure(made: Image, content: Image, style: Image, own: float) -> list[float]:
    """Measure a result: what it has of the style, and of the content."""
    from skimage.metrics import structural_similarity

    result, goal = to_tensor(made), to_tensor(style)
    mine, theirs = find_luma(made), find_luma(content)
    edges = float(np.corrcoef(find_slopes(mine).ravel(), find_slopes(theirs).ravel())[0, 1])
    likeness = float(structural_similarity(mine, theirs, data_range=1.0))
    coherence = measure_coherence(result, goal) / own
    return [coherence, measure_gram(result, goal), measure_sliced(result, goal), edges, likeness]


def measure_coherence(result: torch.Tensor, style: torch.Tensor) -> float:
    """Return the mean distance of patches to the nearest one of the style, over two scales and two patch sizes."""
    generator, found = torch.Generator().manual_seed(7), []
    for scale, side in ((0.5, 5), (0.5, 9), (0.25, 5)):
        mine = functional.unfold(shrink(result, scale), side)[0].T
        known = functional.unfold(shrink(style, scale), side)[0].T
        chosen = mine[torch.randperm(len(mine), generator=generator)[:1500]]
        nearest = torch.cat([torch.cdist(part, known).amin(1) for part in chosen.split(250)])
        found.append(float(nearest.mean()) / side / 3**0.5)
    return float(np.mean(found))


def measure_gram(result: torch.Tensor, style: torch.Tensor) -> float:
    """Return the relative distance of Gram matrices of random filters, over five scales."""
    generator = torch.Generator().manual_seed(1234)
    filters = torch.randn(96, 3, 5, 5, generator=generator)
    filters /= filters.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    found = []
    for scale in (1.0, 0.5, 0.25, 0.125):
        grams = []
        for picture in (result, style):
            maps = functional.conv2d(shrink(picture, scale) * 2 - 1, filters).relu().flatten(2)[0]
            grams.append(maps @ maps.T / maps.shape[1])
        found.append(float((grams[0] - grams[1]).norm() / grams[1].norm()))
    return float(np.mean(found))


def measure_sliced(result: torch.Tensor, style: torch.Tensor) -> float:
    """Return the sliced Wasserstein distance of patches without their mean, over three scales."""
    generator, found = torch.Generator().manual_seed(99), []
    for scale in (1.0, 0.5, 0.25):
        filters = torch.randn(64, 3, 7, 7, generator=generator)
        filters -= filters.mean((1, 2, 3), keepdim=True)
        filters /= filters.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        steps = torch.linspace(0.0, 1.0, 513)
        lines = [functional.conv2d(shrink(each, scale), filters, stride=2).flatten(2)[0] for each in (result, style)]
        quantiles = [torch.from_numpy(np.quantile(line.numpy(), steps.numpy(), axis=1)) for line in lines]
        found.append(float((quantiles[0] - quantiles[1]).abs().mean()))
    return float(np.mean(found))


def find_luma(image: Image) -> Any:
    """Return the luma of a picture."""
    return image.pixels[:, :, :3] @ np.array([0.299, 0.587, 0.114], np.float32)


def find_slopes(luma: Any) -> Any:
    """Return how steep a plane is, after a Gaussian of 2 pixels."""
    from scipy.ndimage import gaussian_gradient_magnitude

    return gaussian_gradient_magnitude(luma, 2.0)


def shrink(picture: torch.Tensor, scale: float) -> torch.Tensor:
    """Make a picture smaller."""
    return (
        picture if scale == 1 else functional.interpolate(picture, scale_factor=scale, mode="bicubic", antialias=True)
    )


def to_tensor(image: Image) -> torch.Tensor:
    """Return a picture as 1 x 3 x H x W."""
    return torch.from_numpy(image.pixels[:, :, :3].copy()).permute(2, 0, 1)[None]


# -- sizes -----------------------------------------------------------------------------------------


def compare_sizes(given: argparse.Namespace) -> None:
    """Print time and peak memory of a process that makes one transfer, by size of the content."""
    sizes = given.sizes
    print("\n| method | " + " | ".join(f"{side} px" for side in sizes) + " |\n|---|" + "---|" * len(sizes))
    for method in given.methods:
        cells = []
        for side in sizes:
            if METHODS[method].get("method") == "neural" and side > 512:
                cells.append("-")
                continue
            command = [sys.executable, __file__, str(given.photos), str(given.paintings), "--only", method, str(side)]
            cells.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
        print(f"| {method} | " + " | ".join(cells) + " |", flush=True)


def measure_memory(given: argparse.Namespace, method: str, side: int) -> str:
    """Return seconds, processor seconds and peak memory of this process after a transfer."""
    content = load(next(iter(find_pictures(given.photos).values())), side)
    style = load(next(iter(find_pictures(given.paintings).values())), min(side, 1024))
    begin = perf_counter(), process_time()
    run(method, content, style)
    times = perf_counter() - begin[0], process_time() - begin[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{times[0]:.1f} s, {times[1]:.1f} CPU s, {peak:.0f} MiB"


# -- colours ---------------------------------------------------------------------------------------


def compare_colorings() -> None:
    """Print how near dabs of the true colours bring a grey picture to its colours."""
    import importlib.util

    print("\n| picture, 300 x 200 | grey, dB | 30 dabs | 100 dabs | CPU s |\n|---|---|---|---|---|")
    pictures = (*SHIPPED[:2], ("sklearn", "datasets/images", "flower.jpg"))
    for package, place, name in pictures:
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin is not None
        truth = fit(Path(found.origin).parent / place / name)
        grey, cells, begin = make_grey(truth), [], process_time()
        for count in (30, 100):
            made = colorize_image(TestContext(), grey, scribbles=scatter_dabs(truth, count))
            cells.append(f"{measure_psnr(made, truth):.1f}")
        spent = (process_time() - begin) / 2
        print(f"| {name} | {measure_psnr(grey, truth):.1f} | {' | '.join(cells)} | {spent:.1f} |")


def fit(path: Path) -> Image:
    """Load a picture at 300 x 200."""
    import PIL.Image

    with PIL.Image.open(path) as opened:
        return Image(opened.convert("RGB").resize((300, 200), PIL.Image.Resampling.BOX))


def make_grey(image: Image) -> Image:
    """Take the colours out of a picture."""
    return Image(np.repeat(find_luma(image).clip(0, 1)[:, :, None], 3, axis=2))


def scatter_dabs(image: Image, count: int) -> Image:
    """Take dabs of 3 x 3 pixels of a picture's own colours at random places, transparent elsewhere."""
    rng, alpha = np.random.default_rng(0), np.zeros((image.height, image.width, 1), np.float32)
    for _ in range(count):
        row, column = rng.integers(2, image.height - 2), rng.integers(2, image.width - 2)
        alpha[row - 1 : row + 2, column - 1 : column + 2] = 1
    return Image(np.concatenate([image.pixels[:, :, :3] * alpha, alpha], axis=2))


def measure_psnr(first: Image, second: Image) -> float:
    """Return the likeness of two pictures in decibels."""
    return float(-10 * np.log10(np.mean((first.pixels - second.pixels) ** 2) + 1e-9))


# -- films -----------------------------------------------------------------------------------------


def compare_films(given: argparse.Namespace) -> None:
    """Print how much painted films flicker, scored by another flow than the one that paints, and how colours last."""
    from fractions import Fraction

    source = VideoType().read_file(given.film, MediaLimits()).frames()
    frames = [shrink_frame(frame.image, 320) for frame in itertools.islice(source, given.frames)]
    film, style = (
        Video.from_images(frames, Fraction(25)),
        load(next(iter(find_pictures(given.paintings).values())), 512),
    )
    begin = process_time()
    steady = [frame.image for frame in style_video(TestContext(), film, style, seed=3).frames()]
    middle = process_time()
    single = [transfer_style(TestContext(), frame, style, quality="draft", seed=3) for frame in frames]
    times = middle - begin, process_time() - middle
    print(f"\n| {len(frames)} frames | change along the motion, of 255 | CPU s a frame |\n|---|---|---|")
    print(f"| the film itself | {measure_flicker(frames, frames):.2f} | |")
    print(f"| each frame by itself | {measure_flicker(single, frames):.2f} | {times[1] / len(frames):.2f} |")
    print(f"| style.transfer_video | {measure_flicker(steady, frames):.2f} | {times[0] / len(frames):.2f} |")
    grey = Video.from_images([make_grey(frame) for frame in frames], Fraction(25))
    begin = process_time()
    colored = [frame.image for frame in colorize_video(TestContext(), grey, frames[:1]).frames()]
    spent = (process_time() - begin) / len(frames)
    print("\n| frames from the key | grey, dB | style.colorize_video, dB |\n|---|---|---|")
    for index in sorted({1, min(10, len(frames) - 1), len(frames) - 1}):
        truth = frames[index]
        print(f"| {index} | {measure_psnr(make_grey(truth), truth):.1f} | {measure_psnr(colored[index], truth):.1f} |")
    print(f"\n{spent:.2f} CPU s a frame")


def shrink_frame(image: Image, width: int) -> Image:
    """Make a frame smaller."""
    import PIL.Image

    height = round(image.height * width / image.width)
    return Image(image.to_pillow().convert("RGB").resize((width, height), PIL.Image.Resampling.BOX))


def measure_flicker(film: list[Image], guide: list[Image]) -> float:
    """Return the mean change of a film along the motion of its guide (Farneback 2003), where that comes back."""
    import cv2

    found = []
    for index in range(1, len(film)):
        before, after = (cv2.cvtColor(guide[at].to_uint8(), cv2.COLOR_RGB2GRAY) for at in (index - 1, index))
        empty = np.zeros((*after.shape, 2), np.float32)
        settings = (0.5, 5, 21, 5, 7, 1.5, 0)
        back = cv2.calcOpticalFlowFarneback(after, before, empty.copy(), *settings)
        forth = cv2.calcOpticalFlowFarneback(before, after, empty.copy(), *settings)
        rows, columns = np.mgrid[0 : after.shape[0], 0 : after.shape[1]].astype(np.float32)
        places = (columns + back[..., 0], rows + back[..., 1], cv2.INTER_LINEAR)
        sure = np.linalg.norm(back + cv2.remap(forth, *places), axis=2) < 1
        moved = cv2.remap(film[index - 1].pixels, *places, borderMode=cv2.BORDER_REPLICATE)
        found.append(255 * np.abs(moved - film[index].pixels)[sure].mean())
    return float(np.mean(found))


if __name__ == "__main__":
    main()
