"""Depth, boxes around objects, and lines."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Context, Field, Image, Model, ModelKinds, node
from studio_vision.boxes import BoxesJson


class Detected(NamedTuple):
    """What was found.

    Attributes:
        boxes: JSON: a list of {"label", "score", "left", "top", "width", "height"}, in pixels, the surest first.
        box_count: Number of boxes.
    """

    boxes: BoxesJson
    box_count: int


@node("vision.depth", lane="device", origin="enhanced")
def estimate_depth(
    ctx: Context, image: Image, model: Annotated[Model, ModelKinds("depth")], *, near_is_white: bool = True
) -> Image:
    """Estimate how near everything in an image is, as a grey image of its size.

    The result is a control image for a ControlNet of depth. The nearest is white, the farthest black.

    Args:
        image: Image to look at.
        model: Weights of a depth network, a folder of transformers: Depth Anything, DPT (MiDaS), ZoeDepth, GLPN or
            Depth Pro.
        near_is_white: Near is white; otherwise far is.

    Raises:
        ModelError: E635 for another model, E636 if it returns NaN.
    """
    from studio_vision.depth import find_nearness
    from studio_vision.pixels import read_rgb
    from studio_vision.seeing_model import check_kind

    ctx.step(0, 1)
    with ctx.open(model) as opened:
        nearness = find_nearness(check_kind(opened, "depth", "estimate depth"), read_rgb(image))
    return Image((nearness if near_is_white else 1 - nearness)[..., None])


@node("vision.detect", lane="device")
def detect_objects(
    ctx: Context,
    image: Image,
    model: Annotated[Model, ModelKinds("detector")],
    *,
    words: Annotated[list[str], Field(max_length=100)] = [],  # noqa: B006
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.2,
) -> Detected:
    """Find objects in an image: what each is, and the box around it.

    Args:
        image: Image to look at.
        model: Weights of a detector, a folder of transformers: OWL-ViT, OWLv2 and Grounding DINO find what any words
            name; DETR, RT-DETR and YOLOS know labels of their own.
        words: What to look for, such as "a red car". For a model with labels of its own, the labels to keep; empty for
            all.
        threshold: Least score of a box, which says how sure the model is.

    Raises:
        ModelError: E635 for another model, or one that needs words, E636 if it returns NaN.
    """
    from studio.api import ModelError
    from studio_vision.boxes import write_boxes
    from studio_vision.detect import detect
    from studio_vision.pixels import read_rgb
    from studio_vision.seeing_model import check_kind

    ctx.step(0, 1)
    with ctx.open(model) as opened:
        detector = check_kind(opened, "detector", "find objects")
        if detector.tokenizer is not None and not words:
            raise ModelError("E635", f"{detector.name} needs words to look for", hint='give "words": ["a cat"]')
        found = detect(detector, read_rgb(image), words, threshold)
    return Detected(write_boxes([(each.label, each.score, each.box) for each in found]), len(found))


@node("vision.line_art", origin="edited")
def draw_line_art(
    ctx: Context,
    image: Image,
    *,
    thickness: Annotated[float, Field(ge=0.3, le=20, unit="pixels")] = 1.0,
    detail: Annotated[float, Field(ge=0, le=1)] = 0.5,
) -> Image:
    """Draw the lines of an image, dark on white (extended differences of Gaussians, Winnemoeller et al. 2012).

    The result is a sketch for `diffusion.sketch_to_image`. It needs no weights.

    Args:
        image: Image to draw.
        thickness: About half of the width of the lines.
        detail: From 0 (strong edges alone) to 1 (faint ones too).
    """
    from studio_vision.line_art import draw_lines
    from studio_vision.pixels import read_luma

    ctx.step(0, 1)
    return Image(draw_lines(read_luma(image), thickness, detail)[..., None])
