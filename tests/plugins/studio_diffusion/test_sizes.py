"""Sizes that a model draws at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from studio.api import StudioError
from studio_diffusion.sizes import (
    check_reach,
    choose_size,
    choose_work_size,
    find_multiple,
    find_reach,
    fit_shape,
    refuse_reach,
    round_size,
)


def make_model(native: tuple[int, int] = (512, 512), multiple: int = 16, positions: int | None = None) -> Any:
    config = SimpleNamespace(pos_embed_max_size=positions)
    pipeline = SimpleNamespace(transformer=SimpleNamespace(config=config))
    return SimpleNamespace(native_size=native, size_multiple=multiple, pipeline=pipeline)


def test_a_side_of_0_is_the_models_own_and_others_are_rounded_with_a_warning() -> None:
    messages: list[str] = []

    assert choose_size(make_model(), 0, 0, messages.append) == (512, 512)
    assert messages == []
    assert choose_size(make_model(), 300, 0, messages.append) == (304, 512)
    assert messages == ["the size 300 x 512 was rounded to 304 x 512: this model takes multiples of 16"]


def test_sides_are_rounded_to_the_nearest_multiple_and_never_to_0() -> None:
    assert round_size((23, 24), 16) == (16, 32)
    assert round_size((1, 1000), 64) == (64, 1024)
    assert round_size((200, 90), 16, reach=100) == (96, 96)


@pytest.mark.parametrize(("multiple", "found"), [(1, 8), (4, 8), (8, 8), (12, 24), (64, 64)])
def test_multiples_are_also_multiples_of_8(multiple: int, found: int) -> None:
    assert find_multiple(make_model(multiple=multiple)) == found


def test_a_model_reaches_as_far_as_its_positions() -> None:
    assert find_reach(make_model()) == 0
    assert find_reach(make_model(positions=32)) == 512
    check_reach(make_model(positions=32), (512, 512))
    with pytest.raises(StudioError, match="at most 512 x 512 pixels, not 528 x 16") as caught:
        check_reach(make_model(positions=32), (528, 16))
    assert caught.value.code == "E621"


def test_the_refusal_names_only_the_side_that_was_given() -> None:
    assert "not 600 columns" in refuse_reach(512, (600, 0)).message
    assert "not 600 rows" in refuse_reach(512, (0, 600)).message


@pytest.mark.parametrize(
    ("image", "size"),
    [
        ((512, 512), (512, 512)),
        ((640, 480), (640, 480)),  # between half and 2.25 times the model's area: as it is
        ((768, 768), (768, 768)),
        ((800, 768), (528, 496)),  # over it: the model's own area
        ((64, 64), (512, 512)),
    ],
)
def test_an_image_is_worked_on_near_its_own_size(image: tuple[int, int], size: tuple[int, int]) -> None:
    messages: list[str] = []

    found = choose_work_size(make_model(), image, messages.append)

    assert found == size
    assert bool(messages) == (found != image)


def test_an_image_beyond_the_positions_is_worked_on_within_them() -> None:
    assert choose_work_size(make_model(positions=32), (1000, 250), lambda message: None) == (512, 128)


def test_a_shape_is_kept_with_as_many_pixels_as_the_models_own() -> None:
    assert fit_shape(make_model(), (200, 50)) == (1024, 256)
    assert fit_shape(make_model(positions=32), (200, 50)) == (512, 128)
