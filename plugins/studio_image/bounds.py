"""Bounds that hold before memory is taken, and sizes that must agree."""

from __future__ import annotations

from studio.api import MediaError, MediaLimits


def check_size(width: int, height: int, what: str = "the result") -> None:
    """Refuse an image over the limits.

    Raises:
        MediaError: E506 with both sizes.
    """
    limits = MediaLimits()
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise MediaError(
            "E506",
            f"{what} would be {width} x {height} pixels, over the limit of {limits.max_pixels} pixels "
            f"and {limits.max_side} a side",
            hint="ask for a smaller size",
        )


def check_same_size(first: tuple[int, int], second: tuple[int, int], what: str, other: str) -> None:
    """Refuse two images, as (width, height), that should have one size.

    Raises:
        MediaError: E507 with both sizes.
    """
    if first != second:
        raise MediaError(
            "E507",
            f"{what} is {first[0]} x {first[1]} but {other} is {second[0]} x {second[1]}",
            hint="bring them to one size with image.resize or image.resize_mask",
        )
