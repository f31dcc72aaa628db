"""Objects cut out of images."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Added, Context, Field, Image, Mask, Model, ModelKinds, node
from studio_vision.boxes import BoxesJson, PointsJson


class Segmented(NamedTuple):
    """Objects cut out.

    Attributes:
        mask: Mask of all objects together.
        masks: Mask of each object: of the points first, then of each box; or of each object that was found, the surest
            first.
        scores: How good the model thinks each mask is, from 0 to 1.
        labels: What each object is, for a model that knows.
    """

    mask: Mask
    masks: list[Mask]
    scores: list[float]
    labels: list[str]


class Removed(NamedTuple):
    """An image without its background.

    Attributes:
        image: RGBA image; the background is transparent.
        mask: Mask of the foreground.
    """

    image: Image
    mask: Mask


@node("vision.segment", lane="device", origin="edited")
def segment_objects(
    ctx: Context,
    image: Image,
    model: Annotated[Model, ModelKinds("segmenter")],
    *,
    points: PointsJson = [],  # noqa: B006
    boxes: BoxesJson = [],  # noqa: B006
    words: Annotated[list[str], Field(max_length=100)] = [],  # noqa: B006
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5,
    points_per_side: Annotated[Annotated[int, Field(ge=2, le=64)], Added] = 16,
) -> Segmented:
    """Cut out objects: where points or boxes say that they are, or everything.

    Segment Anything (Kirillov et al. 2023) cuts out what points and boxes mark; without any, everything that a grid of
    points finds. Mask2Former (Cheng et al. 2022) finds everything it has a label for.

    Args:
        image: Image to look at.
        model: Weights of Segment Anything 1 or 2, or of Mask2Former, a folder of transformers.
        points: Points of one object: [x, y] in pixels is on it, [x, y, false] is not.
        boxes: Boxes around objects, such as the output of `vision.detect`; each is one object.
        words: Labels of Mask2Former to keep; empty for all.
        threshold: Least score of an object where none is marked; Segment Anything keeps objects of 0.88 and more.
        points_per_side: Points of the grid along each side, where Segment Anything cuts out everything. More points
            find smaller objects and take longer.

    Raises:
        ModelError: E635 for another model, E636 if it returns NaN.
        StudioError: E637 for invalid points or boxes.
    """
    import numpy as np

    from studio_vision.boxes import parse_boxes, parse_points
    from studio_vision.pixels import read_rgb
    from studio_vision.seeing_model import check_kind
    from studio_vision.segment import Prompt, find_everything, find_masks, find_objects

    ctx.step(0, 1)
    places = parse_points(points)
    prompts = ([Prompt(tuple(places))] if places else []) + [Prompt(box=box) for box in parse_boxes(boxes)]
    with ctx.open(model) as opened:
        segmenter = check_kind(opened, "segmenter", "cut out objects")
        if segmenter.knows_labels:
            found = find_objects(segmenter, read_rgb(image), words, threshold)
        elif prompts:
            found = find_masks(segmenter, read_rgb(image), prompts)
        else:
            found = find_everything(segmenter, read_rgb(image), points_per_side, threshold, ctx.step)
    empty = np.zeros((image.height, image.width), np.float32)
    whole = np.maximum.reduce([each.mask for each in found], initial=0.0) if found else empty
    return Segmented(
        Mask(whole), [Mask(each.mask) for each in found], [round(each.score, 4) for each in found],
        [each.label for each in found],
    )  # fmt: skip


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


@node("vision.find_foreground", lane="device", origin="edited")
def find_foreground(
    ctx: Context,
    image: Image,
    model: Annotated[Model, ModelKinds("onnx")],
    *,
    normalization: Literal["imagenet", "imagenet_mean", "half"] = "imagenet",
) -> Removed:
    """Find what stands in front of the background, with a network, and make the background transparent.

    The mask is stretched from 0 to 1, so something is always in front. Colors stay; for soft edges over a colored
    background see `image.clean_edges`.

    Args:
        image: Image with something in front of a background.
        model: ONNX file of a network that takes an image and gives a mask first: U2-Net (Qin et al. 2020), IS-Net (Qin
            et al. 2022), BiRefNet (Zheng et al. 2024).
        normalization: Numbers that the network was trained with: "imagenet" for U2-Net and BiRefNet, "imagenet_mean"
            for IS-Net, "half" for RMBG-1.4.

    Raises:
        ModelError: E635 for another network, E636 if it returns NaN.
    """
    import numpy as np

    from studio_vision.foreground import find_foreground as find
    from studio_vision.pixels import read_rgb

    ctx.step(0, 1)
    with ctx.open(model) as network:
        mask = find(network, read_rgb(image), normalization)
    if image.channels == 4:
        mask = mask * image.pixels[..., 3]
    colors = np.asarray(image.pixels[..., :3], np.float32)
    colors = np.repeat(colors, 3, axis=2) if colors.shape[2] == 1 else colors
    return Removed(Image(np.concatenate([colors, mask[..., None]], axis=2)), Mask(mask))
