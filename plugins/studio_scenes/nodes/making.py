"""Scenes made, shown and written."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Context, Field, Image, Mask, OutputPath, check_inputs, node
from studio_scenes.cutouts import check_names, check_set, check_sizes
from studio_scenes.dataset import check_counts, check_set_path
from studio_scenes.labels import LabelsJson

Side = Annotated[int, Field(ge=16, le=4096, unit="pixels")]
Share = Annotated[float, Field(ge=0.02, le=1, unit="share")]


class Composed(NamedTuple):
    """Scenes that were composed.

    Attributes:
        images: The scenes.
        labels: JSON for each scene: a list of {"label", "left", "top", "width", "height", "visible", "order", "mask"},
            in pixels, the farthest first.
        object_count: Number of labeled things in all scenes.
    """

    images: list[Image]
    labels: list[LabelsJson]
    object_count: int


class Separated(NamedTuple):
    """Things of a scene, each for itself.

    Attributes:
        masks: Mask of each thing, the pixels that are seen.
        names: What each is.
        order_map: Grey image: black where nothing is, and lighter for what is nearer.
    """

    masks: list[Mask]
    names: list[str]
    order_map: Image


class WrittenSet(NamedTuple):
    """A set that was written.

    Attributes:
        path: Path of the file, as the graph writes it.
        train_count: Images to train on.
        val_count: Images to validate with.
    """

    path: str
    train_count: int
    val_count: int


@node("scenes.compose", origin="edited", check=check_inputs(check_names, check_set, check_sizes))
def compose_scenes(
    ctx: Context,
    things: Annotated[list[Image], Field(min_length=1, max_length=1000)],
    names: Annotated[list[str], Field(min_length=1, max_length=1000)],
    *,
    count: Annotated[int, Field(ge=1, le=20_000)] = 16,
    width: Side = 128,
    height: Side = 128,
    max_things: Annotated[int, Field(ge=1, le=100)] = 4,
    min_size: Share = 0.18,
    max_size: Share = 0.5,
    rotation: Annotated[float, Field(ge=0, le=180, unit="degrees")] = 30.0,
    mirror: bool = True,
    randomize: Annotated[float, Field(ge=0, le=1)] = 1.0,
    backgrounds: Annotated[list[Image], Field(max_length=1000)] = [],  # noqa: B006
    distractors: Annotated[list[Image], Field(max_length=1000)] = [],  # noqa: B006
    min_visible: Annotated[float, Field(ge=0, le=1)] = 0.25,
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1,
) -> Composed:
    """Compose labeled scenes from cut-outs: images, and where everything in them is.

    Light, color, places and backgrounds vary, so that a detector learns the things (domain randomization, Tobin et al.
    2017).
    Each scene depends on the seed and its number alone, so the first scenes of a larger set are those of a smaller
    one. Everything that is placed is labeled, apart from distractors.

    Args:
        things: Cut-outs, RGBA: what is transparent is not a part of the thing.
        names: What each thing is; things that share a name are variants of one.
        count: Number of scenes.
        width: Width of a scene.
        height: Height of a scene.
        max_things: Most things in a scene; the number is drawn, from 1.
        min_size: Least size of a thing: its longer side as a part of the shorter side of the scene.
        max_size: Greatest size of a thing.
        rotation: Most that a thing is turned, to either side.
        mirror: Mirror half of the things; turn it off for letters and for things that differ from their mirror image.
        randomize: How much light, color, shadows, noise and blur vary; with 0 things are pasted as they are.
        backgrounds: Images to take pieces of as backgrounds; empty for drawn patterns, or paper with `randomize` 0.
        distractors: Cut-outs that are placed too, and not labeled.
        min_visible: Least part of each thing that is seen, of the whole thing in and outside the scene.
        seed: Seed of everything that is drawn.

    Raises:
        StudioError: E679 for names that do not fit, cut-outs without alpha or transparent everywhere, equal images with
            different names, too many pixels, or things of which none can be placed.
    """
    import numpy as np

    from studio.api import StudioError
    from studio_scenes.compose import Look, compose_scene
    from studio_scenes.cutouts import prepare_cutouts
    from studio_scenes.drawing import grow_to_rgb
    from studio_scenes.labels import write_labels

    check_names(names, things)
    check_set(count, width, height)
    check_sizes(min_size, max_size)
    side = max(1, round(max_size * min(width, height)))
    cut = prepare_cutouts(things, names, side, "thing", ctx.log)
    beside = prepare_cutouts(distractors, [""] * len(distractors), side, "distractor", ctx.log)
    behind = [grow_to_rgb(image.to_uint8()).astype(np.float32) / np.float32(255) for image in backgrounds]
    look = Look(width, height, max_things, min_size, max_size, rotation, mirror, randomize, min_visible, seed)
    images, labels = [], []
    for index in range(count):
        ctx.step(index, count)
        pixels, found = compose_scene(index, cut, look, behind, beside)
        images.append(Image.take(pixels))
        labels.append(found)
    objects = sum(map(len, labels))
    if not objects:
        raise StudioError(
            "E679",
            "no thing could be placed in any scene",
            hint="raise max_size or the size of the scenes, or lower min_visible",
        )
    return Composed(images, [write_labels(found) for found in labels], objects)


@node("scenes.draw_labels", origin="edited")
def draw_labels(
    ctx: Context,
    image: Image,
    labels: LabelsJson,
    *,
    line_width: Annotated[int, Field(ge=1, le=100, unit="pixels")] = 2,
    show_names: bool = True,
) -> Image:
    """Draw the labels of an image over it: boxes, masks and names, each name in a color of its own.

    Args:
        image: Image that the labels are of.
        labels: Labels of `scenes.compose`, or boxes of `vision.detect`.
        line_width: Width of the lines of boxes.
        show_names: Write names, and scores where known.

    Raises:
        StudioError: E677 for invalid labels, or a mask of another size than the image.
    """
    from studio.api.fonts import UNIVERSAL_FONT
    from studio_scenes.drawing import draw_over, grow_to_rgb
    from studio_scenes.labels import parse_labels

    pixels = grow_to_rgb(image.to_uint8())
    return Image.take(draw_over(pixels, parse_labels(labels), str(UNIVERSAL_FONT), line_width, show_names))


@node("scenes.masks", origin="algorithmic")
def separate_masks(ctx: Context, image: Image, labels: LabelsJson) -> Separated:
    """Make a mask of each thing in a scene, and an image of which is nearer.

    Args:
        image: Scene that the labels are of; only its size counts.
        labels: Labels of `scenes.compose`; the mask of a label without one is its box.

    Raises:
        StudioError: E677 for invalid labels, or a mask of another size than the image.
    """
    import numpy as np

    from studio_scenes.drawing import draw_order, read_mask
    from studio_scenes.labels import parse_labels

    found = parse_labels(labels)
    masks = [Mask(read_mask(label, image.height, image.width).astype(np.uint8) * 255) for label in found]
    order = draw_order(found, image.height, image.width)
    return Separated(masks, [label.name for label in found], Image(order[..., None]))


@node("scenes.write", cache="never", lane="io", check=check_inputs(check_counts, check_set_path))
def write_scenes(
    ctx: Context,
    images: Annotated[list[Image], Field(min_length=1, max_length=20_000)],
    labels: list[LabelsJson],
    path: OutputPath,
    *,
    format: Literal["coco", "yolo", "masks"] = "coco",
    names: Annotated[list[str], Field(max_length=1000)] = [],  # noqa: B006
    val_share: Annotated[float, Field(ge=0, le=0.9, unit="share")] = 0.2,
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1,
) -> WrittenSet:
    """Write labeled images as a set that others train on: COCO, YOLO or masks, in one ZIP file.

    COCO is `train`, `val` and `annotations`, with masks in runs. YOLO is `images`, `labels` and `data.yaml`, with
    boxes. Masks are PNG files of 8 bits: `objects` has the number of each object in its image, `names` its line in
    `names.txt`.

    Args:
        images: Images of the set.
        labels: Labels of each image, in the same order.
        path: Path of the file, relative to the run's output folder: .zip.
        format: How labels are written.
        names: Names in the order of their numbers, so that several sets agree; empty for the labels' own, sorted.
        val_share: Part of the images to validate with. One at least, and never all.
        seed: Seed that chooses these images.

    Raises:
        StudioError: E677 for invalid labels, or a mask of another size than its image, E678 for lists of unequal
            length, another extension, or labels that are not among the names.
    """
    from studio_scenes.dataset import Scene, choose_parts, find_names, write_set
    from studio_scenes.labels import parse_labels

    check_counts(labels, images)
    check_set_path(path.name)
    found = [parse_labels(each) for each in labels]
    numbered = find_names(found, names)
    parts = choose_parts(len(images), val_share, seed)
    rows = zip(parts, images, found, strict=True)
    scenes = [Scene(part, number, image, each) for number, (part, image, each) in enumerate(rows, 1)]
    write_set(path.path, scenes, numbered, format, path.provenance, lambda done: ctx.step(done, len(scenes)))
    return WrittenSet(path.name, parts.count("train"), parts.count("val"))
