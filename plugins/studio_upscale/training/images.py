"""Pairs to learn from: openly licensed images, and what is left of them when they are made smaller.

The images are those in the packages of scikit-image and scikit-learn, a folder of more (`--images`; paintings in
the public domain) and emoji artwork (`--artwork`). None of Set5, Set14, BSD100 or Urban100 is among them.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from studio_upscale.codes import CODES, find_codes
from studio_upscale.gauge import Gauge
from studio_upscale.pixels import FloatArray

Array = np.ndarray[Any, Any]

SCIKIT_IMAGE = (
    *("astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "chessboard_RGB.png", "clock_motion.png"),
    *("coffee.png", "coins.png", "color.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png"),
    *("moon.png", "motorcycle_left.png", "motorcycle_right.png", "page.png", "retina.jpg", "text.png"),
)
SCIKIT_LEARN = ("china.jpg", "flower.jpg")
HELD_OUT = "rocket.jpg"
PLAIN = ("brick.png", "grass.png", "gravel.png", "ihc.png", "cell.png", "moon.png", "retina.jpg", "chessboard_RGB.png")
ZOOMS = (0.87, 0.75, 0.62, 0.5)
SOFT = (0.6, 0.9)
FLAT = 0.02  # share of patches of one grey, so that what is flat stays flat
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
BLUE = np.array([-0.168736, -0.331264, 0.5], np.float32)
RED = np.array([0.5, -0.418688, -0.081312], np.float32)
KINDS = {"antialiased": 0.38, "cubic": 0.29, "area": 0.12, "rough": 0.03, "jpeg": 0.06, "jpeg75": 0.12}
RESTORE_KINDS = {"jpeg": 0.15, "jpeg_low": 0.18, "jpeg_high": 0.13, "jpeg75": 0.10, "noise": 0.26, "clean": 0.18}


@dataclass(frozen=True)
class Pair:
    """An image, what is left of it, and how often it is looked at.

    `number` says which image it is of.
    """

    whole: Array
    left: Array
    weight: float
    number: int


def load_images(folders: Sequence[Path], artwork: Path | None, seed: int) -> Iterator[tuple[Array, float]]:
    """Yield RGB images (height x width x 3, uint8), each with its weight."""
    for path in _list_packaged():
        yield _read(path), 0.4 if path.name in PLAIN else 1.0
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
                yield _shrink(_read(path), 900), 0.8
    if artwork is not None:
        for sheet in draw_sheets(artwork, seed):
            yield sheet, 0.5


def load_held_out() -> Array:
    """Read the image that nothing is learned from."""
    return _read(_find_package("skimage", "data") / HELD_OUT)


def _list_packaged() -> Iterator[Path]:
    images, photos = _find_package("skimage", "data"), _find_package("sklearn", "datasets") / "images"
    yield from (images / name for name in SCIKIT_IMAGE)
    yield from (photos / name for name in SCIKIT_LEARN)


def _find_package(package: str, inner: str) -> Path:
    import importlib.util

    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed: type pip install 'studio[training]'")
    return Path(spec.origin).parent / inner


def _read(path: Path) -> Array:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _shrink(pixels: Array, longest: int) -> Array:
    factor = longest / max(pixels.shape)
    return pixels if factor >= 1 else cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def draw_sheets(artwork: Path, seed: int, count: int = 24, side: int = 4) -> Iterator[Array]:
    """Yield sheets of emoji on colored grounds, at most 128 pixels an emoji."""
    rng = np.random.default_rng([seed, 7])
    emoji = _read_artwork(artwork, rng, count * side * side)
    for number in range(count):
        ground = rng.integers(0, 256, 3) if number % 3 else np.full(3, 255)
        sheet = Image.new("RGB", (128 * side, 128 * side), tuple(int(c) for c in ground))
        for place in range(side * side):
            figure = emoji[number * side * side + place]
            figure = figure.resize((size := int(rng.integers(72, 129)), size), Image.Resampling.LANCZOS)
            offset = rng.integers(0, 129 - size, 2) if size < 128 else (0, 0)
            sheet.paste(figure, (128 * (place % side) + int(offset[0]), 128 * (place // side) + int(offset[1])), figure)
        yield np.asarray(sheet)


def _read_artwork(artwork: Path, rng: np.random.Generator, count: int) -> list[Image.Image]:
    with tarfile.open(artwork) as archive:
        members = sorted((m for m in archive if m.isfile() and m.name.endswith(".png")), key=lambda m: m.name)
        found = []
        for index in rng.permutation(len(members))[:count]:
            data = archive.extractfile(members[index])
            assert data is not None
            found.append(Image.open(io.BytesIO(data.read())).convert("RGBA"))
    return found


def shrink_antialiased(pixels: Array, scale: int) -> Array:
    """Make an image smaller as MATLAB's `imresize` does: bicubic (a = -0.5), widened against aliasing."""
    import torch
    from torch.nn import functional

    planes = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]
    left = functional.interpolate(planes, scale_factor=1 / scale, mode="bicubic", antialias=True)
    return left[0].permute(1, 2, 0).numpy()


_QUALITIES = {"jpeg": (40, 96), "jpeg75": (75, 76), "jpeg_high": (60, 99), "jpeg_low": (8, 40)}
"""Qualities of JPEG by kind of harm, from the first to before the second."""


def degrade(pixels: Array, scale: int, kind: str, rng: np.random.Generator) -> Array:
    """Return what one kind of harm leaves of an image (height x width x 3, uint8), `scale` times smaller."""
    if kind in _QUALITIES:
        low, high = _QUALITIES[kind]
        return _press(pixels, low if high == low + 1 else int(rng.integers(low, high)))
    if kind == "noise":
        return round_samples(pixels + rng.normal(0, rng.uniform(2, 30), pixels.shape))
    if kind == "clean" or (scale == 1 and kind != "rough"):
        return pixels
    if kind == "antialiased":
        return round_samples(shrink_antialiased(pixels, scale))
    if kind == "rough":
        soft = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), float(rng.uniform(0.3, 0.35 * scale + 0.2)))
        left = shrink_antialiased(soft, scale)
        return round_samples(left + rng.normal(0, rng.uniform(0, 3), left.shape))
    mode = {"cubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}[kind]
    return round_samples(cv2.resize(pixels.astype(np.float32), None, fx=1 / scale, fy=1 / scale, interpolation=mode))


def find_luma(pixels: Array) -> FloatArray:
    """Return the brightness of an image (height x width x 3, uint8) as a plane, 0 to 1."""
    return np.asarray(pixels.astype(np.float32) @ LUMA / 255, np.float32)


def round_samples(pixels: Array) -> Array:
    """Return samples as whole numbers of 8 bits."""
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _press(pixels: Array, quality: int) -> Array:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


class Pairs:
    """Pairs of one scale, from which batches are cut.

    Args:
        images: RGB images with weights.
        scale: How many times smaller the left side is.
        kinds: How often each kind of harm is looked at.
        patch: Side of a patch of the left side, in pixels.
        seed: Another seed, other noise and qualities.
        gauges: What looks at the left sides; the one at an image's number, modulo their count, has not seen it.
    """

    def __init__(
        self,
        images: Sequence[tuple[Array, float]],
        scale: int,
        kinds: dict[str, float],
        patch: int,
        seed: int,
        gauges: Sequence[Gauge] = (),
    ) -> None:
        self.scale, self.patch = scale, patch
        rng = np.random.default_rng([seed, scale])
        self.groups = [list(self._make(images, kind, rng)) for kind in kinds]
        self.shares = np.array(list(kinds.values())) / sum(kinds.values())
        weights = [np.array([pair.weight for pair in group]) for group in self.groups]
        self.weights = [w / w.sum() for w in weights]
        self.codes = [np.array([self._look(pair, gauges) for pair in group], np.float32) for group in self.groups]

    def _look(self, pair: Pair, gauges: Sequence[Gauge]) -> tuple[float, ...]:
        if not gauges:
            return (0.0,) * CODES
        gauge = gauges[pair.number % len(gauges)]
        return find_codes(find_luma(pair.left), gauge, self.scale)

    def _make(self, images: Sequence[tuple[Array, float]], kind: str, rng: np.random.Generator) -> Iterator[Pair]:
        for number, (pixels, weight) in enumerate(images):
            for whole, share in self._vary(pixels):
                height, width = (side // self.scale * self.scale for side in whole.shape[:2])
                if min(height, width) < self.scale * (self.patch + 2):
                    continue
                whole = np.ascontiguousarray(whole[:height, :width])
                left = whole
                if kind in ("jpeg", "jpeg75") and self.scale > 1:
                    first = str(rng.choice(["antialiased", "cubic", "area"], p=[0.4, 0.3, 0.3]))
                    left = degrade(left, self.scale, first, rng)
                left = degrade(left, self.scale, kind, rng)
                yield Pair(whole, left, share * weight * min(left[..., 0].size, 60_000) ** 0.5, number)

    def _vary(self, pixels: Array) -> Iterator[tuple[Array, float]]:
        """Yield an image at several sizes and, where it is to be enlarged, as soft as lenses make it; with shares."""
        yield pixels, 1.0
        for zoom in ZOOMS:
            yield cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), 1.0
        for sigma in SOFT if self.scale > 1 else ():
            yield cv2.GaussianBlur(pixels, (0, 0), sigma), 0.6

    def cut(self, count: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        """Return `count` patches of what is left and of the whole, N x 1 x side x side, 0 to 1, and their codes."""
        lefts, wholes, codes = zip(*(self._cut_one(rng) for _ in range(count)), strict=True)
        return np.stack(lefts)[:, None], np.stack(wholes)[:, None], np.array(codes, np.float32)

    def _cut_one(self, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        kind = int(rng.choice(len(self.groups), p=self.shares))
        index = int(rng.choice(len(self.groups[kind]), p=self.weights[kind]))
        pair, code = self.groups[kind][index], self.codes[kind][index]
        size, scale = self.patch, self.scale
        tops = rng.integers(0, pair.left.shape[0] - size + 1, 2)
        sides = rng.integers(0, pair.left.shape[1] - size + 1, 2)
        busy = [pair.left[t : t + size : 2, s : s + size : 2, 1].std() for t, s in zip(tops, sides, strict=True)]
        top, side = (int(where[int(np.argmax(busy))]) for where in (tops, sides))
        left = pair.left[top : top + size, side : side + size]
        whole = pair.whole[scale * top : scale * (top + size), scale * side : scale * (side + size)]
        mix, offset = _draw_mix(rng)
        turns, mirrored, gain = int(rng.integers(4)), rng.random() < 0.5, np.float32(rng.uniform(0.5, 1) / 255)
        if rng.random() < FLAT:
            grey = rng.integers(256)
            left, whole = np.full_like(left, grey), np.full_like(whole, grey)
        planes = (gain * (patch.astype(np.float32) @ mix) + offset for patch in (left, whole))
        first, second = (np.rot90(p[:, ::-1] if mirrored else p, turns) for p in planes)
        return np.ascontiguousarray(first), np.ascontiguousarray(second), code


def _draw_mix(rng: np.random.Generator) -> tuple[Array, float]:
    chance = rng.random()
    if chance < 0.75:
        return LUMA, 0.0
    if chance < 0.9:
        return rng.dirichlet(np.ones(3)).astype(np.float32), 0.0
    return (BLUE if chance < 0.95 else RED), 0.5
