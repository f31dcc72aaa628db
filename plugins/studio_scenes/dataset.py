"""A labeled set of images as a file: COCO, YOLO, or masks, in a training and a validation part."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from studio.api import Image, StudioError, replace_file
from studio_scenes.labels import Label

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Format = Literal["coco", "yolo", "masks"]
_MOST_NUMBERS = 255  # of 8 bits, without 0
_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can say: equal sets are equal files


@dataclass(frozen=True)
class Scene:
    """An image with its labels, in one part of a set."""

    part: str
    number: int
    image: Image
    labels: Sequence[Label]

    @property
    def stem(self) -> str:
        """The file's name without its extension."""
        return f"{self.number:06d}"


def check_counts(labels: Sequence[object], images: Sequence[Image]) -> None:
    """Raise StudioError E678 for labels that are not as many as images."""
    if len(labels) != len(images):
        raise StudioError(
            "E678",
            f"labels of {len(labels)} images for {len(images)} images",
            hint="give both from one node, such as scenes.compose",
        )


def check_set_path(path: str) -> None:
    """Raise StudioError E678 for a file name that is not that of a ZIP file."""
    if not path.lower().endswith(".zip"):
        raise StudioError("E678", f"{path!r} is not the name of a ZIP file", hint='write "set.zip"')


def find_names(labels: Sequence[Sequence[Label]], names: Sequence[str]) -> list[str]:
    """Return the names of a set in the order of their numbers.

    Args:
        labels: Of all images.
        names: Names in order; empty for those of the labels, sorted.

    Raises:
        StudioError: E678 for duplicate names, or a label that is not among them.
    """
    used = sorted({label.name for each in labels for label in each})
    if not names:
        return used
    unknown = [name for name in used if name not in names]
    if unknown or len(set(names)) != len(names):
        problem = f"{unknown[0]!r} is not among the names" if unknown else "duplicate names"
        raise StudioError("E678", problem, hint="list each name once, or leave names empty")
    return list(names)


def choose_parts(count: int, val_share: float, seed: int) -> list[str]:
    """Return "train" or "val" for each image: a share of all, at least one of two, and never all of them."""
    import numpy as np

    held = round(count * val_share)
    held = min(max(held, 1 if val_share > 0 else 0), count - 1)
    chosen = set(np.random.default_rng(seed).permutation(count)[: max(0, held)].tolist())
    return ["val" if number in chosen else "train" for number in range(count)]


def write_set(
    path: Path,
    scenes: Sequence[Scene],
    names: Sequence[str],
    form: Format,
    provenance: str | None,
    step: Callable[[int], None],
) -> None:
    """Write a set as a ZIP file, whole or not at all.

    Args:
        path: Where to.
        scenes: Images with their labels.
        names: Names in the order of their numbers.
        form: "coco", "yolo" or "masks".
        provenance: JSON text that says how the set was made; None for nothing.
        step: Called with the number of images that are written.

    Raises:
        StudioError: E677 for a mask of another size than its image, E678 for more names than masks can hold.
    """
    write = {"coco": _write_coco, "yolo": _write_yolo, "masks": _write_masks}[form]
    with replace_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        write(archive, scenes, names, step)
        if provenance is not None:
            _add(archive, "studio.json", provenance.encode())


def _write_coco(
    archive: zipfile.ZipFile, scenes: Sequence[Scene], names: Sequence[str], step: Callable[[int], None]
) -> None:
    parts = {part: _start_coco(names) for part in ("train", "val")}
    for number, scene in enumerate(scenes):
        step(number)
        document = parts[scene.part]
        name = f"{scene.stem}.png"
        _add(archive, f"{scene.part}/{name}", _encode(scene.image))
        size = {"width": scene.image.width, "height": scene.image.height}
        document["images"].append({"id": scene.number, "file_name": name, **size})
        for label in scene.labels:
            rows = document["annotations"]
            rows.append(describe_coco(label, len(rows) + 1, scene, names.index(label.name) + 1))
    for part, document in parts.items():
        _add(archive, f"annotations/instances_{part}.json", json.dumps(document, ensure_ascii=False).encode())


def _start_coco(names: Sequence[str]) -> dict[str, Any]:
    categories = [{"id": number, "name": name, "supercategory": ""} for number, name in enumerate(names, 1)]
    info = {"description": "labeled scenes", "version": "1.0"}
    return {"info": info, "licenses": [], "images": [], "annotations": [], "categories": categories}


def describe_coco(label: Label, number: int, scene: Scene, category: int) -> dict[str, Any]:
    """Return a label as COCO writes it: box, area, and the mask in runs."""
    left, top, width, height = label.box
    row: dict[str, Any] = {
        "id": number,
        "image_id": scene.number,
        "category_id": category,
        "bbox": [left, top, width, height],
        "area": width * height,
        "iscrowd": 0,
    }
    if label.mask is not None:
        _check_size(label, scene.image)
        row["area"] = sum(label.mask.counts[1::2])
        row["segmentation"] = {"size": [label.mask.height, label.mask.width], "counts": list(label.mask.counts)}
    return row


def _check_size(label: Label, image: Image) -> None:
    from studio_scenes.drawing import read_mask

    if label.mask is not None and (label.mask.height, label.mask.width) != (image.height, image.width):
        read_mask(label, image.height, image.width)


def _write_yolo(
    archive: zipfile.ZipFile, scenes: Sequence[Scene], names: Sequence[str], step: Callable[[int], None]
) -> None:
    for number, scene in enumerate(scenes):
        step(number)
        _add(archive, f"images/{scene.part}/{scene.stem}.png", _encode(scene.image))
        lines = [
            describe_yolo(label, names.index(label.name), scene.image.width, scene.image.height)
            for label in scene.labels
        ]
        _add(archive, f"labels/{scene.part}/{scene.stem}.txt", "".join(f"{line}\n" for line in lines if line).encode())
    listed = "".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for number, name in enumerate(names))
    val = "val" if any(scene.part == "val" for scene in scenes) else "train"
    text = f"path: .\ntrain: images/train\nval: images/{val}\nnames:\n{listed}"
    _add(archive, "data.yaml", text.encode())


def describe_yolo(label: Label, number: int, width: int, height: int) -> str:
    """Return a label as YOLO writes it: number, middle, width and height as parts of the image; "" if outside."""
    left, right = (min(max(value, 0.0), width) for value in (label.box[0], label.box[0] + label.box[2]))
    top, bottom = (min(max(value, 0.0), height) for value in (label.box[1], label.box[1] + label.box[3]))
    if right <= left or bottom <= top:
        return ""
    values = ((left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height)
    return f"{number} " + " ".join(f"{value:.6f}" for value in values)


def _write_masks(
    archive: zipfile.ZipFile, scenes: Sequence[Scene], names: Sequence[str], step: Callable[[int], None]
) -> None:
    import numpy as np

    from studio_scenes.drawing import read_mask

    if max(len(names), *(len(scene.labels) for scene in scenes)) > _MOST_NUMBERS:
        raise StudioError("E678", f"more than {_MOST_NUMBERS} names or objects", hint='write "coco" instead')
    for number, scene in enumerate(scenes):
        step(number)
        shape = (scene.image.height, scene.image.width)
        objects, kinds = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        for place, label in enumerate(scene.labels, 1):
            inside = read_mask(label, *shape)
            objects[inside], kinds[inside] = place, names.index(label.name) + 1
        _add(archive, f"{scene.part}/images/{scene.stem}.png", _encode(scene.image))
        _add(archive, f"{scene.part}/objects/{scene.stem}.png", _encode_grey(objects))
        _add(archive, f"{scene.part}/names/{scene.stem}.png", _encode_grey(kinds))
    _add(archive, "names.txt", "".join(f"{name}\n" for name in names).encode())


def _encode(image: Image) -> bytes:
    from PIL import Image as Pillow

    from studio_scenes.drawing import grow_to_rgb

    return _save(Pillow.fromarray(grow_to_rgb(image.to_uint8())))


def _encode_grey(samples: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image as Pillow

    return _save(Pillow.fromarray(samples))


def _save(image: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=4)
    return target.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _DAY)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
