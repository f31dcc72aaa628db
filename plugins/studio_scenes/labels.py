"""Labels of an image as JSON: for each object its name and box, and where known its mask, order and score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from studio.api import Grammar, JsonValue, StudioError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    BoolArray = npt.NDArray[np.bool_]

_MOST = 1000
_LARGEST = 2**30  # pixels of a mask


@dataclass(frozen=True)
class Runs:
    """A mask in runs, as COCO writes it: column by column, a run of zeros first.

    Attributes:
        height: Rows.
        width: Columns.
        counts: Length of each run; they add up to height x width.
    """

    height: int
    width: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Label:
    """An object in an image.

    Attributes:
        name: What it is.
        box: Left, top, width and height, in pixels.
        score: How sure a detector is; None for what is known.
        visible: Part of the object that is seen, from 0 to 1.
        order: Place in depth, 0 for the farthest; None if unknown.
        mask: The pixels that are seen; None if unknown.
    """

    name: str
    box: tuple[float, float, float, float]
    score: float | None = None
    visible: float = 1.0
    order: int | None = None
    mask: Runs | None = None


def encode_mask(mask: BoolArray) -> Runs:
    """Return a mask in runs."""
    import numpy as np

    flat = mask.T.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]]))
    first = [0] if flat[0] else []
    return Runs(mask.shape[0], mask.shape[1], (*first, *counts.tolist()))


def decode_mask(runs: Runs) -> BoolArray:
    """Return height x width of a mask in runs."""
    import numpy as np

    values = np.arange(len(runs.counts)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, runs.counts).reshape(runs.width, runs.height).T)


def write_labels(labels: Sequence[Label]) -> JsonValue:
    """Return labels as JSON."""
    return [_write_label(label) for label in labels]


def _write_label(label: Label) -> dict[str, Any]:
    left, top, width, height = (round(value, 2) for value in label.box)
    row: dict[str, Any] = {"label": label.name, "left": left, "top": top, "width": width, "height": height}
    if label.score is not None:
        row["score"] = round(label.score, 4)
    if label.order is not None:
        row |= {"visible": round(label.visible, 4), "order": label.order}
    if label.mask is not None:
        row["mask"] = {"size": [label.mask.height, label.mask.width], "counts": list(label.mask.counts)}
    return row


def parse_labels(value: JsonValue) -> list[Label]:
    """Read labels from JSON, such as the boxes of `vision.detect`.

    Raises:
        StudioError: E677 with the place if it contains something else.
    """
    if not isinstance(value, list) or len(value) > _MOST:
        raise _refuse("", f"expected a list of at most {_MOST} objects")
    return [_parse_label(row, f"/{index}") for index, row in enumerate(value)]


def _parse_label(row: JsonValue, place: str) -> Label:
    if not isinstance(row, dict) or not isinstance(row.get("label"), str) or not row["label"]:
        raise _refuse(place, 'expected {"label", "left", "top", "width", "height"}, in pixels')
    box: list[Any] = [row.get(name) for name in ("left", "top", "width", "height")]
    if not all(map(_is_number, box)) or min(box[2], box[3]) <= 0:
        raise _refuse(place, 'expected "left", "top", "width" and "height" in pixels, the last two above 0')
    score, visible, order = row.get("score"), row.get("visible", 1.0), row.get("order")
    if (score is not None and not _is_number(score)) or not _is_number(visible):
        raise _refuse(place, 'expected numbers at "score" and "visible"')
    if order is not None and not _is_count(order):
        raise _refuse(place, 'expected a whole number at "order", 0 for the farthest')
    mask = None if row.get("mask") is None else _parse_mask(row["mask"], f"{place}/mask")
    left, top, width, height = map(float, box)
    seen = min(1.0, max(0.0, float(visible)))
    return Label(row["label"], (left, top, width, height), None if score is None else float(score), seen, order, mask)


def _parse_mask(value: JsonValue, place: str) -> Runs:
    size = value.get("size") if isinstance(value, dict) else None
    counts = value.get("counts") if isinstance(value, dict) else None
    if not (isinstance(size, list) and isinstance(counts, list) and len(size) == 2):
        raise _refuse(place, 'expected {"size": [height, width], "counts": [...]}')
    if not all(map(_is_count, [*size, *counts])) or min(size) < 1 or size[0] * size[1] > _LARGEST:
        raise _refuse(place, "expected whole numbers, and at most 2^30 pixels")
    if sum(counts) != size[0] * size[1]:
        raise _refuse(place, f"the counts add up to {sum(counts)}, and {size[0]} x {size[1]} is {size[0] * size[1]}")
    return Runs(size[0], size[1], tuple(counts))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _refuse(place: str, message: str) -> StudioError:
    return StudioError(
        "E677", f"invalid labels: {message}", where=place, hint="give the labels of scenes.compose or of a detector"
    )


LabelsJson: TypeAlias = Annotated[JsonValue, Grammar("labels of an image", parse_labels)]
