"""Optical flow between two frames, and frames and flows carried along it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from studio.api import Image

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]

Method = Literal["dis", "farneback"]

_LEAST_SIDE = 16  # the smallest image that DIS takes
_MOST_SIDE = 32_000  # the largest that remap takes
_STRIDE, _REFINEMENTS = 2, 10  # measured: 0.5 dB better in the middle of two frames than the preset's 3 and 5
_HOLE_BLUR = 3.0


def to_grey(image: Image) -> Array:
    """Return the luma of a frame, 8 bits, for measuring motion in it."""
    array = image.to_uint8()
    if array.shape[2] == 1:
        return np.ascontiguousarray(array[:, :, 0])
    grey: Array = cv2.cvtColor(np.ascontiguousarray(array[:, :, :3]), cv2.COLOR_RGB2GRAY)
    return grey


def has_motion_to_measure(height: int, width: int) -> bool:
    """Say whether flow can be measured and followed in images of a size."""
    return min(height, width) >= 8 and max(height, width) <= _MOST_SIDE


def measure_flow(before: Array, after: Array, *, method: Method = "dis") -> FloatArray:
    """Return where each pixel of one image is in another: height x width x 2, in pixels.

    Dense inverse search (Kroeger et al. 2016), or Farneback's polynomial expansion (2003), which knows nothing of the
    first and so can judge it. Images too small or too large to follow do not move.

    Args:
        before: Luma, 8 bits.
        after: Another of the same size.
        method: "dis" or "farneback".
    """
    height, width = before.shape
    if not has_motion_to_measure(height, width) or np.array_equal(before, after):
        return np.zeros((height, width, 2), np.float32)
    rows, columns = max(0, _LEAST_SIDE - height), max(0, _LEAST_SIDE - width)
    if rows or columns:
        before, after = (cv2.copyMakeBorder(a, 0, rows, 0, columns, cv2.BORDER_REPLICATE) for a in (before, after))
    if method == "farneback":
        start = np.zeros((*before.shape, 2), np.float32)
        flow = cv2.calcOpticalFlowFarneback(before, after, start, 0.5, 5, 21, 5, 7, 1.5, 0)
    else:
        search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        search.setPatchStride(_STRIDE)
        search.setVariationalRefinementIterations(_REFINEMENTS)
        flow = search.calc(before, after, None)
    flow = np.nan_to_num(flow[:height, :width], nan=0.0, posinf=0.0, neginf=0.0)
    limit = float(max(height, width))
    return np.ascontiguousarray(np.clip(flow, -limit, limit), np.float32)


def make_grid(height: int, width: int) -> FloatArray:
    """Return where each pixel is: height x width x (column, row)."""
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.dstack([columns, rows])


def warp(array: Array, flow: FloatArray, grid: FloatArray, *, smooth: bool = True) -> Array:
    """Return the image whose each pixel is that of `array` where the flow from it leads; edges are repeated.

    Args:
        array: Image of any depth, height x width or height x width x channels.
        flow: From the pixels of the result.
        grid: What `make_grid` gives for this size.
        smooth: Cubic, which keeps detail; linear if not, which never overshoots.
    """
    if max(array.shape[:2]) > _MOST_SIDE or not flow.any():
        return array
    where = grid + flow
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    warped = cv2.remap(array, where[..., 0], where[..., 1], how, borderMode=cv2.BORDER_REPLICATE)
    return warped.reshape(array.shape)


def project_flow(flow: FloatArray, share: float, grid: FloatArray) -> FloatArray:
    """Return the flow as seen from where its pixels are after a share of the way; holes are filled from around."""
    height, width = flow.shape[:2]
    columns = np.clip(np.rint(grid[..., 0] + share * flow[..., 0]), 0, width - 1).astype(np.int64)
    rows = np.clip(np.rint(grid[..., 1] + share * flow[..., 1]), 0, height - 1).astype(np.int64)
    places = (rows * width + columns).ravel()
    hits = np.bincount(places, minlength=height * width).astype(np.float32).reshape(height, width)
    sums = [np.bincount(places, flow[..., axis].ravel(), height * width).reshape(height, width) for axis in (0, 1)]
    there = hits > 0
    found = (np.dstack(sums) / np.maximum(hits, 1)[..., None]).astype(np.float32)
    if there.all():
        return found
    weight = cv2.GaussianBlur(there.astype(np.float32), (0, 0), _HOLE_BLUR)
    around = cv2.GaussianBlur(found, (0, 0), _HOLE_BLUR) / np.maximum(weight, 1e-3)[..., None]
    return np.where(there[..., None], found, around).astype(np.float32)


def find_reliable(flow: FloatArray, back: FloatArray, grid: FloatArray) -> npt.NDArray[np.bool_]:
    """Say for each pixel whether the flow forth and the flow back agree: it is neither covered nor lost."""
    there = warp(back, flow, grid, smooth=False)
    error = ((flow + there) ** 2).sum(axis=2)
    size = (flow**2).sum(axis=2) + (there**2).sum(axis=2)
    agrees: npt.NDArray[np.bool_] = error <= 0.01 * size + 0.5  # the bound of Sundaram et al. 2010
    return agrees


def limit_motion(grey: Array, most_pixels: int) -> tuple[Array, float]:
    """Return an image shrunk to a number of pixels, in which motion is cheap to measure, and the factor."""
    height, width = grey.shape
    scale = min(1.0, (most_pixels / (height * width)) ** 0.5)
    if scale == 1.0:
        return grey, 1.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA), scale


def enlarge_flow(flow: FloatArray, height: int, width: int) -> FloatArray:
    """Return a flow that was measured in shrunken images for those of full size."""
    if flow.shape[:2] == (height, width):
        return flow
    factors = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    large = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large * factors, np.float32)
