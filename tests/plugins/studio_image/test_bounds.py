"""Sizes refused before memory is taken."""

from __future__ import annotations

import pytest

from studio.api import MediaError, MediaLimits
from studio_image.bounds import check_same_size, check_size


def test_a_size_at_the_limits_passes_and_one_beyond_is_refused_with_its_sides() -> None:
    limits = MediaLimits()
    check_size(limits.max_side, limits.max_pixels // limits.max_side)

    for size in ((limits.max_side + 1, 1), (1, limits.max_side + 1), (limits.max_side, limits.max_side)):
        with pytest.raises(MediaError, match=f"the sheet would be {size[0]} x {size[1]} pixels") as caught:
            check_size(*size, "the sheet")
        assert caught.value.code == "E506"


def test_images_of_two_sizes_are_refused_with_both() -> None:
    check_same_size((3, 2), (3, 2), "the mask", "the image")

    with pytest.raises(MediaError, match="the mask is 2 x 3 but the image is 3 x 2") as caught:
        check_same_size((2, 3), (3, 2), "the mask", "the image")
    assert caught.value.code == "E507"
