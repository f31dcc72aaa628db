"""Networks that are named in the docs, with tiny random weights of the real classes, beside transformers' own code."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch.nn import functional

from studio.api import Image, Model
from studio.testing import TestContext, check_model_opener
from studio_vision.depth import find_nearness
from studio_vision.detect import detect
from studio_vision.nodes.looking import detect_objects, estimate_depth
from studio_vision.opener import VisionOpener
from studio_vision.seeing_model import SeeingModel
from tests.plugins.studio_vision import tiny_models

MODEL = Model("local:tiny")
DEPTH = ("dpt", "glpn", "zoedepth", "depth_pro")
DETECTORS = ("rt_detr", "owlv2")
PROCESSORS = {
    "dpt": ("dpt", "DPTImageProcessorPil"),
    "glpn": ("glpn", "GLPNImageProcessorPil"),
    "rt_detr": ("rt_detr", "RTDetrImageProcessorPil"),
}
Photo = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, SeeingModel]]:
    root = tmp_path_factory.mktemp("networks")
    found = {}
    for name in (*DEPTH, *DETECTORS):
        writer: Callable[[Path], Path] = getattr(tiny_models, f"write_{name}")
        path = writer(root / name)
        opened = VisionOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})
        found[name] = path, opened
    return found


def make_photo(height: int = 96, width: int = 128) -> Photo:
    """Return something smooth, so that two ways to resize agree."""
    rows, columns = np.mgrid[0:height, 0:width]
    channels = [np.sin(columns / 9 + k) * np.cos(rows / 11 - k) for k in range(3)]
    return np.rint(np.stack(channels, axis=-1) * 120 + 128).astype(np.uint8)


def prepare_with_library(name: str, path: Path, photo: Photo) -> torch.Tensor:
    """Return what the library's own processor makes of an image."""
    module, kind = PROCESSORS[name]
    processor = getattr(importlib.import_module(f"transformers.models.{module}.image_processing_pil_{module}"), kind)
    made: torch.Tensor = processor.from_pretrained(path)(photo, return_tensors="pt")["pixel_values"]
    return made


@pytest.mark.parametrize("name", [*DEPTH, *DETECTORS])
def test_the_opener_keeps_its_promises(networks: dict[str, tuple[Path, SeeingModel]], name: str) -> None:
    path, opened = networks[name]

    assert opened.kind == ("depth" if name in DEPTH else "detector")
    check_model_opener(VisionOpener(), path)


@pytest.mark.parametrize("name", list(PROCESSORS))
def test_a_network_sees_what_its_own_processor_makes(networks: dict[str, tuple[Path, SeeingModel]], name: str) -> None:
    path, opened = networks[name]
    photo = make_photo()
    seen: list[torch.Tensor] = []
    hook = opened.network.register_forward_pre_hook(
        lambda _, __, given: seen.append(given["pixel_values"]), with_kwargs=True
    )

    look = find_nearness if name in DEPTH else lambda model, pixels: detect(model, pixels, [], 0.0)
    look(opened, photo.astype(np.float32) / 255)

    hook.remove()
    wanted = prepare_with_library(name, path, photo)
    assert seen[0].shape == wanted.shape
    assert float((seen[0] - wanted).abs().max()) < 0.02


@pytest.mark.parametrize("name", DEPTH)
def test_the_nearest_is_white(networks: dict[str, tuple[Path, SeeingModel]], name: str) -> None:
    opened = networks[name][1]
    pixels = make_photo().astype(np.float32) / 255
    seen: list[Any] = []
    hook = opened.network.register_forward_hook(lambda _, __, answer: seen.append(answer.predicted_depth))

    nearness = find_nearness(opened, pixels)

    hook.remove()
    raw = functional.interpolate(seen[0][:, None], pixels.shape[:2], mode="bicubic", align_corners=False)[0, 0].numpy()
    far = name in ("glpn", "zoedepth")  # in meters; Depth Pro's post-processing turns 1 / meters into meters
    assert (nearness.min(), nearness.max()) == (0.0, 1.0)
    assert np.corrcoef(nearness.ravel(), raw.ravel())[0, 1] * (-1 if far else 1) > 0.9


@pytest.mark.parametrize("name", DEPTH)
def test_depth_has_the_size_of_the_image(networks: dict[str, tuple[Path, SeeingModel]], name: str) -> None:
    context = TestContext(models={MODEL.reference: networks[name][1]})

    assert estimate_depth(context, Image(make_photo(70, 101)), MODEL).pixels.shape == (70, 101, 1)


def test_boxes_of_rt_detr_are_those_of_the_library(networks: dict[str, tuple[Path, SeeingModel]]) -> None:
    path, opened = networks["rt_detr"]
    photo = make_photo()
    given = prepare_with_library("rt_detr", path, photo)
    with torch.inference_mode():
        answer = opened.network(pixel_values=given)
    scores = answer.logits[0].sigmoid().max(-1).values
    middle, size = answer.pred_boxes[0, :, :2], answer.pred_boxes[0, :, 2:]
    corners = torch.cat([middle - size / 2, middle + size / 2], dim=-1) * torch.tensor([128, 96, 128, 96])
    best = int(scores.argmax())
    limits = np.array([128, 96, 128, 96])

    first = detect(opened, photo.astype(np.float32) / 255, [], 0.0)[0]

    assert first.score == pytest.approx(float(scores[best]), abs=0.01)
    assert np.abs(np.array(first.box) - np.clip(corners[best].numpy(), 0, limits)).max() < 1.5


def test_owlv2_sees_a_square_padded_with_grey_and_gives_boxes_inside_the_image(
    networks: dict[str, tuple[Path, SeeingModel]],
) -> None:
    opened = networks["owlv2"][1]
    seen: list[torch.Tensor] = []
    hook = opened.network.register_forward_pre_hook(
        lambda _, __, given: seen.append(given["pixel_values"]), with_kwargs=True
    )

    found = detect_objects(
        TestContext(models={MODEL.reference: opened}), Image(make_photo()), MODEL, words=["cat", "car"], threshold=0.0
    )

    hook.remove()
    below = seen[0][0, :, 28, 16]
    mean, deviation = (
        torch.tensor([0.48145466, 0.4578275, 0.40821073]),
        torch.tensor([0.26862954, 0.26130258, 0.27577711]),
    )
    assert seen[0].shape == (1, 3, 32, 32)
    assert torch.allclose(below, (0.5 - mean) / deviation, atol=0.02)
    boxes = found.boxes
    assert boxes
    assert {box["label"] for box in boxes} <= {"cat", "car"}
    assert all(box["left"] + box["width"] <= 128.01 and box["top"] + box["height"] <= 96.01 for box in boxes)
