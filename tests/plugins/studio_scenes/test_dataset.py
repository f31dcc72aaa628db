"""Sets as files: COCO, YOLO and masks say the same as the labels, number by number."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from studio.api import Image, OutputPath, StudioError
from studio.testing import TestContext
from studio_scenes.dataset import choose_parts
from studio_scenes.nodes.making import WrittenSet, write_scenes

DISC = {"label": "disc", "left": 1, "top": 0, "width": 2, "height": 2, "mask": {"size": [2, 4], "counts": [2, 3, 3]}}
BAR = {"label": "bar", "left": 0, "top": 1, "width": 1, "height": 1}
IMAGES = [Image(np.full((2, 4, 3), shade, np.uint8)) for shade in (10, 20, 30)]
LABELS = [[DISC, BAR], [], [BAR]]


def write(folder: Path, **inputs: Any) -> tuple[WrittenSet, zipfile.ZipFile]:
    path = OutputPath(folder / "set.zip", "set.zip", provenance=inputs.pop("provenance", None))
    given = {"images": IMAGES, "labels": LABELS, "val_share": 0.34, "seed": 1}
    written = write_scenes(TestContext(), path=path, **{**given, **inputs})
    return written, zipfile.ZipFile(io.BytesIO(path.path.read_bytes()))


def read_image(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(archive.read(name))))


def test_coco_has_each_image_in_one_part_with_its_boxes_areas_and_masks(tmp_path: Path) -> None:
    written, archive = write(tmp_path, format="coco")

    parts = {part: json.loads(archive.read(f"annotations/instances_{part}.json")) for part in ("train", "val")}
    rows = {row["id"]: (part, row) for part, read in parts.items() for row in read["images"]}
    assert written == WrittenSet("set.zip", 2, 1)
    assert sorted(rows) == [1, 2, 3]
    for number, (part, row) in rows.items():
        assert (row["width"], row["height"]) == (4, 2)
        assert (read_image(archive, f"{part}/{row['file_name']}") == number * 10).all()
        found = [each for each in parts[part]["annotations"] if each["image_id"] == number]
        assert [each["bbox"] for each in found] == [
            [each["left"], each["top"], each["width"], each["height"]] for each in LABELS[number - 1]
        ]
    disc = next(each for read in parts.values() for each in read["annotations"] if each["area"] == 3)
    assert disc["segmentation"] == DISC["mask"]
    assert [each["name"] for each in parts["train"]["categories"]] == ["bar", "disc"]
    assert disc["category_id"] == 2


def test_yolo_has_middles_and_sizes_as_parts_of_the_image(tmp_path: Path) -> None:
    _, archive = write(tmp_path, format="yolo", val_share=0.0)

    assert archive.read("labels/train/000001.txt").decode().splitlines() == [
        "1 0.500000 0.500000 0.500000 1.000000",
        "0 0.125000 0.750000 0.250000 0.500000",
    ]
    assert archive.read("labels/train/000002.txt") == b""
    assert archive.read("data.yaml").decode().splitlines()[-2:] == ['  0: "bar"', '  1: "disc"']
    assert "val: images/train" in archive.read("data.yaml").decode()


def test_yolo_clips_boxes_at_the_edge_and_leaves_out_what_is_outside(tmp_path: Path) -> None:
    half = BAR | {"left": -1, "top": 0, "width": 2, "height": 2}
    outside = BAR | {"left": 9}

    _, archive = write(tmp_path, format="yolo", images=IMAGES[:1], labels=[[half, outside]])

    assert archive.read("labels/train/000001.txt").decode().splitlines() == ["0 0.125000 0.500000 0.250000 1.000000"]


def test_masks_have_the_number_of_each_object_and_of_its_name(tmp_path: Path) -> None:
    _, archive = write(tmp_path, format="masks", val_share=0.0)

    objects = read_image(archive, "train/objects/000001.png")
    names = read_image(archive, "train/names/000001.png")
    assert objects.tolist() == [[0, 1, 1, 0], [2, 1, 0, 0]]
    assert names.tolist() == [[0, 2, 2, 0], [1, 2, 0, 0]]
    assert archive.read("names.txt").decode().split() == ["bar", "disc"]


def test_equal_sets_are_equal_files_and_carry_what_made_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    _, archive = write(tmp_path / "a", provenance='{"made": "so"}')
    write(tmp_path / "b", provenance='{"made": "so"}')

    assert (tmp_path / "a/set.zip").read_bytes() == (tmp_path / "b/set.zip").read_bytes()
    assert json.loads(archive.read("studio.json")) == {"made": "so"}


@pytest.mark.parametrize(("count", "share", "val"), [(1, 0.5, 0), (2, 0.1, 1), (10, 0.2, 2), (10, 0.0, 0), (2, 0.9, 1)])
def test_a_share_is_for_validation_and_never_everything(count: int, share: float, val: int) -> None:
    parts = choose_parts(count, share, 1)

    assert parts.count("val") == val
    assert parts == choose_parts(count, share, 1)


@pytest.mark.parametrize(
    ("inputs", "code", "says"),
    [
        ({"labels": LABELS[:2]}, "E678", "labels of 2 images for 3 images"),
        ({"names": ["disc"]}, "E678", "'bar' is not among the names"),
        ({"names": ["disc", "bar", "bar"]}, "E678", "duplicate names"),
        ({"labels": [[DISC | {"mask": {"size": [2, 2], "counts": [4]}}], [], []]}, "E677", "is 2 x 2, and the image 4"),
        ({"format": "masks", "names": ["disc", "bar", *map(str, range(300))]}, "E678", "more than 255"),
    ],
)
def test_what_cannot_become_a_set_is_refused(tmp_path: Path, inputs: dict[str, Any], code: str, says: str) -> None:
    with pytest.raises(StudioError, match=says) as raised:
        write(tmp_path, **inputs)

    assert raised.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_names_fix_the_numbers(tmp_path: Path) -> None:
    _, archive = write(tmp_path, names=["star", "disc", "bar"], val_share=0.0)

    read = json.loads(archive.read("annotations/instances_train.json"))
    assert [each["category_id"] for each in read["annotations"]] == [2, 3, 3]
