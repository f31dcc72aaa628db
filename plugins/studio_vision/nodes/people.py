"""People: their joints, and their faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from studio.api import Context, Field, Image, JsonValue, Model, ModelKinds, node
from studio_vision.boxes import BoxesJson

if TYPE_CHECKING:
    from studio_vision.pose import Person

Threshold = Annotated[float, Field(ge=0, le=1)]
PoseModel = Annotated[Model, ModelKinds("pose")]


class Posed(NamedTuple):
    """People and how they stand.

    Attributes:
        people: JSON: for each box {"score", "joints": [{"name", "x", "y", "score"}]}, in pixels.
        image: The joints and the bones between them, drawn in colors on black.
    """

    people: JsonValue
    image: Image


class Faces(NamedTuple):
    """Faces that were found.

    Attributes:
        boxes: JSON: a list of {"label", "score", "left", "top", "width", "height"}, in pixels.
        box_count: Number of boxes.
    """

    boxes: BoxesJson
    box_count: int


@node("vision.pose", lane="device", origin="edited")
def find_pose(
    ctx: Context,
    image: Image,
    model: PoseModel,
    *,
    boxes: BoxesJson = [],  # noqa: B006
    threshold: Threshold = 0.3,
) -> Posed:
    """Find the joints of people in an image, and draw them.

    The drawing is a control image for a ControlNet of poses.

    Args:
        image: Image to look at.
        model: Weights of ViTPose, a folder of transformers.
        boxes: Box around each person, such as the output of `vision.detect`; empty for one person in the whole image.
        threshold: Least score of a joint that is drawn.

    Raises:
        ModelError: E635 for another model, E636 if it returns NaN.
    """
    from studio_vision.pose import draw_people

    people = _find_people(ctx, image, model, boxes)
    drawn = draw_people(people, (image.height, image.width), threshold)
    return Posed([person.to_json() for person in people], Image(drawn))


@node("vision.faces", lane="device")
def find_faces(
    ctx: Context,
    image: Image,
    model: PoseModel,
    *,
    boxes: BoxesJson = [],  # noqa: B006
    threshold: Threshold = 0.3,
) -> Faces:
    """Find the faces of people, from where the joints of their heads are.

    Three of nose, eyes and ears must be seen. The boxes are inputs of `vision.segment` and `vision.remove_background`.

    Args:
        image: Image to look at.
        model: Weights of ViTPose, a folder of transformers.
        boxes: Box around each person, such as the output of `vision.detect`; empty for one person in the whole image.
        threshold: Least score of a joint that counts.

    Raises:
        ModelError: E635 for another model, E636 if it returns NaN.
    """
    from studio_vision.boxes import write_boxes
    from studio_vision.pose import find_face

    people = _find_people(ctx, image, model, boxes)
    found = [(person, find_face(person, (image.height, image.width), threshold)) for person in people]
    rows = [("face", person.score, box) for person, box in found if box is not None]
    return Faces(write_boxes(rows), len(rows))


def _find_people(ctx: Context, image: Image, model: Model, boxes: BoxesJson) -> list[Person]:
    """Return the person in each box, or in the whole image if there are no boxes."""
    from studio_vision.boxes import parse_boxes
    from studio_vision.pixels import read_rgb
    from studio_vision.pose import find_people
    from studio_vision.seeing_model import check_kind

    ctx.step(0, 1)
    listed = parse_boxes(boxes) or [(0.0, 0.0, float(image.width), float(image.height))]
    with ctx.open(model) as opened:
        return find_people(check_kind(opened, "pose", "find joints"), read_rgb(image), listed)
