"""Checks in a graph: `check.text`, `check.image` and `check.frames`, which hand their input on with a verdict."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Channels, Color, Context, Field, Image, JsonValue, Video, check_inputs, node, parse_color
from studio.api.verdict import Measure, OnFail, give_verdict
from studio_image import checks
from studio_image.color import ANY_COLOR

Side = Annotated[int, Field(ge=1, le=65_535, unit="pixels")]
Share = Annotated[float, Field(ge=0, le=1, unit="share")]
Stretch = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]


class CheckedText(NamedTuple):
    """A layer of text, and whether it can be read.

    Attributes:
        image: The layer as it was given.
        passed: True if the check passed.
        verdict: JSON record: `check`, `passed`, `on_fail`, `sentence` and `measures`: "margin" in pixels and "contrast"
            as a ratio.
    """

    image: Annotated[Image, Channels(4)]
    passed: bool
    verdict: JsonValue


class CheckedImage(NamedTuple):
    """An image, and whether it is as asked.

    Attributes:
        image: The image as it was given.
        passed: True if the check passed.
        verdict: JSON record: `check`, `passed`, `on_fail`, `sentence` and `measures`: "width" and "height" in pixels,
            "transparent" as a share, and "black" and "blur" where a limit is given.
    """

    image: Image
    passed: bool
    verdict: JsonValue


class CheckedFrames(NamedTuple):
    """A video, and whether its frames are as asked.

    Attributes:
        video: The video as it was given.
        passed: True if the check passed.
        verdict: JSON record: `check`, `passed`, `on_fail`, `sentence` and `measures`: "black", "frozen" and "blurred",
            the longest stretches in seconds, each with `at_seconds`, where it begins.
    """

    video: Video
    passed: bool
    verdict: JsonValue


@node("check.text", check=check_inputs(checks.check_opaque), origin={"image": "from image"}, encodings=ANY_COLOR)
def check_text(
    ctx: Context,
    image: Annotated[Image, Channels(4)],
    ground: Image,
    *,
    color: Color = "white",
    min_contrast: Annotated[float, Field(ge=1, le=21, unit="factor")] = 4.5,
    ignored_share: Share = 0.05,
    min_margin: Annotated[int, Field(ge=0, le=65_535, unit="pixels")] = 1,
    on_fail: OnFail = "warn",
) -> CheckedText:
    """Check that text fits its image and stands out from the pixels under it (WCAG 2.2, contrast of text).

    The text is drawn on a transparent image first, with image.new and image.draw_text; that layer is checked against
    the image that it will cover, and handed on. Text that takes on the color of its ground is found, too.

    Args:
        image: Layer of text on transparency, of the size of `ground`.
        ground: Image that the text will cover; behind transparency it counts as black.
        color: Color of the letters, as given to image.draw_text. An outline, a shadow and a box of other colors count
            as what is under them.
        min_contrast: Least contrast of letters and ground, from 1 to 21: 4.5 for text (success criterion 1.4.3, level
            AA), 3 for large text from 24 pixels or bold from 18.7, 7 for level AAA (1.4.6).
        ignored_share: Share of the letters' pixels that may have less contrast.
        min_margin: Least distance from a letter to the edge of the image; 0 lets letters touch it, so that cut ones
            pass.
        on_fail: What happens if the check does not pass: "warn" logs it, "fail" is an error of the node, "hold" holds
            the item of a batch back.

    Raises:
        MediaError: E507 if the two sizes differ, or for a transparent color.
        StudioError: E325 if the check does not pass and `on_fail` is "fail".
    """
    from studio.api import convert_color
    from studio_image.bounds import check_same_size
    from studio_image.legibility import find_letters, measure_contrast, measure_margin

    checks.check_opaque(color)
    check_same_size((image.width, image.height), (ground.width, ground.height), "the layer", "the ground")
    layer, ink = convert_color(image).pixels, parse_color(color)
    letters = find_letters(layer, ink)
    measures = [Measure("letters", float(letters.sum()), "pixels", minimum=1)]
    if letters.any():
        contrast = measure_contrast(layer, convert_color(ground).pixels, ink, ignored_share)
        measures = [
            Measure("margin", measure_margin(letters), "pixels", minimum=min_margin),
            Measure("contrast", contrast, minimum=min_contrast),
        ]
    verdict = give_verdict(ctx, "check.text", measures, on_fail)
    return CheckedText(image, verdict["passed"], verdict)


@node(
    "check.image",
    check=check_inputs(checks.check_width_range, checks.check_height_range, checks.check_transparent_range),
    origin={"image": "from image"},
    encodings=ANY_COLOR,
)
def check_image(
    ctx: Context,
    image: Image,
    *,
    min_width: Side | None = None,
    max_width: Side | None = None,
    min_height: Side | None = None,
    max_height: Side | None = None,
    min_transparent: Share | None = None,
    max_transparent: Share | None = None,
    max_black: Share | None = None,
    black_level: Share = 0.1,
    max_blur: Share | None = None,
    on_fail: OnFail = "warn",
) -> CheckedImage:
    """Check the size and the transparency of an image, and that it is neither black nor blurred.

    Args:
        image: Image to check.
        min_width: Least width; null for any.
        max_width: Largest width; null for any.
        min_height: Least height; null for any.
        max_height: Largest height; null for any.
        min_transparent: Least share of pixels with an alpha below 0.5, such as 0.05 for a cutout; null for any.
        max_transparent: Largest share of such pixels, such as 0 for an image without holes; null for any.
        max_black: Largest share of black pixels, such as 0.98 as in FFmpeg's blackdetect; null for any.
        black_level: Luma (ITU-R BT.601) up to which a pixel is black.
        max_blur: Largest blur (Crete et al. 2007), from 0 to 1: sharp photos have 0.2 to 0.4, clearly blurred ones 0.75
            and more, smooth gradients too; an even color has 0; null for any.
        on_fail: What happens if the check does not pass: "warn" logs it, "fail" is an error of the node, "hold" holds
            the item of a batch back.

    Raises:
        MediaError: E507 for a range that is empty.
        StudioError: E325 if the check does not pass and `on_fail` is "fail".
    """
    from studio_image import frame_faults as faults

    checks.check_width_range(max_width, min_width)
    checks.check_height_range(max_height, min_height)
    checks.check_transparent_range(max_transparent, min_transparent)
    measures = [
        Measure("width", image.width, "pixels", min_width, max_width),
        Measure("height", image.height, "pixels", min_height, max_height),
        Measure("transparent", faults.measure_transparent(image), "share", min_transparent, max_transparent),
    ]
    if max_black is not None:
        black = faults.measure_black(faults.read_luma(image), black_level)
        measures.append(Measure("black", black, "share", maximum=max_black))
    if max_blur is not None:
        measures.append(Measure("blur", faults.measure_blur(faults.read_luma(image)), "share", maximum=max_blur))
    verdict = give_verdict(ctx, "check.image", measures, on_fail)
    return CheckedImage(image, verdict["passed"], verdict)


@node("check.frames", origin={"video": "from video", "video.audio": "from video"}, encodings=ANY_COLOR)
def check_frames(
    ctx: Context,
    video: Video,
    *,
    max_black_seconds: Stretch | None = 1.0,
    max_frozen_seconds: Stretch | None = 2.0,
    max_blurred_seconds: Stretch | None = 1.0,
    black_level: Share = 0.1,
    still_level: Share = 0.001,
    blur_level: Share = 0.75,
    on_fail: OnFail = "warn",
) -> CheckedFrames:
    """Check that a video has no long stretch of black, frozen or blurred frames.

    A black frame has 98 % of black pixels, as in FFmpeg's blackdetect. A frozen stretch is at least two frames that
    differ little from its first one in the mean, as in freezedetect. Black frames do not count as blurred.

    Args:
        video: Video to check; its frames are read once.
        max_black_seconds: Longest time of black frames in a row; null for any.
        max_frozen_seconds: Longest time without a change; null for any.
        max_blurred_seconds: Longest time of blurred frames in a row; null for any.
        black_level: Luma (ITU-R BT.601) up to which a pixel is black.
        still_level: Largest mean difference of luma between frames that count as equal; 0.001 is -60 dB.
        blur_level: Blur (Crete et al. 2007) above which a frame is blurred: sharp photos have 0.2 to 0.4, clearly
            blurred ones 0.75 and more, smooth gradients too; an even color has 0.
        on_fail: What happens if the check does not pass: "warn" logs it, "fail" is an error of the node, "hold" holds
            the item of a batch back.

    Raises:
        StudioError: E325 if the check does not pass and `on_fail` is "fail".
    """
    from studio_image.frame_faults import Levels, find_faults

    levels = Levels(black_level, still_level, blur_level if max_blurred_seconds is not None else None)
    found = find_faults(video, levels, ctx.step)
    limits = (
        ("black", found.black, max_black_seconds),
        ("frozen", found.frozen, max_frozen_seconds),
        ("blurred", found.blurred, max_blurred_seconds),
    )
    measures = [
        Measure(name, seconds, "seconds", maximum=limit, at_seconds=start if seconds else None)
        for name, (seconds, start), limit in limits
        if limit is not None
    ]
    verdict = give_verdict(ctx, "check.frames", measures, on_fail)
    return CheckedFrames(video, verdict["passed"], verdict)
