"""Networks that look at images, with tiny random weights of the real classes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

import studio_vision
from studio.api import Image, Model, ModelError, StudioError
from studio.testing import TestContext, check_model_opener, check_node_type
from studio_vision.detect import detect, find_overlap
from studio_vision.nodes.cutting import segment_objects
from studio_vision.nodes.looking import detect_objects, estimate_depth
from studio_vision.nodes.people import find_faces, find_pose
from studio_vision.opener import VisionOpener
from studio_vision.seeing_model import SeeingModel
from tests.plugins.studio_vision.tiny_models import (
    write_depth_anything,
    write_detr,
    write_grounding_dino,
    write_mask2former,
    write_owlvit,
    write_sam,
    write_sam2,
    write_vitpose,
    write_yolos,
)

MODEL = Model("local:tiny")
WRITERS = {"sam": write_sam, "depth": write_depth_anything, "yolos": write_yolos, "owl": write_owlvit}
WRITERS |= {"sam2": write_sam2, "mask2former": write_mask2former, "pose": write_vitpose}
WRITERS |= {"detr": write_detr, "grounding": write_grounding_dino}
KINDS = {"sam": "segmenter", "depth": "depth", "yolos": "detector", "owl": "detector"}
KINDS |= {"sam2": "segmenter", "mask2former": "segmenter", "pose": "pose"}
KINDS |= {"detr": "detector", "grounding": "detector"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("vision")
    return {name: write(root / name) for name, write in WRITERS.items()}


def open_folder(path: Path) -> SeeingModel:
    return VisionOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})


def make_context(path: Path) -> TestContext:
    return TestContext(models={MODEL.reference: open_folder(path)})


def make_image(height: int = 40, width: int = 60, seed: int = 0) -> Image:
    return Image(np.random.default_rng(seed).random((height, width, 3), np.float32))


@pytest.mark.parametrize("name", list(WRITERS))
def test_the_opener_keeps_its_promises(folders: dict[str, Path], name: str) -> None:
    path = folders[name]

    assert VisionOpener().find_kind(path, Model(f"file:{path}")) == KINDS[name]
    check_model_opener(VisionOpener(), path)


def test_depth_is_a_grey_image_of_the_same_size_from_black_to_white(folders: dict[str, Path]) -> None:
    found = estimate_depth(make_context(folders["depth"]), make_image(), MODEL)

    assert found.pixels.shape == (40, 60, 1)
    assert (found.pixels.min(), found.pixels.max()) == (0.0, 1.0)


def test_far_may_be_white(folders: dict[str, Path]) -> None:
    near, far = (
        estimate_depth(make_context(folders["depth"]), make_image(), MODEL, near_is_white=each).pixels
        for each in (True, False)
    )

    assert np.allclose(near, 1 - far)


def test_a_depth_network_sees_the_shape_of_the_image_in_whole_patches(folders: dict[str, Path]) -> None:
    opened = open_folder(folders["depth"])
    seen: list[Any] = []
    opened.network.register_forward_pre_hook(
        lambda _, __, given: seen.append(tuple(given["pixel_values"].shape)), with_kwargs=True
    )

    estimate_depth(TestContext(models={MODEL.reference: opened}), make_image(50, 100), MODEL)

    assert seen == [(1, 3, 56, 112)]


def test_points_and_boxes_give_a_mask_each_and_one_of_all(folders: dict[str, Path]) -> None:
    boxes = [{"label": "cat", "score": 1, "left": 5, "top": 5, "width": 20, "height": 20}]

    found = segment_objects(
        make_context(folders["sam"]), make_image(), MODEL, points=[[10, 10], [50, 30, False]], boxes=boxes
    )

    assert [mask.pixels.shape for mask in found.masks] == [(40, 60), (40, 60)]
    assert np.array_equal(found.mask.pixels, np.maximum(found.masks[0].pixels, found.masks[1].pixels))
    assert len(found.scores) == 2


def test_another_point_gives_another_mask(folders: dict[str, Path]) -> None:
    first, second = (
        segment_objects(make_context(folders["sam"]), make_image(), MODEL, points=[point]).mask.pixels
        for point in ([5, 5], [50, 35])
    )

    assert not np.array_equal(first, second)


def open_confident(path: Path) -> SeeingModel:
    """Open Segment Anything, and let it be sure of masks with clear edges, each with a score of its own."""

    def sharpen(_network: Any, _given: Any, answer: Any) -> Any:
        masks = answer.pred_masks
        answer.pred_masks = (masks - masks.mean((-2, -1), keepdim=True)) * 1e9
        answer.iou_scores = 0.89 + 0.1 * answer.iou_scores.sigmoid()
        return answer

    opened = open_folder(path)
    opened.network.register_forward_hook(sharpen)
    return opened


@pytest.mark.parametrize("name", ["sam", "sam2"])
def test_without_points_and_boxes_everything_is_cut_out_once(folders: dict[str, Path], name: str) -> None:
    context = TestContext(models={MODEL.reference: open_confident(folders[name])})

    found = segment_objects(context, make_image(), MODEL, points_per_side=3)

    assert 1 <= len(found.masks) < 27
    assert found.scores == sorted(found.scores, reverse=True)
    assert all(0.88 <= score <= 1 for score in found.scores)
    boxes = [find_extent(mask.pixels > 0.5) for mask in found.masks]
    assert all(find_overlap(*pair) < 0.8 for pair in itertools.combinations(boxes, 2))
    assert context.steps[-1] == (9, 9)


def test_masks_that_are_not_sure_are_left_out(folders: dict[str, Path]) -> None:
    found = segment_objects(make_context(folders["sam"]), make_image(), MODEL, points_per_side=2)

    assert (found.masks, float(found.mask.pixels.max())) == ([], 0.0)


def find_extent(inside: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
    down, across = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    return float(across[0]), float(down[0]), float(across[-1] + 1), float(down[-1] + 1)


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ({"points": [[1]]}, "/0"),
        ({"points": [[1, 2], "x"]}, "/1"),
        ({"boxes": [{"left": 1}]}, "/0"),
        ({"points": 3}, ""),
    ],
)
def test_invalid_points_and_boxes_are_errors_with_a_place(folders: dict[str, Path], inputs: Any, place: str) -> None:
    with pytest.raises(StudioError, match="E637") as raised:
        segment_objects(make_context(folders["sam"]), make_image(), MODEL, **inputs)

    assert (raised.value.where or "") == place


def test_a_detector_with_labels_of_its_own_gives_boxes_inside_the_image(folders: dict[str, Path]) -> None:
    found = detect_objects(make_context(folders["yolos"]), make_image(), MODEL, threshold=0.0)

    assert isinstance(found.boxes, list)
    assert found.box_count == len(found.boxes) > 0
    for row in found.boxes:
        assert isinstance(row, dict)
        assert row["label"] in ("cat", "dog", "sheep")
        assert 0 <= row["left"] <= row["left"] + row["width"] <= 60.01
        assert 0 <= row["top"] <= row["top"] + row["height"] <= 40.01
    assert [row["score"] for row in found.boxes] == sorted((row["score"] for row in found.boxes), reverse=True)


def test_labels_choose_among_what_a_detector_knows(folders: dict[str, Path]) -> None:
    found = detect_objects(make_context(folders["yolos"]), make_image(), MODEL, words=["Unicorn"], threshold=0.0)

    assert found.boxes == []


def test_an_open_detector_looks_for_the_words(folders: dict[str, Path]) -> None:
    found = detect_objects(make_context(folders["owl"]), make_image(), MODEL, words=["a cat", "red car"], threshold=0.0)

    assert isinstance(found.boxes, list)
    assert {row["label"] for row in found.boxes} <= {"a cat", "red car"}
    assert found.box_count > 0


def test_one_text_of_all_words_gives_each_word_its_score(folders: dict[str, Path]) -> None:
    opened = open_folder(folders["grounding"])
    words = ["A cat", "red  car", "unicorn"]

    found = detect(opened, make_image().pixels, words, 0.0)

    with torch.inference_mode():
        answer = opened.network(
            pixel_values=opened.prepare(make_image().pixels, (64, 96)),
            input_ids=torch.tensor([[2, 6, 7, 4, 8, 9, 4, 1, 4, 3]]),  # [CLS] a cat . red car . [UNK] . [SEP]
            attention_mask=torch.ones(1, 10, dtype=torch.long),
        )
    chances = answer.logits[0].sigmoid()
    each = torch.stack([chances[:, 1:3].amax(-1), chances[:, 4:6].amax(-1), chances[:, 7]], -1)
    expected = sorted(((float(row.max()), words[int(row.argmax())]) for row in each), reverse=True)
    assert found
    assert {(round(one.score, 4), one.label) for one in found} <= {(round(score, 4), name) for score, name in expected}
    assert found[0].score == pytest.approx(expected[0][0], abs=1e-5)


def test_words_that_a_text_has_no_room_for_are_not_found(folders: dict[str, Path]) -> None:
    found = detect(open_folder(folders["grounding"]), make_image().pixels, ["a cat"] * 8 + ["red car"], 0.001)

    assert {one.label for one in found} == {"a cat"}


@pytest.mark.parametrize(
    ("size", "expected"),
    [((40, 60), (80, 120)), ((40, 100), (53, 133)), ((100, 40), (133, 53)), ((333, 211), (126, 80))],
)
def test_an_image_keeps_its_shape_for_a_network_whose_settings_give_the_shorter_side(
    folders: dict[str, Path], size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Sizes as `DetrImageProcessor` makes them."""
    opened = open_folder(folders["detr"])
    seen: list[Any] = []
    opened.network.register_forward_pre_hook(
        lambda _, __, given: seen.append(tuple(given["pixel_values"].shape[2:])), with_kwargs=True
    )

    detect(opened, make_image(*size).pixels, [], 0.0)

    assert seen == [expected]


def test_an_open_detector_without_words_is_an_error(folders: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="E635") as raised:
        detect_objects(make_context(folders["owl"]), make_image(), MODEL)

    assert "words" in str(raised.value.hint)


@pytest.mark.parametrize(("node", "wrong"), list(itertools.product([estimate_depth, detect_objects], ["sam"])))
def test_a_model_for_another_task_is_refused(folders: dict[str, Path], node: Any, wrong: str) -> None:
    with pytest.raises(ModelError, match="E635"):
        node(make_context(folders[wrong]), make_image(), MODEL)


def test_weights_that_are_missing_or_do_not_fit_are_one_clear_line(tmp_path: Path) -> None:
    path = write_yolos(tmp_path / "yolos")
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))

    with pytest.raises(ModelError, match="E634") as raised:
        open_folder(path)
    assert "\n" not in raised.value.message
    (path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="safetensors are missing"):
        open_folder(path)


def test_boxes_overlap_by_their_common_part() -> None:
    assert find_overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert find_overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


@pytest.mark.parametrize(
    ("node", "name", "more"),
    [
        (estimate_depth, "depth", {}),
        (detect_objects, "owl", {"words": ["a cat"], "threshold": 0.0}),
        (detect_objects, "grounding", {"words": ["a cat"], "threshold": 0.0}),
        (segment_objects, "sam", {"points": [[10, 10]]}),
        (segment_objects, "sam2", {"points_per_side": 2}),
        (segment_objects, "mask2former", {"threshold": 0.0}),
        (find_pose, "pose", {}),
        (find_faces, "pose", {"threshold": 0.0}),
    ],
)
def test_node_types_keep_their_promises(folders: dict[str, Path], node: Any, name: str, more: dict[str, Any]) -> None:
    check_node_type(node, plugin=studio_vision, image=make_image(), model=Model(f"file:{folders[name]}"), **more)


def test_segment_anything_2_cuts_out_what_a_point_and_a_box_mark(folders: dict[str, Path]) -> None:
    boxes = [{"left": 5, "top": 5, "width": 20, "height": 20}]

    found = segment_objects(make_context(folders["sam2"]), make_image(), MODEL, points=[[10, 10]], boxes=boxes)

    assert [mask.pixels.shape for mask in found.masks] == [(40, 60), (40, 60)]
    assert not np.array_equal(found.masks[0].pixels, found.masks[1].pixels)


def test_a_model_with_labels_cuts_out_everything_it_knows(folders: dict[str, Path]) -> None:
    context = make_context(folders["mask2former"])

    found = segment_objects(context, make_image(), MODEL, threshold=0.0)

    assert found.masks
    assert set(found.labels) <= {"cat", "dog"}
    assert found.scores == sorted(found.scores, reverse=True)
    assert np.array_equal(found.mask.pixels, np.maximum.reduce([mask.pixels for mask in found.masks]))
    nothing = segment_objects(context, make_image(), MODEL, words=["unicorn"], threshold=0.0)
    assert (nothing.masks, float(nothing.mask.pixels.max())) == ([], 0.0)


def test_a_pose_has_the_joints_of_each_box_and_a_drawing(folders: dict[str, Path]) -> None:
    boxes = [{"left": 0, "top": 0, "width": 20, "height": 30}, {"left": 30, "top": 5, "width": 20, "height": 30}]

    found = find_pose(make_context(folders["pose"]), make_image(), MODEL, boxes=boxes, threshold=0.0)

    assert isinstance(found.people, list)
    assert [len(person["joints"]) for person in found.people] == [17, 17]
    assert found.people[0]["joints"][0]["name"] == "nose"
    assert (found.image.height, found.image.width) == (40, 60)
    assert found.image.pixels.max() > 0.5
