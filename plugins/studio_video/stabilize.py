"""A shaky video held still: the camera's path is followed, smoothed, and frames are moved to the smooth one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from studio.api import Frame, Image, Video
from studio_video.depth import unweigh_colors, weigh_colors
from studio_video.retime import closing_stream, keep_time

FloatArray = npt.NDArray[np.float64]
_SIDE = 480
_POINTS = 300
_FEWEST = 8
Step = Callable[[int, int, "Image | None"], None]


def measure_path(video: Video, step: Step) -> FloatArray:
    """Return the camera's path: for each frame the sum of moves across, down, and turns, in pixels and radians.

    Corners (Shi and Tomasi 1994) are followed from frame to frame (Lucas and Kanade 1981, in pyramids), and a move with
    a turn is fitted to them by RANSAC. Where too few are found, as at a cut, the camera counts as still.
    """
    path = [np.zeros(3)]
    before: npt.NDArray[np.uint8] | None = None
    scale = min(1.0, _SIDE / max(video.width, video.height))
    with closing_stream(video) as stream:
        for index, frame in enumerate(stream):
            grey = _to_small_grey(frame.image, scale)
            if before is not None:
                path.append(path[-1] + _measure_move(before, grey) / np.array([scale, scale, 1.0]))
            before = grey
            step(index + 1, max(video.count or 0, index + 1), None)
    return np.array(path)


def _to_small_grey(image: Image, scale: float) -> npt.NDArray[np.uint8]:
    array = image.to_uint8()
    grey = array[:, :, 0] if array.shape[2] == 1 else cv2.cvtColor(array[:, :, :3].copy(), cv2.COLOR_RGB2GRAY)
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _measure_move(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> FloatArray:
    still = np.zeros(3)
    points = cv2.goodFeaturesToTrack(before, _POINTS, 0.01, 8)
    if points is None or len(points) < _FEWEST:
        return still
    follow: Any = cv2.calcOpticalFlowPyrLK  # its types ask for a first guess, which may be None
    moved, found, _ = follow(before, after, points, None)
    kept = found.reshape(-1) == 1
    if kept.sum() < _FEWEST:
        return still
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.estimateAffinePartial2D(points[kept], moved[kept], ransacReprojThreshold=1.5)
    if matrix is None or inliers.sum() < max(_FEWEST, 0.3 * kept.sum()):
        return still
    return np.array([matrix[0, 2], matrix[1, 2], math.atan2(matrix[1, 0], matrix[0, 0])])


def smooth_path(path: FloatArray, frames: float) -> FloatArray:
    """Return a path smoothed by a Gaussian of a width in frames; beyond its ends it goes on as it came, mirrored."""
    radius = min(len(path) - 1, max(1, math.ceil(3 * frames)))
    if len(path) < 3 or frames <= 0:
        return path
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / frames) ** 2)
    weights /= weights.sum()
    padded = np.pad(path, ((radius, radius), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(padded[:, axis], weights, "valid") for axis in range(3)], axis=1)


def stabilize(video: Video, path: FloatArray, smooth: FloatArray, zoom: float) -> Video:
    """Return the video with each frame moved from the one path to the other, enlarged by a factor to hide the edges."""
    shifts = smooth - path

    def frames() -> Iterator[Frame]:
        for index, frame in enumerate(video.frames()):
            shift = shifts[min(index, len(shifts) - 1)]
            yield Frame(_move(frame.image, shift, zoom), frame.time)

    return keep_time(video, frames)


def find_zoom(video: Video, shifts: FloatArray, most: float) -> float:
    """Return the factor that hides the edges of every frame, up to a limit."""
    across = 2 * np.abs(shifts[:, 0]).max() / video.width
    down = 2 * np.abs(shifts[:, 1]).max() / video.height
    turn = 2 * np.abs(np.sin(shifts[:, 2])).max() * max(video.width, video.height) / min(video.width, video.height)
    return float(min(most, 1.0 / max(1e-3, 1.0 - max(across, down) - turn / 2)))


def _move(image: Image, shift: FloatArray, zoom: float) -> Image:
    array = image.stored
    height, width = array.shape[:2]
    center = (width - 1) / 2, (height - 1) / 2
    cos, sin = math.cos(shift[2]) * zoom, math.sin(shift[2]) * zoom
    matrix = np.array(
        [
            [cos, -sin, center[0] - cos * center[0] + sin * center[1] + shift[0] * zoom],
            [sin, cos, center[1] - sin * center[0] - cos * center[1] + shift[1] * zoom],
        ]
    )
    weighed = weigh_colors(array)
    moved = cv2.warpAffine(weighed, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = moved.reshape(array.shape)
    return Image(unweigh_colors(moved, array))
