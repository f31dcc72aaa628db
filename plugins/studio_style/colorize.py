"""Colors for black-and-white images: spread from scribbles, or borrowed from an exemplar.

Colors are the two chroma planes of YUV; the luma stays the image's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .color_match import FloatArray, as_floats, compute_luma

Tick = Callable[[], None]
Chroma = NDArray[np.float32]

_YUV = np.array([[0.299, 0.587, 0.114], [-0.14713, -0.28886, 0.436], [0.615, -0.51499, -0.10001]])
_RGB = np.linalg.inv(_YUV)
_SOLVED_SIDE = 640
_LEAST_VARIANCE = 2e-6
_EXEMPLAR_SIDE = 640
_EXEMPLAR_SAMPLES = 20_000
_NEIGHBOURS = 8
_TRIED = 4000  # pixels, by which the luma of an exemplar is chosen
_SEEDS = 0.7  # of the doubt around a pixel, below which it keeps its color
_AROUND = 12.0  # pixels of the neighborhood whose doubt counts
_SLACK = 0.5  # how much farther than the nearest a pixel may be that is found: a third of the time
_LIKE = 0.08  # difference of chroma that makes two colors one
_OFFSETS = (-6, -3, 0, 3, 6)  # of the luma around a pixel that describes it
_WEIGHT_AROUND, _PARTS_AROUND = 0.35, 5
_LEAST_WEIGHT = 0.02
_REACH = 0.15


def read_chroma(image: FloatArray) -> Chroma:
    """Return the chroma planes U and V of an image, H x W x 2."""
    chroma: Chroma = (image @ _YUV[1:].T).astype(np.float32)
    return chroma


def join_chroma(luma: FloatArray, chroma: Chroma) -> FloatArray:
    """Return the image of a luma and chroma; chroma yields where both do not fit the gamut."""
    shift = (chroma.astype(np.float64) @ _RGB[:, 1:].T).astype(np.float32)
    room = np.where(shift > 0, 1.0 - luma[..., None], luma[..., None])
    scale = np.min(np.where(np.abs(shift) > room, room / np.maximum(np.abs(shift), 1e-6), 1.0), axis=-1, keepdims=True)
    joined: FloatArray = np.clip(luma[..., None] + scale * shift, 0.0, 1.0).astype(np.float32)
    return joined


def colorize(luma: FloatArray, colors: Chroma, given: NDArray[np.float32], ground: Chroma | None, tick: Tick) -> Chroma:
    """Spread chroma over pixels of like luma (Levin, Lischinski and Weiss 2004).

    Args:
        luma: H x W in [0, 1].
        colors: Chroma where it is given, H x W x 2.
        given: How much of each pixel is given, H x W in [0, 1].
        ground: Chroma for what is far from all that is given, or None to let that reach everywhere.
        tick: Called between steps.
    """
    import cv2

    height, width = luma.shape
    factor = min(1.0, _SOLVED_SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    weight, small = np.ascontiguousarray(given, np.float32), luma
    chroma = (colors * weight[..., None]).astype(np.float32)
    if factor < 1:
        chroma, weight, small = (
            as_floats(cv2.resize(each, size, interpolation=cv2.INTER_AREA)) for each in (chroma, weight, luma)
        )
        small, weight = small.reshape(size[1], size[0]), weight.reshape(size[1], size[0])
    chroma = as_floats(chroma.reshape(*small.shape, 2) / np.maximum(weight, 1e-6)[..., None])
    fixed = weight > _LEAST_WEIGHT
    if ground is not None:
        far = cv2.distanceTransform((~fixed).astype(np.uint8), cv2.DIST_L2, 3) > _REACH * max(small.shape)
        below = cv2.resize(ground, size, interpolation=cv2.INTER_AREA).reshape(*small.shape, 2)
        chroma, fixed = np.where(far[..., None], below, chroma), fixed | far
    solved = _solve(small, chroma, fixed, tick)
    return solved if factor == 1 else _enlarge_along(solved, small, luma)


def borrow_colors(luma: FloatArray, exemplar: FloatArray, *, seed: int, tick: Tick) -> Chroma:
    """Give each pixel the color of exemplar pixels of like luma, texture and place (Welsh et al. 2002).

    Pixels that are surer of their color than those around them keep it; it is spread from them over the rest, as from
    scribbles. Of the colors that are found for a pixel the commonest counts: a mean of several would be grey.
    """
    import cv2

    factor = min(1.0, _EXEMPLAR_SIDE / max(luma.shape))
    size = (max(1, round(luma.shape[1] * factor)), max(1, round(luma.shape[0] * factor)))
    small = as_floats(cv2.resize(luma, size, interpolation=cv2.INTER_AREA)).reshape(size[1], size[0])
    factor = min(1.0, _EXEMPLAR_SIDE / max(exemplar.shape[:2]))
    shape = (max(1, round(exemplar.shape[1] * factor)), max(1, round(exemplar.shape[0] * factor)))
    known = as_floats(cv2.resize(exemplar, shape, interpolation=cv2.INTER_AREA)).reshape(shape[1], shape[0], 3)
    theirs, chroma = compute_luma(known), read_chroma(known).reshape(-1, 2)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(theirs.size, min(theirs.size, _EXEMPLAR_SAMPLES), replace=False))
    tick()
    found = _find_nearest(theirs, chosen, small)
    tick()
    options = chroma[chosen][found.reshape(small.size, -1)]
    color = _choose_commonest(options)
    doubt = np.abs(options - np.median(options, axis=1)[:, None]).mean(axis=(1, 2)).reshape(small.shape)
    sure = doubt <= _SEEDS * cv2.GaussianBlur(doubt, (0, 0), _AROUND, borderType=cv2.BORDER_REPLICATE)
    solved = _solve(small, color.reshape(*small.shape, 2), sure, tick)
    return solved if small.shape == luma.shape else _enlarge_along(solved, small, luma)


def _find_nearest(theirs: FloatArray, chosen: NDArray[np.int64], luma: FloatArray) -> NDArray[np.int64]:
    """Return for each pixel which of the chosen ones of an exemplar are most like it.

    The luma of the exemplar is taken as it is or with the mean and the spread of the image, whichever is nearer to it.
    """
    from scipy.spatial import cKDTree

    spread = float(np.clip(luma.std() / max(theirs.std(), 1e-3), 0.3, 3))
    matched = ((theirs - theirs.mean()) * spread + luma.mean()).astype(np.float32)
    few, best = slice(None, None, max(1, luma.size // _TRIED)), None
    for taken in (matched, theirs):
        describe = _create_description(taken)
        tree, wanted = cKDTree(describe(taken)[chosen]), describe(luma)
        distance = float(tree.query(wanted[few])[0].mean())
        if best is None or distance < best[0]:
            best = distance, tree, wanted
    assert best is not None
    found: NDArray[np.int64] = best[1].query(best[2], k=min(_NEIGHBOURS, len(chosen)), eps=_SLACK)[1]
    return found


def _choose_commonest(options: FloatArray) -> Chroma:
    """Return for each pixel the color, of pixels x colors x 2, that most of the others are like."""
    votes = [
        np.exp(-((np.abs(options - options[:, [at]]).sum(2) / _LIKE) ** 2)).sum(1) for at in range(options.shape[1])
    ]
    chosen = np.argmax(np.stack(votes, axis=1), axis=1)
    color: Chroma = options[np.arange(len(options)), chosen].astype(np.float32)
    return color


def _create_description(luma: FloatArray) -> Callable[[FloatArray], NDArray[np.float32]]:
    """Return what describes the pixels of an image: also the luma around them, as its main parts in this one."""
    patches = _cut_patches(luma)
    middle = patches.mean(axis=0)
    _, _, parts = np.linalg.svd((patches - middle)[:: max(1, len(patches) // 5000)], full_matrices=False)

    def describe(image: FloatArray) -> NDArray[np.float32]:
        around = (_cut_patches(image) - middle) @ parts[:_PARTS_AROUND].T
        return np.concatenate([_describe(image), around.astype(np.float32)], axis=1)

    return describe


def _cut_patches(luma: FloatArray) -> NDArray[np.float32]:
    """Return the luma around each pixel, pixels x places."""
    (height, width), reach = luma.shape, max(_OFFSETS)
    padded = np.pad(luma, reach, mode="edge")
    places = [(reach + down, reach + right) for down in _OFFSETS for right in _OFFSETS]
    cut = [padded[row : row + height, column : column + width].reshape(-1) for row, column in places]
    return (_WEIGHT_AROUND * np.stack(cut, axis=1)).astype(np.float32)


def _describe(luma: FloatArray) -> NDArray[np.float32]:
    """Describe each pixel by its luma, that around it at two scales, how rough it is, and a little by its place."""
    import cv2

    def blur(values: FloatArray, sigma: float) -> FloatArray:
        blurred = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return as_floats(blurred).reshape(values.shape)

    rough = np.sqrt(np.maximum(blur(luma * luma, 2) - blur(luma, 2) ** 2, 0))
    rows, columns = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]].astype(np.float32)
    places = [0.25 * rows / max(luma.shape[0], 1), 0.25 * columns / max(luma.shape[1], 1)]
    return np.stack([luma, blur(luma, 2), 2 * rough, blur(luma, 8), *places], axis=-1).reshape(-1, 6).astype(np.float32)


def _solve(luma: FloatArray, chroma: Chroma, given: NDArray[np.bool_], tick: Tick) -> Chroma:
    """Find the chroma that differs least from its neighbours of like luma and is what is given where it is."""
    from scipy.sparse.linalg import factorized

    if not given.any():
        return np.zeros_like(chroma, dtype=np.float32)
    matrix = _weigh_neighbours(luma, given)
    tick()
    solve = factorized(matrix)
    tick()
    goal = np.where(given[..., None], chroma, 0.0).reshape(-1, 2).astype(np.float64)
    return np.stack([solve(goal[:, plane]) for plane in range(2)], axis=-1).reshape(chroma.shape).astype(np.float32)


def _weigh_neighbours(luma: FloatArray, given: NDArray[np.bool_]) -> Any:
    """Return the equations as a sparse matrix: each pixel that is not given is the mean of its like neighbours."""
    from scipy.sparse import csc_matrix

    height, width = luma.shape
    index = np.arange(height * width).reshape(height, width)
    rows, columns = np.mgrid[0:height, 0:width]
    padded = np.pad(luma.astype(np.float64), 1, mode="edge")
    steps = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]
    around = np.stack([padded[1 + down : 1 + down + height, 1 + right : 1 + right + width] for down, right in steps])
    variance = np.maximum(0.6 * np.var(np.concatenate([around, luma[None]]), axis=0), _LEAST_VARIANCE)
    likeness = np.maximum(np.exp(-((around - luma) ** 2) / variance), 1e-4)
    inside = np.stack(
        [(rows + d >= 0) & (rows + d < height) & (columns + r >= 0) & (columns + r < width) for d, r in steps]
    )
    likeness = np.where(inside, likeness, 0.0)
    likeness /= np.maximum(likeness.sum(axis=0), 1e-12)
    places: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for (down, right), weight, within in zip(steps, likeness, inside, strict=True):
        used = within & ~given
        places.append((index[used], index[used] + down * width + right, -weight[used]))
    places.append((index.ravel(), index.ravel(), np.ones(index.size)))
    row, column, value = (np.concatenate(each) for each in zip(*places, strict=True))
    return csc_matrix((value, (row, column)), (index.size, index.size))


def _enlarge_along(chroma: Chroma, small: FloatArray, luma: FloatArray) -> Chroma:
    """Enlarge chroma so that its edges fall on those of the luma: joint bilateral upsampling over 3 x 3 cells."""
    import cv2

    size = (luma.shape[1], luma.shape[0])
    total = np.zeros((*luma.shape, 2), np.float32)
    weights = np.zeros((*luma.shape, 1), np.float32)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            moved, tone = (np.roll(each, (down, right), axis=(0, 1)) for each in (chroma, small))
            color = cv2.resize(moved, size, interpolation=cv2.INTER_LINEAR).reshape(*luma.shape, 2)
            near = cv2.resize(tone, size, interpolation=cv2.INTER_LINEAR).reshape(luma.shape)
            weight = np.exp(-(((near - luma) / 0.05) ** 2))[..., None] * np.exp(-(down**2 + right**2)) + 1e-6
            total += weight * color
            weights += weight
    return as_floats(total / weights)
