"""What moved between two frames, how sure that is, and whether a new scene began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .color_match import FloatArray, as_floats, compute_luma

_LEAST_SIDE, _MOST_SIDE = 16, 32_000
_MOST_FLOW_SIDE = 960
_THUMBNAIL = (96, 64)
_CUT = 0.5
_DRIFT = 0.8
_CHANGE = 0.08

Bytes = NDArray[np.uint8]
Sample = TypeVar("Sample", np.uint8, np.float32)


@dataclass(frozen=True)
class Motion:
    """From where in the frame before each pixel comes (H x W x 2, pixels), and how sure that is (H x W, 0 to 1)."""

    flow: FloatArray
    trust: FloatArray

    def carry(self, values: FloatArray, *, nearest: bool = False) -> FloatArray:
        """Move values of the frame before (H x W x C) to where they are now."""
        import cv2

        return _remap(values, self.flow, cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR)

    def carry_sharply(self, image: FloatArray) -> FloatArray:
        """Move an image so that it blurs little when it is moved often."""
        import cv2

        return np.clip(_remap(image, self.flow, cv2.INTER_CUBIC), 0.0, 1.0)

    def resize(self, size: tuple[int, int]) -> Motion:
        """Return the motion for images of another size."""
        if self.trust.shape == size:
            return self
        scale = np.array([size[1] / self.trust.shape[1], size[0] / self.trust.shape[0]], np.float32)
        return Motion(_resize(self.flow, size) * scale, _resize(self.trust, size))


def to_bytes(image: FloatArray) -> Bytes:
    """Return the luma of an image at 8 bits."""
    return np.rint(compute_luma(image) * 255).astype(np.uint8)


def measure_motion(before: Bytes, after: Bytes) -> Motion:
    """Measure by dense inverse search (Kroeger et al. 2016), both ways: what does not come back is not trusted.

    Frames smaller or longer than can be followed do not move, and are not trusted where they change.
    """

    factor = min(1.0, _MOST_FLOW_SIDE / max(after.shape))
    size = (max(1, round(after.shape[0] * factor)), max(1, round(after.shape[1] * factor)))
    old, new = (_resize(each, size) for each in (before, after))
    back, forth = np.zeros((*size, 2), np.float32), np.zeros((*size, 2), np.float32)
    if min(size) >= _LEAST_SIDE and not np.array_equal(old, new):
        search = _create_search()
        back, forth = np.nan_to_num(search(new, old, None)), np.nan_to_num(search(old, new, None))
    astray = np.linalg.norm(back + _remap(forth, back), axis=2)
    change = np.abs(_remap(old.astype(np.float32)[..., None], back)[..., 0] - new) / 255.0
    trust = np.exp(-0.5 * (astray / _DRIFT) ** 2 - 0.5 * (_soften(change) / _CHANGE) ** 2).astype(np.float32)
    trust *= _find_inside(back)
    return Motion(back, trust).resize((after.shape[0], after.shape[1]))


def is_cut(before: Bytes, after: Bytes) -> bool:
    """Say whether motion explains so little of a frame that it must be another scene's."""
    import cv2

    old, new = (cv2.resize(each, _THUMBNAIL, interpolation=cv2.INTER_AREA) for each in (before, after))
    if np.array_equal(old, new):
        return False
    flow = _create_search()(new, old, None)
    moved = _remap(old.astype(np.float32)[..., None], flow)[..., 0]
    rest = float(np.abs(moved - new).mean())
    return rest / (min(float(old.std()), float(new.std())) + 4.0) > _CUT


def _create_search() -> Callable[[NDArray[Any], NDArray[Any], None], FloatArray]:
    """Return dense inverse search from one image to another, without a flow to begin with."""
    import cv2

    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    calculate: Callable[[NDArray[Any], NDArray[Any], None], FloatArray] = search.calc  # OpenCV's types want a flow
    return calculate


def _remap(values: FloatArray, flow: FloatArray, how: int = 1) -> FloatArray:
    import cv2

    if max(flow.shape[:2]) > _MOST_SIDE:
        return values
    rows, columns = np.mgrid[0 : flow.shape[0], 0 : flow.shape[1]].astype(np.float32)
    moved = cv2.remap(
        np.ascontiguousarray(values), columns + flow[..., 0], rows + flow[..., 1], how, borderMode=cv2.BORDER_REPLICATE
    )
    return as_floats(moved).reshape(values.shape)


def _resize(values: NDArray[Sample], size: tuple[int, int]) -> NDArray[Sample]:
    import cv2

    if values.shape[:2] == size:
        return values
    how = cv2.INTER_AREA if values.shape[0] > size[0] else cv2.INTER_LINEAR
    resized = cv2.resize(np.ascontiguousarray(values), (size[1], size[0]), interpolation=how)
    return np.asarray(resized, values.dtype).reshape(*size, *values.shape[2:])


def _find_inside(flow: FloatArray) -> NDArray[np.bool_]:
    """Find what was in the frame before: nothing is known of what has come in over its border."""
    height, width = flow.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width]
    down, right = rows + flow[..., 1], columns + flow[..., 0]
    inside: NDArray[np.bool_] = (down > -1) & (down < height) & (right > -1) & (right < width)
    return inside


def _soften(plane: FloatArray) -> FloatArray:
    import cv2

    return as_floats(cv2.blur(np.ascontiguousarray(plane, np.float32), (5, 5))).reshape(plane.shape)
