"""Backgrounds of drawn scenes: one color, a gradient of two, or a simple place in soft light."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from studio_diffusion.training.vocabulary import COLORS, GRADIENT

VARIANTS = 12
"""How many pictures there are of one place."""
_KEPT = 512

Color = tuple[float, float, float]
Painter = Callable[[int, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Place:
    """A place that a thing may be in.

    Attributes:
        paint: Paints it, float32 0..1, side x side x 3; what it draws at random does not depend on the side.
        ground: Where things stand, as a share of the side from the top; 0 if they float.
        light: What the light of the place multiplies the colors of things with.
        shadow: How dark the shadow below a thing is.
        hidden: Colors that would not be seen there.
    """

    paint: Painter
    ground: float = 0.0
    light: Color = (1, 1, 1)
    shadow: float = 0.5
    hidden: str = ""


def paint_background(name: str, side: int, variant: int = 0) -> np.ndarray:
    """Paint the background of a name: a color, a gradient ("blue gradient", "pink and blue gradient"), or a place.

    Args:
        name: A name of `COLORS`, of a gradient or of `PLACES`.
        side: Side of the picture, in pixels.
        variant: Which of the pictures of a place.

    Returns:
        The picture, float32 0..1, side x side x 3; it may be changed.
    """
    if name in COLORS:
        picture = np.empty((side, side, 3), np.float32)
        picture[:] = _get_color(name)
        return picture
    return _paint(name, side, variant if name in PLACES else 0).astype(np.float32) / 255


@functools.lru_cache(maxsize=_KEPT)
def _paint(name: str, side: int, variant: int) -> np.ndarray:
    if name in PLACES:
        # twice as fine and averaged, so that edges are smooth
        fine = PLACES[name].paint(2 * side, np.random.default_rng((zlib.crc32(name.encode()), variant)))
        picture = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    else:
        colors = [_get_color(word) for word in name.removesuffix(f" {GRADIENT}").split(" and ")]
        ends = colors if len(colors) == 2 else [0.25 * colors[0] + 0.75, 0.92 * colors[0]]
        picture = _blend_down(side, [tuple(end) for end in ends])
    levels: np.ndarray = (picture * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return levels


def _get_color(name: str) -> np.ndarray:
    return np.array(COLORS[name], np.float32) / 255


# -- parts of places -----------------------------------------------------------------------------------


def _blend_down(side: int, colors: Sequence[Color], top: float = 0.0, bottom: float = 1.0) -> np.ndarray:
    """Return a picture that goes evenly through colors from `top` to `bottom`."""
    rows = (np.arange(side) + 0.5) / side
    stops = np.linspace(top, bottom, len(colors))
    columns = [np.interp(rows, stops, [color[channel] for color in colors]) for channel in range(3)]
    return np.repeat(np.stack(columns, -1)[:, None], side, 1).astype(np.float32)


def _cover(picture: np.ndarray, mask: np.ndarray, paint: np.ndarray | Color, amount: float = 1.0) -> None:
    """Paint over a picture where a mask (0..1) says."""
    share = (mask * amount)[..., None].astype(np.float32)
    picture += share * (np.asarray(paint, np.float32) - picture)


def _find_hill(side: int, rng: np.random.Generator, height: float, swing: float) -> np.ndarray:
    """Return the mask of ground below a gently waved line."""
    across = (np.arange(side) + 0.5) / side
    line = height + swing * np.sin(2 * np.pi * (across * rng.uniform(0.5, 1.1) + rng.random()))
    line += 0.4 * swing * np.sin(2 * np.pi * (across * rng.uniform(1.4, 2.2) + rng.random()))
    rows = ((np.arange(side) + 0.5) / side)[:, None]
    return np.clip((rows - line[None]) * side + 0.5, 0, 1).astype(np.float32)


def _add_ground(
    picture: np.ndarray, rng: np.random.Generator, height: float, swing: float, top: Color, bottom: Color | None = None
) -> None:
    """Add gently waved ground that goes from one color down to another; by default to a darker one."""
    side = picture.shape[0]
    low = bottom or (0.84 * top[0], 0.84 * top[1], 0.84 * top[2])
    _cover(picture, _find_hill(side, rng, height, swing), _blend_down(side, [top, low], height, 1))


def _find_dots(side: int, centers: np.ndarray, radii: np.ndarray, blur: float = 0.0) -> np.ndarray:
    """Return the mask of disks; centers and radii are shares of the side."""
    mask = np.zeros((side, side), np.uint8)
    for (x, y), radius in zip(centers, radii, strict=True):
        center = (round(x * side * 16), round(y * side * 16))
        cv2.circle(mask, center, max(8, round(radius * side * 16)), 255, -1, cv2.LINE_AA, 4)
    return _soften(mask.astype(np.float32) / 255, blur)


def _find_lines(side: int, starts: np.ndarray, ends: np.ndarray, width: float, blur: float = 0.0) -> np.ndarray:
    """Return the mask of straight lines; all measures are shares of the side."""
    mask = np.zeros((side, side), np.uint8)
    for start, end in zip(starts, ends, strict=True):
        a, b = ((round(p[0] * side * 16), round(p[1] * side * 16)) for p in (start, end))
        cv2.line(mask, a, b, 255, max(1, round(width * side)), cv2.LINE_AA, 4)
    return _soften(mask.astype(np.float32) / 255, blur)


def _soften(mask: np.ndarray, blur: float) -> np.ndarray:
    return cv2.GaussianBlur(mask, (0, 0), blur * mask.shape[0]) if blur else mask


def _add_clouds(picture: np.ndarray, rng: np.random.Generator, count: int, lowest: float, color: Color) -> None:
    side = picture.shape[0]
    for _ in range(count):
        x, y, size = rng.uniform(0, 1), rng.uniform(0.06, lowest), rng.uniform(0.06, 0.1)
        puffs = np.array([(-1.4, 0.25), (-0.5, -0.15), (0.5, -0.05), (1.3, 0.3), (0, 0.3)]) * size * (1, 0.55)
        mask = _find_dots(side, np.array((x, y)) + puffs, size * np.array([0.45, 0.65, 0.6, 0.4, 0.5]), 0.012)
        _cover(picture, mask, color, 0.85)


def _add_tufts(picture: np.ndarray, rng: np.random.Generator, top: float, color: Color, count: int = 42) -> None:
    """Add blades of grass, larger the nearer they are."""
    roots = np.column_stack([rng.uniform(0, 1, count), rng.uniform(top, 1, count)])
    reach = (0.016 + 0.05 * (roots[:, 1] - top))[:, None]
    for lean in (-0.5, 0.0, 0.5):
        tips = roots + reach * np.array([lean, -1.0])
        _cover(picture, _find_lines(picture.shape[0], roots, tips, 0.006), color, 0.55)


# -- places ----------------------------------------------------------------------------------------------


def _paint_grass(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.42, 0.72, 0.96), (0.86, 0.95, 1.0)], 0, 0.6)
    _add_clouds(picture, rng, int(rng.integers(1, 3)), 0.25, (1, 1, 1))
    far, near = _find_hill(side, rng, 0.56, 0.03), _find_hill(side, rng, 0.63, 0.02)
    _cover(picture, far, _blend_down(side, [(0.62, 0.83, 0.42), (0.50, 0.76, 0.34)], 0.5, 0.65))
    _cover(picture, near, _blend_down(side, [(0.50, 0.78, 0.28), (0.26, 0.58, 0.18)], 0.6, 1))
    _add_tufts(picture, rng, 0.68, (0.22, 0.52, 0.14))
    return picture


def _paint_table(side: int, rng: np.random.Generator) -> np.ndarray:
    walls = [(0.96, 0.90, 0.80), (0.80, 0.88, 0.90), (0.86, 0.88, 0.78), (0.93, 0.84, 0.83)]
    wall = np.array(walls[rng.integers(len(walls))]) + rng.uniform(-0.04, 0.04, 3)
    picture = _blend_down(side, [tuple(wall * 0.97), tuple(np.minimum(1, wall * 1.04))], 0, 0.65)
    edge = 0.64
    rows = ((np.arange(side) + 0.5) / side)[:, None] * np.ones((1, side))
    top = np.clip((rows - edge) * side, 0, 1)
    _cover(picture, top, _blend_down(side, [(0.80, 0.57, 0.36), (0.66, 0.42, 0.24)], edge, 1))
    # boards that run to a point far behind
    xs = np.linspace(-0.6, 1.6, 7) + rng.uniform(-0.1, 0.1)
    starts = np.column_stack([0.5 + (xs - 0.5) * 0.55, np.full(7, edge)])
    boards = _find_lines(side, starts, np.column_stack([xs, np.full(7, 1.02)]), 0.006, 0.002)
    _cover(picture, boards * top, (0.47, 0.28, 0.15), 0.6)
    _cover(picture, np.clip(1 - np.abs(rows - edge) * 90, 0, 1), (0.93, 0.74, 0.52), 0.8)
    return picture


def _paint_night(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.03, 0.04, 0.16), (0.09, 0.12, 0.34), (0.22, 0.26, 0.52)], 0, 0.75)
    count = 46
    centers = np.column_stack([rng.uniform(0, 1, count), rng.uniform(0, 0.66, count)])
    _cover(picture, _find_dots(side, centers, rng.uniform(0.002, 0.006, count)), (1.0, 0.98, 0.86))
    _cover(picture, _find_hill(side, rng, 0.66, 0.03), (0.09, 0.13, 0.27))
    _cover(
        picture, _find_hill(side, rng, 0.73, 0.02), _blend_down(side, [(0.10, 0.19, 0.27), (0.04, 0.08, 0.14)], 0.7, 1)
    )
    return picture


def _paint_snow(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.55, 0.68, 0.84), (0.78, 0.86, 0.94)], 0, 0.6)
    trees = np.column_stack([rng.uniform(0, 1, 7), rng.uniform(0.46, 0.56, 7)])
    for x, y in trees:
        _cover(picture, _find_fir(side, x, y, rng.uniform(0.10, 0.16)), (0.42, 0.55, 0.68))
    _cover(
        picture,
        _find_hill(side, rng, 0.58, 0.03),
        _blend_down(side, [(0.92, 0.95, 0.99), (0.86, 0.91, 0.98)], 0.5, 0.7),
    )
    _cover(
        picture, _find_hill(side, rng, 0.68, 0.02), _blend_down(side, [(0.99, 0.99, 1.0), (0.84, 0.90, 0.98)], 0.65, 1)
    )
    count = 50
    flakes = _find_dots(side, rng.uniform(0, 1, (count, 2)), rng.uniform(0.004, 0.009, count))
    _cover(picture, flakes, (1, 1, 1), 0.9)
    return picture


def _find_fir(side: int, x: float, y: float, height: float) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    for step in range(3):
        top, width = y - height * (1 - 0.28 * step), height * (0.22 + 0.1 * step)
        corners = np.array([(x, top), (x + width, top + 0.44 * height), (x - width, top + 0.44 * height)])
        cv2.fillPoly(mask, [np.round(corners * side * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _paint_beach(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.35, 0.70, 0.97), (0.83, 0.94, 1.0)], 0, 0.46)
    _add_clouds(picture, rng, int(rng.integers(0, 3)), 0.2, (1, 1, 1))
    rows = ((np.arange(side) + 0.5) / side)[:, None] * np.ones((1, side))
    sea = np.clip((rows - 0.44) * side, 0, 1)
    _cover(picture, sea, _blend_down(side, [(0.08, 0.46, 0.74), (0.22, 0.74, 0.82)], 0.44, 0.64))
    starts = np.column_stack([rng.uniform(0, 0.9, 8), rng.uniform(0.47, 0.57, 8)])
    waves = _find_lines(side, starts, starts + np.column_stack([rng.uniform(0.06, 0.16, 8), np.zeros(8)]), 0.006)
    _cover(picture, waves, (0.8, 0.95, 1.0), 0.6)
    state = rng.bit_generator.state
    _cover(picture, _find_hill(side, rng, 0.60, 0.015), (0.97, 0.99, 1.0))
    rng.bit_generator.state = state
    _cover(
        picture,
        _find_hill(side, rng, 0.625, 0.015),
        _blend_down(side, [(0.93, 0.83, 0.60), (0.87, 0.72, 0.46)], 0.6, 1),
    )
    return picture


def _paint_desert(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.98, 0.72, 0.42), (1.0, 0.91, 0.70)], 0, 0.6)
    dunes = [(0.55, 0.05, (0.90, 0.62, 0.34)), (0.63, 0.04, (0.93, 0.69, 0.38)), (0.71, 0.02, (0.87, 0.60, 0.30))]
    for height, swing, color in dunes:
        _add_ground(picture, rng, height, swing, color)
    return picture


def _paint_sky(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.22, 0.56, 0.94), (0.70, 0.88, 1.0)])
    _add_clouds(picture, rng, int(rng.integers(4, 7)), 0.95, (1, 1, 1))
    return picture


def _paint_space(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.04, 0.02, 0.12), (0.09, 0.04, 0.20)])
    for color in ((0.36, 0.10, 0.48), (0.08, 0.18, 0.50)):
        mist = _find_dots(side, rng.uniform(0, 1, (3, 2)), rng.uniform(0.12, 0.2, 3), 0.09)
        _cover(picture, mist, color, 0.7)
    count = 80
    stars = _find_dots(side, rng.uniform(0, 1, (count, 2)), rng.uniform(0.002, 0.007, count))
    _cover(picture, stars, (1.0, 0.98, 0.92))
    return picture


def _paint_water(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.36, 0.82, 0.92), (0.06, 0.46, 0.74), (0.03, 0.26, 0.52)])
    xs = rng.uniform(-0.2, 1.0, 5)
    starts, ends = np.column_stack([xs, np.full(5, -0.05)]), np.column_stack([xs + 0.3, np.full(5, 0.85)])
    fade = np.clip(1 - np.linspace(0, 1.2, side), 0, 1)[:, None]
    _cover(picture, _find_lines(side, starts, ends, 0.07, 0.02) * fade, (0.8, 0.98, 1.0), 0.35)
    _cover(
        picture,
        _find_hill(side, rng, 0.87, 0.015),
        _blend_down(side, [(0.66, 0.72, 0.60), (0.42, 0.52, 0.50)], 0.86, 1),
    )
    count = 14
    centers, radii = rng.uniform(0.05, 0.85, (count, 2)), rng.uniform(0.006, 0.016, count)
    _cover(picture, _find_dots(side, centers, radii), (0.86, 0.98, 1.0), 0.55)
    return picture


def _paint_sunset(side: int, rng: np.random.Generator) -> np.ndarray:
    colors = [(0.30, 0.16, 0.44), (0.80, 0.30, 0.44), (0.98, 0.58, 0.30), (1.0, 0.84, 0.50)]
    picture = _blend_down(side, colors, 0, 0.62)
    starts = np.column_stack([rng.uniform(-0.1, 0.8, 5), rng.uniform(0.12, 0.45, 5)])
    ends = starts + np.column_stack([rng.uniform(0.2, 0.4, 5), np.zeros(5)])
    _cover(picture, _find_lines(side, starts, ends, 0.016, 0.008), (1.0, 0.76, 0.62), 0.5)
    _cover(picture, _find_hill(side, rng, 0.60, 0.02), (0.46, 0.22, 0.36))
    _cover(
        picture, _find_hill(side, rng, 0.68, 0.02), _blend_down(side, [(0.36, 0.19, 0.29), (0.20, 0.10, 0.20)], 0.66, 1)
    )
    return picture


def _paint_forest(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.56, 0.76, 0.50), (0.84, 0.93, 0.72)], 0, 0.66)
    for count, width, color in (
        (9, 0.022, (0.50, 0.66, 0.44)),
        (6, 0.04, (0.34, 0.45, 0.30)),
        (4, 0.06, (0.33, 0.24, 0.16)),
    ):
        xs = (np.arange(count) + rng.uniform(0.1, 0.9, count)) / count
        trunks = _find_lines(
            side, np.column_stack([xs, np.full(count, -0.1)]), np.column_stack([xs, np.full(count, 0.69)]), width
        )
        _cover(picture, trunks, color)
        crowns = np.column_stack([rng.uniform(0, 1, 2 * count), rng.uniform(-0.06, 0.1, 2 * count)])
        _cover(picture, _find_dots(side, crowns, rng.uniform(0.06, 0.13, 2 * count), 0.006), (0.22, 0.48, 0.22), 0.75)
    _cover(
        picture,
        _find_hill(side, rng, 0.67, 0.015),
        _blend_down(side, [(0.36, 0.56, 0.24), (0.20, 0.38, 0.14)], 0.66, 1),
    )
    _add_tufts(picture, rng, 0.72, (0.14, 0.32, 0.10))
    return picture


def _paint_room(side: int, rng: np.random.Generator) -> np.ndarray:
    walls = [(0.66, 0.80, 0.86), (0.93, 0.80, 0.66), (0.76, 0.84, 0.70), (0.84, 0.74, 0.86), (0.95, 0.88, 0.70)]
    wall = np.array(walls[rng.integers(len(walls))]) + rng.uniform(-0.04, 0.04, 3)
    picture = _blend_down(side, [tuple(wall * 0.94), tuple(np.minimum(1, wall * 1.05))], 0, 0.68)
    rows = ((np.arange(side) + 0.5) / side)[:, None] * np.ones((1, side))
    floor, board = np.clip((rows - 0.70) * side, 0, 1), np.clip((rows - 0.655) * side, 0, 1)
    _cover(picture, board, (0.97, 0.96, 0.93))
    _cover(picture, floor, _blend_down(side, [(0.72, 0.54, 0.38), (0.58, 0.41, 0.27)], 0.7, 1))
    lines = np.linspace(0.74, 0.98, 4)
    seams = _find_lines(side, np.column_stack([np.zeros(4), lines]), np.column_stack([np.ones(4), lines]), 0.005)
    _cover(picture, seams, (0.45, 0.30, 0.19), 0.5)
    return picture


def _paint_rain(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.36, 0.42, 0.50), (0.60, 0.67, 0.73)], 0, 0.66)
    _add_clouds(picture, rng, 4, 0.12, (0.30, 0.35, 0.42))
    _cover(
        picture,
        _find_hill(side, rng, 0.68, 0.006),
        _blend_down(side, [(0.42, 0.49, 0.56), (0.28, 0.34, 0.42)], 0.68, 1),
    )
    starts = np.column_stack([rng.uniform(0, 1.1, 60), rng.uniform(-0.05, 0.95, 60)])
    drops = _find_lines(side, starts, starts + np.array([-0.02, 0.065]), 0.005)
    _cover(picture, drops, (0.82, 0.90, 0.97), 0.7)
    return picture


def _paint_stage(side: int, rng: np.random.Generator) -> np.ndarray:
    picture = _blend_down(side, [(0.22, 0.03, 0.07), (0.44, 0.06, 0.11)], 0, 0.7)
    folds = 0.5 + 0.5 * np.sin(np.arange(side) / side * 2 * np.pi * 9 + rng.uniform(0, 6))
    _cover(picture, np.repeat(folds[None], side, 0), (0.62, 0.09, 0.15), 0.6)
    rows = ((np.arange(side) + 0.5) / side)[:, None] * np.ones((1, side))
    _cover(
        picture, np.clip((rows - 0.7) * side, 0, 1), _blend_down(side, [(0.42, 0.27, 0.17), (0.27, 0.16, 0.10)], 0.7, 1)
    )
    lit = np.zeros((side, side), np.uint8)
    cv2.ellipse(
        lit, (side // 2, round(0.84 * side)), (round(0.40 * side), round(0.11 * side)), 0, 0, 360, 255, -1, cv2.LINE_AA
    )
    cone = np.array([(0.44, -0.02), (0.56, -0.02), (0.9, 0.84), (0.1, 0.84)])
    beam = np.zeros((side, side), np.uint8)
    cv2.fillPoly(beam, [np.round(cone * side).astype(np.int32)], 255, cv2.LINE_AA)
    _cover(picture, _soften(beam.astype(np.float32) / 255, 0.012), (1.0, 0.92, 0.72), 0.28)
    _cover(picture, _soften(lit.astype(np.float32) / 255, 0.012), (1.0, 0.88, 0.62), 0.6)
    return picture


PLACES = {
    "on grass": Place(_paint_grass, 0.86),
    "on a table": Place(_paint_table, 0.85),
    "at night": Place(_paint_night, 0.86, (0.84, 0.87, 1.0), 0.6, "black"),
    "in the snow": Place(_paint_snow, 0.86, shadow=0.3),
    "on the beach": Place(_paint_beach, 0.86, shadow=0.4),
    "in the desert": Place(_paint_desert, 0.86, (1.0, 0.97, 0.93), 0.45),
    "in the sky": Place(_paint_sky),
    "in space": Place(_paint_space, hidden="black"),
    "under water": Place(_paint_water, light=(0.88, 0.98, 1.0)),
    "at sunset": Place(_paint_sunset, 0.86, (1.0, 0.93, 0.88), 0.6),
    "in a forest": Place(_paint_forest, 0.87, (0.96, 1.0, 0.94)),
    "in a room": Place(_paint_room, 0.87),
    "in the rain": Place(_paint_rain, 0.86, (0.92, 0.95, 1.0)),
    "on a stage": Place(_paint_stage, 0.87, (1.0, 0.97, 0.92), 0.6),
}
"""Places by the words that ask for them."""
