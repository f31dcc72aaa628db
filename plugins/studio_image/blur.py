"""Gaussian, box and median blur, at any radius."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np

from studio_image.checks import check_median
from studio_image.pixels import AnyArray, FloatArray, as_floats, filter_premultiplied
from studio_image.resize import resample_planes

Kind = Literal["gaussian", "box", "median"]

_LARGEST_SIGMA = 16.0  # in pixels; beyond it a smaller copy is blurred


def blur(pixels: FloatArray, radius: float, kind: Kind = "gaussian") -> FloatArray:
    """Blur an image (H x W x C) with alpha multiplied in; edges are mirrored."""
    if radius <= 0:
        return pixels
    if kind == "gaussian":
        return filter_premultiplied(pixels, lambda p: blur_gaussian(p, radius))
    if kind == "box":
        return filter_premultiplied(pixels, lambda p: _blur_box(p, round(radius)))
    check_median(radius, kind)
    return _blur_median(pixels, round(radius))


def blur_gaussian(pixels: FloatArray, sigma: float) -> FloatArray:
    """Blur samples (H x W or H x W x C) with a Gaussian of standard deviation sigma in pixels.

    A large one is applied to a smaller copy, so that its time does not grow with sigma; that is at most
    half a percent off.
    """
    if sigma <= 0:
        return pixels
    if sigma <= _LARGEST_SIGMA:
        return _convolve(pixels, sigma, sigma)
    rows, columns = pixels.shape[:2]
    factor = sigma / (_LARGEST_SIGMA / 2)
    width, height = max(1, round(columns / factor)), max(1, round(rows / factor))
    smaller = resample_planes(pixels, width, height, "bicubic")  # its second moment is 0: it does not blur by itself
    small = _convolve(smaller, sigma * width / columns, sigma * height / rows)
    return resample_planes(small, columns, rows, "bicubic")


def _convolve(pixels: FloatArray, across: float, down: float) -> FloatArray:
    size = (2 * math.ceil(4.0 * across) + 1, 2 * math.ceil(4.0 * down) + 1)
    blurred = cv2.GaussianBlur(pixels, size, sigmaX=across, sigmaY=down, borderType=cv2.BORDER_REFLECT)
    return _keep_shape(blurred, pixels)


def _blur_box(pixels: FloatArray, radius: int) -> FloatArray:
    """Take means over squares of 2 * radius + 1."""
    size = 2 * radius + 1
    return _keep_shape(cv2.blur(pixels, (size, size), borderType=cv2.BORDER_REFLECT), pixels)


def _blur_median(pixels: FloatArray, radius: int) -> FloatArray:
    """Take medians channel by channel; radii over 2 work on 8-bit levels, which is what OpenCV offers."""
    if radius == 0:
        return pixels
    size = 2 * radius + 1
    if radius <= 2:
        planes = [cv2.medianBlur(np.ascontiguousarray(pixels[:, :, c]), size) for c in range(pixels.shape[2])]
        return np.stack(planes, axis=2)
    levels = np.rint(pixels * 255.0).astype(np.uint8)
    planes = [cv2.medianBlur(np.ascontiguousarray(levels[:, :, c]), size) for c in range(pixels.shape[2])]
    return np.stack(planes, axis=2).astype(np.float32) / np.float32(255.0)


def _keep_shape(result: AnyArray, like: FloatArray) -> FloatArray:
    return as_floats(result).reshape(like.shape)  # OpenCV drops a channel axis of one
