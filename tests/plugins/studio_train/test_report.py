"""The report: an honest word where a training came to nothing good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from studio_train.report import Drawings, make_report, shrink


def make_images(count: int, seed: int) -> torch.Tensor:
    """Return smooth images of random colors: count x 3 x 64 x 64."""
    small = torch.rand((count, 3, 4, 4), generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(small, (64, 64), mode="bilinear")


def add_noise(images: torch.Tensor, amount: float) -> torch.Tensor:
    """Return images that differ from others by about an amount."""
    return (images + amount * make_images(len(images), 9)).clamp(0, 1)


IMAGES = make_images(5, 1)
GOOD = Drawings(
    images=IMAGES,
    learned=add_noise(IMAGES[:2], 0.1),
    base=make_images(2, 2),
    tests=make_images(3, 3),
    known=add_noise(make_images(4, 4), 0.02),
    base_known=make_images(4, 4),
)


def report(drawings: Drawings, losses: list[float] | None = None) -> dict[str, Any]:
    """Return the report of drawings."""
    return make_report(losses or [1.0, 0.5], drawings, {"steps": 2})


def list_kinds(drawings: Drawings) -> list[str]:
    """Return the kinds of warnings."""
    return [warning["kind"] for warning in report(drawings)["warnings"]]


def test_a_good_training_has_no_warnings() -> None:
    found = report(GOOD)

    assert (found["warnings"], found["verdict"], found["steps"]) == ([], "good", 2)
    assert found["distance"]["with_lora"] < 0.1 < found["distance"]["without"]
    assert found["drift"] < 0.05 < found["nearest_copy"]


def test_equal_images_and_a_single_one_are_named() -> None:
    assert "one_image" in list_kinds(replace(GOOD, images=IMAGES[:1]))
    assert "equal_images" in list_kinds(replace(GOOD, images=IMAGES[:1].repeat(5, 1, 1, 1)))
    assert "equal_images" in list_kinds(replace(GOOD, images=torch.cat([IMAGES, IMAGES[:1]])))


def test_copies_for_prompts_that_no_image_has_are_memorized() -> None:
    found = report(replace(GOOD, tests=IMAGES[:3]))

    assert [warning["kind"] for warning in found["warnings"]] == ["memorized"]
    assert found["verdict"] == "bad"


def test_equal_or_empty_drawings_are_collapsed() -> None:
    assert "collapsed" in list_kinds(replace(GOOD, learned=GOOD.learned[:1], tests=GOOD.learned[:1].repeat(3, 1, 1, 1)))
    assert "collapsed" in list_kinds(replace(GOOD, tests=torch.full((3, 3, 64, 64), 0.5)))


def test_drawings_no_nearer_than_before_are_not_learned() -> None:
    assert list_kinds(replace(GOOD, learned=GOOD.base)) == ["not_learned"]


def test_other_drawings_of_what_was_known_are_drifted() -> None:
    assert list_kinds(replace(GOOD, known=make_images(4, 7))) == ["drifted"]


def test_what_was_not_measured_is_null() -> None:
    found = report(replace(GOOD, tests=None, known=None, base_known=None))

    assert (found["drift"], found["nearest_copy"], found["verdict"]) == (None, None, "good")


class LargestTensor(TorchDispatchMode):
    """Counts the numbers of the largest tensor that is made while it lasts."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


def test_many_images_are_compared_in_little_memory() -> None:
    images = make_images(200, 5)

    with LargestTensor() as largest:
        report(replace(GOOD, images=shrink(images)))

    assert largest.numbers <= images.numel()
    assert report(replace(GOOD, images=shrink(images))) == report(replace(GOOD, images=images))


def test_a_long_curve_is_shortened() -> None:
    loss = report(GOOD, [float(1000 - step) for step in range(1000)])["loss"]

    assert len(loss["curve"]) == 100
    assert loss["first"] == 950.5
    assert loss["last"] == 50.5
