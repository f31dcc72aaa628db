"""Where joints are found, and what follows from them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from studio_vision.pose import Person, draw_people, find_face, find_people
from studio_vision.seeing_model import SeeingModel


class Bright(torch.nn.Module):
    """A network whose 17 heat maps are the brightness of the image, at a quarter of its size."""

    config = SimpleNamespace(backbone_config=SimpleNamespace(image_size=[64, 48]), id2label={})
    device, dtype = "cpu", torch.float32

    def forward(self, pixel_values: Any) -> Any:
        small = torch.nn.functional.avg_pool2d(pixel_values.mean(1, keepdim=True), 4)
        return SimpleNamespace(heatmaps=small.expand(1, 17, 16, 12))


SETTINGS = {"image_mean": [0.0, 0.0, 0.0], "image_std": [1.0, 1.0, 1.0]}


@pytest.mark.parametrize("box", [(0.0, 0.0, 200.0, 100.0), (60.0, 10.0, 120.0, 90.0), (70.0, 20.0, 150.0, 60.0)])
def test_a_joint_is_where_the_image_is_bright_whatever_the_box(box: tuple[float, float, float, float]) -> None:
    pixels = np.zeros((100, 200, 3), np.float32)
    pixels[36:45, 86:95] = 1

    (person,) = find_people(SeeingModel(Bright(), "pose", SETTINGS), pixels, [box])

    step = 4 * 1.25 * max((box[2] - box[0]) / 48, (box[3] - box[1]) / 64)  # pixels of the image for one of the map
    assert person.joints[0][1:3] == pytest.approx((90, 40), abs=step)


def make_person(score: float = 0.9) -> Person:
    places = [(50, 40), (54, 36), (46, 36), (60, 38), (40, 38)] + [(50, 60)] * 12
    return Person(tuple((str(index), float(x), float(y), score) for index, (x, y) in enumerate(places)))


def test_a_face_is_a_square_around_the_joints_of_the_head() -> None:
    assert find_face(make_person(), (100, 100), 0.3) == pytest.approx((26, 14, 74, 62))


def test_a_face_that_is_hardly_seen_is_none() -> None:
    assert find_face(make_person(0.2), (100, 100), 0.3) is None


def test_joints_that_are_not_sure_are_not_drawn() -> None:
    assert draw_people([make_person()], (100, 100), 0.3)[40, 50].max() == 255
    assert draw_people([make_person(0.2)], (100, 100), 0.3).max() == 0
