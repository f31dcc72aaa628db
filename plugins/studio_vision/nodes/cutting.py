"""Objects cut out of images."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Context, Field, Image, Mask, Model, ModelKinds, node
from studio_vision.boxes import BoxesJson, PointsJson


class Segmented(NamedTuple):
    """Objects cut out.

    Attributes:
        mask: Mask of all objects together.
        masks: Mask of each object: of the points first, then of each box.
        scores: How good the model thinks each mask is, from 0 to 1.
    """

    mask: Mask
    masks: list[Mask]
    scores: list[float]


class Removed(NamedTuple):
    """An image without its background.

    Attributes:
        image: RGBA image; the background is transparent.
        mask: Mask of the foreground.
    """

    image: Image
    mask: Mask


@node("vision.segment", lane="device")
def segment_objects(
    ctx: Context,
    image: Image,
    model: Annotated[Model, ModelKinds("segmenter")],
    *,
    points: PointsJson = [],  # noqa: B006
    boxes: BoxesJson = [],  # noqa: B006
) -> Segmented:
    """Cut out objects where points or boxes say that they are (Segment Anything, Kirillov et al. 2023).

    Args:
        image: Image to look at.
        model: Weights of Segment Anything 1 or 2, a folder of transformers.
        points: Points of one object: [x, y] in pixels is on it, [x, y, false] is not.
        boxes: Boxes around objects, such as the output of `vision.detect`; each is one object.

    Raises:
        ModelError: E635 for another model, E636 if it returns NaN.
        StudioError: E637 if there are neither points nor boxes.
    """
    import numpy as np

    from studio.api import StudioError
    from studio_vision.boxes import parse_boxes, parse_points
    from studio_vision.pixels import read_rgb
    from studio_vision.seeing_model import check_kind
    from studio_vision.segment import Prompt, find_masks

    ctx.step(0, 1)
    places = parse_points(points)
    prompts = ([Prompt(tuple(places))] if places else []) + [Prompt(box=box) for box in parse_boxes(boxes)]
    if not prompts:
        raise StudioError("E637", "there are neither points nor boxes", hint='give "points": [[x, y]], in pixels')
    with ctx.open(model) as opened:
        found = find_masks(check_kind(opened, "segmenter", "cut out objects"), read_rgb(image), prompts)
    whole = np.maximum.reduce([mask for mask, _ in found])
    return Segmented(Mask(whole), [Mask(mask) for mask, _ in found], [round(score, 4) for _, score in found])


@node("vision.remove_background", origin="edited")
def remove_background(
    ctx: Context,
    image: Image,
    *,
    boxes: BoxesJson = [],  # noqa: B006
    rounds: Annotated[int, Field(ge=1, le=20)] = 5,
    feather: Annotated[float, Field(ge=0, le=50, unit="pixels")] = 2.0,
    defringe: bool = True,
) -> Removed:
    """Make the background of an image transparent, from colors and edges alone (GrabCut, Rother et al. 2004).

    It needs no weights, and no network knows what the image shows: it works where the foreground has other colors than
    the background and does not touch the edge, or lies in a box. For hair, glass or colors that are alike, cut out
    with `vision.segment` and a model.

    Args:
        image: Image with something in front of a background.
        boxes: Box around the foreground, such as the output of `vision.detect`; the first counts. Empty if the
            foreground does not touch the edge of the image.
        rounds: How often the colors of foreground and background are learned again.
        feather: Width of the soft edge, which follows the edges in the image.
        defringe: Take the background's color out of the soft edge.
    """
    import numpy as np

    from studio_vision.background import find_foreground, remove_fringe
    from studio_vision.boxes import parse_boxes
    from studio_vision.pixels import read_rgb

    ctx.step(0, 1)
    pixels = read_rgb(image)
    listed = parse_boxes(boxes)
    mask = find_foreground(pixels, listed[0] if listed else None, rounds, feather)
    if image.channels == 4:
        mask = mask * image.pixels[..., 3]
    colors = remove_fringe(pixels, mask) if defringe else pixels
    return Removed(Image(np.concatenate([colors, mask[..., None]], axis=2)), Mask(mask))
