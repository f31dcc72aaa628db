"""Marks of images: what they survive, that they are not seen, and that they are not found where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from studio.api import Image, MediaError, Secret, StudioError
from studio.api.color import ColorSpace
from studio.testing import TestContext
from studio_provenance.nodes.marks import find_image_mark, mark_image
from studio_provenance.settings import ProvenanceSettings
from tests.plugins.studio_provenance.pictures import (
    PAYLOAD,
    SETTINGS,
    compress,
    draw_scene,
    mark,
    measure_psnr,
    resize,
)

SECRET = ProvenanceSettings(mark_key=Secret("a key of sixteen characters"))


@cache
def marked() -> Any:
    return mark(draw_scene())


CHANGES: dict[str, Callable[[Any], Any]] = {
    "none": lambda p: p,
    "jpeg": compress,
    "half": lambda p: resize(p, 256, 192),
    "odd size": lambda p: resize(p, 431, 323),
    "larger": lambda p: resize(p, 700, 525),
    "stretched": lambda p: resize(p, 520, 384),
    "cropped": lambda p: p[71:340, 93:451],
    "cropped, smaller, jpeg": lambda p: compress(resize(p[61:361, 93:493], 300, 225), 75),
    "blurred": lambda p: cv2.GaussianBlur(p, (0, 0), 1),
    "noisy": lambda p: np.clip(p + np.random.default_rng(1).normal(0, 5, p.shape), 0, 255).astype(np.uint8),
    "darker": lambda p: np.rint(255 * (p / 255) ** 1.1).astype(np.uint8),
    "brighter": lambda p: np.rint(255 * (p / 255) ** (1 / 1.1)).astype(np.uint8),
    "mirrored": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "turned": lambda p: np.ascontiguousarray(np.rot90(p)),
    "turned and mirrored": lambda p: np.ascontiguousarray(np.rot90(p)[::-1]),
    "grey": lambda p: np.rint(p @ [0.299, 0.587, 0.114]).astype(np.uint8)[..., None],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_mark_is_read_after_its_image_was_changed(change: str) -> None:
    search = find_image_mark(TestContext(), Image(CHANGES[change](marked())), SETTINGS)

    assert (search.is_found, search.payload) == (True, PAYLOAD)


def test_a_mark_stays_above_forty_decibels() -> None:
    assert measure_psnr(draw_scene(), marked()) > 41


def test_a_mark_is_fainter_in_flat_areas_than_in_texture() -> None:
    difference = marked().astype(float) - draw_scene()

    assert difference[:40].std() < 1.0 < difference[300:].std()  # levels of 8 bits: 0.8 and 2.6


@pytest.mark.parametrize("settings", [SETTINGS, SECRET])
def test_no_mark_is_found_in_images_without_one(settings: ProvenanceSettings) -> None:
    for seed in range(6):
        search = find_image_mark(TestContext(), Image(draw_scene(seed=seed)), settings)
        assert (search.is_found, search.payload) == (False, "")
        assert search.evidence["agreement"] < 6.2  # 5.4 at most; a mark counts from 7.6 on


def test_a_search_does_not_import_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scipy", "scipy.fft"):
        monkeypatch.setitem(sys.modules, name, None)  # to import it takes longer than the search

    assert not find_image_mark(TestContext(), Image(draw_scene(seed=1)), ProvenanceSettings()).is_found


def test_a_mark_of_one_key_is_not_found_with_another() -> None:
    search = find_image_mark(TestContext(), Image(mark(draw_scene(), SECRET)), SETTINGS)

    assert not search.is_found


def test_a_mark_of_a_secret_key_is_found_with_it() -> None:
    search = find_image_mark(TestContext(), Image(mark(draw_scene(), SECRET)), SECRET)

    assert (search.payload, search.evidence["key"]) == (PAYLOAD, "yours")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(StudioError) as caught:
        find_image_mark(TestContext(), Image(draw_scene()), ProvenanceSettings(mark_key=Secret("q7#short#7q")))

    assert caught.value.code == "E650"
    assert "short'" not in str(caught.value)


@pytest.mark.parametrize("payload", ["", "xyz", "0" * 15, "0" * 17, "0123456789abcdeg"])
def test_a_payload_that_is_no_64_bits_is_refused(payload: str) -> None:
    with pytest.raises(StudioError) as caught:
        mark_image(TestContext(), Image(draw_scene()), SETTINGS, payload=payload)

    assert caught.value.code == "E652"


def test_without_a_payload_it_follows_from_the_image() -> None:
    first, again, other = (
        mark_image(TestContext(), Image(draw_scene(seed=seed)), SETTINGS).payload for seed in (0, 0, 1)
    )

    assert first == again != other


@pytest.mark.parametrize(("height", "width"), [(1, 1), (127, 300), (1, 20_000)])
def test_an_image_that_is_too_small_is_refused(height: int, width: int) -> None:
    with pytest.raises(MediaError) as caught:
        mark_image(TestContext(), Image(np.zeros((height, width, 3), np.uint8)), SETTINGS)

    assert caught.value.code == "E651"


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 9), (1, 20_000), (3, 400)])
def test_an_image_of_any_size_is_searched(height: int, width: int) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)

    assert not find_image_mark(TestContext(), Image(noise), SETTINGS).is_found


def test_a_transparent_image_cannot_be_marked() -> None:
    clear = np.zeros((200, 200, 4), np.uint8)

    with pytest.raises(MediaError) as caught:
        mark_image(TestContext(), Image(clear), SETTINGS)

    assert caught.value.code == "E653"


def test_a_flat_image_holds_a_mark() -> None:
    flat = Image(np.full((300, 300, 3), 130, np.uint8))

    result = mark_image(TestContext(), flat, SETTINGS, payload=PAYLOAD).image

    assert find_image_mark(TestContext(), result, SETTINGS).payload == PAYLOAD
    assert measure_psnr(flat.to_uint8(), result.to_uint8()) > 45
    coded = Image(compress(result.to_uint8()))
    assert find_image_mark(TestContext(), coded, SETTINGS).payload == PAYLOAD


def test_alpha_and_what_is_transparent_stay() -> None:
    pixels = np.dstack([draw_scene(), np.full((384, 512), 255, np.uint8)])
    pixels[:100, :100, 3] = 0
    pixels[100:200, :100, 3] = 77

    result = mark_image(TestContext(), Image(pixels), SETTINGS, payload=PAYLOAD).image

    assert np.array_equal(result.stored[..., 3], pixels[..., 3])
    assert np.array_equal(result.stored[:100, :100], pixels[:100, :100])
    assert find_image_mark(TestContext(), result, SETTINGS).payload == PAYLOAD


def test_sixteen_bits_stay_sixteen_bits() -> None:
    deep = draw_scene().astype(np.uint16) * 257 - 100 * (draw_scene() > 0)

    result = mark_image(TestContext(), Image(deep.astype(np.uint16)), SETTINGS, payload=PAYLOAD).image

    assert result.stored.dtype == np.uint16
    assert len(np.unique(result.stored)) > 5000
    assert find_image_mark(TestContext(), result, SETTINGS).payload == PAYLOAD


def test_high_dynamic_range_keeps_its_values() -> None:
    color = ColorSpace("linear")
    light = ((draw_scene() / 255) ** 2.2 * 6 - 0.001).astype(np.float32)

    result = mark_image(TestContext(), Image(light, color=color), SETTINGS, payload=PAYLOAD).image

    assert result.color == color
    assert result.pixels.max() > 4
    assert np.abs(result.pixels - light).max() < 0.12 * light.max()
    assert find_image_mark(TestContext(), result, SETTINGS).payload == PAYLOAD


def test_a_large_image_is_marked_as_its_small_version_is_found() -> None:
    large = cv2.resize(draw_scene(), (3072, 2304), interpolation=cv2.INTER_CUBIC)

    small = resize(mark(large), 768, 576)

    assert find_image_mark(TestContext(), Image(compress(small, 85)), SETTINGS).payload == PAYLOAD
