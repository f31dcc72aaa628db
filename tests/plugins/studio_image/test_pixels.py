"""Channels matched, alpha multiplied in and out, sRGB decoded and encoded."""

from __future__ import annotations

import numpy as np
import pytest

from studio_image.pixels import (
    compute_luma,
    decode_srgb,
    encode_srgb,
    filter_premultiplied,
    match_channels,
    premultiply,
    unpremultiply,
)


def make(*samples: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([[samples]], np.float32)


@pytest.mark.parametrize(
    ("encoded", "linear"), [(0.0, 0.0), (0.04045, 0.04045 / 12.92), (0.5, 0.214041), (0.7354, 0.5), (1.0, 1.0)]
)
def test_srgb_is_decoded_and_encoded_by_iec_61966(encoded: float, linear: float) -> None:
    assert decode_srgb(make(encoded))[0, 0, 0] == pytest.approx(linear, abs=1e-4)
    assert encode_srgb(make(linear))[0, 0, 0] == pytest.approx(encoded, abs=1e-4)


def test_alpha_is_not_encoded() -> None:
    assert decode_srgb(make(0.5, 0.5, 0.5, 0.5))[0, 0, 3] == 0.5
    assert encode_srgb(make(0.5, 0.5, 0.5, 0.5))[0, 0, 3] == 0.5


def test_luma_is_that_of_bt_601_and_leaves_alpha_out() -> None:
    assert compute_luma(make(1, 0, 0))[0, 0] == pytest.approx(0.299)
    assert compute_luma(make(0, 1, 0, 0))[0, 0] == pytest.approx(0.587)
    assert compute_luma(make(0.3))[0, 0] == np.float32(0.3)


def test_channels_are_raised_and_never_lowered() -> None:
    assert match_channels(make(0.5), 4)[0, 0].tolist() == [0.5, 0.5, 0.5, 1]
    assert match_channels(make(0.1, 0.2, 0.3, 0.4), 3).shape[2] == 4
    assert match_channels(make(0.5), 1).shape[2] == 1


def test_multiplying_alpha_in_and_out_gives_the_colors_back() -> None:
    pixels = make(0.2, 0.4, 0.8, 0.5)

    assert premultiply(pixels)[0, 0] == pytest.approx([0.1, 0.2, 0.4, 0.5])
    assert unpremultiply(premultiply(pixels))[0, 0] == pytest.approx([0.2, 0.4, 0.8, 0.5])
    assert unpremultiply(make(0.3, 0.3, 0.3, 0.0))[0, 0].tolist() == [0, 0, 0, 0]


def test_a_filter_mixes_colors_by_their_alpha() -> None:
    pixels = np.array([[[1, 0, 0, 1], [0, 1, 0, 0]]], np.float32)

    mixed = filter_premultiplied(pixels, lambda p: p.mean(axis=1, keepdims=True))

    assert mixed[0, 0] == pytest.approx([1, 0, 0, 0.5])
