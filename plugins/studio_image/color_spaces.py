"""Color spaces by name: those that images have, and those of OpenColorIO's ACES configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from studio.api import SRGB, ColorSpace, Image, MediaError, convert_color, suggest
from studio_image.pixels import FloatArray

CONFIGURATION = "studio-config-v4.0.0_aces-v2.0_ocio-v2.5"
"""The configuration in OpenColorIO whose names are used: ACES 2.0 with cameras."""
_KNOWN: tuple[tuple[ColorSpace, tuple[str, ...]], ...] = (
    (SRGB, ("sRGB", "sRGB Encoded Rec.709 (sRGB)", "sRGB - Texture", "srgb_tx", "srgb_texture", "srgb_rec709_scene")),
    (ColorSpace("linear"), ("Linear Rec.709 (sRGB)", "lin_rec709", "lin_srgb", "lin_rec709_srgb", "lin_rec709_scene")),
    (ColorSpace("linear", "acescg"), ("ACEScg", "lin_ap1", "lin_ap1_scene")),
    (ColorSpace("linear", "aces2065-1"), ("ACES2065-1", "aces2065_1", "aces", "lin_ap0", "lin_ap0_scene")),
    (ColorSpace("linear", "bt2020"), ("Linear Rec.2020", "lin_rec2020", "lin_rec2020_scene")),
    (ColorSpace("linear", "display-p3"), ("Linear P3-D65", "lin_p3d65", "lin_displayp3", "lin_p3d65_scene")),
    (ColorSpace("linear", "adobe-rgb"), ("Linear AdobeRGB", "lin_adobergb", "lin_adobergb_scene")),
    (ColorSpace("log", "acescg"), ("ACEScct", "acescct_ap1")),
    (ColorSpace("srgb", "display-p3"), ("sRGB Encoded P3-D65", "Display P3", "srgb_p3d65_scene")),
    (ColorSpace("pq", "bt2020"), ("Rec.2100-PQ", "PQ", "pq_rec2020")),
    (ColorSpace("hlg", "bt2020"), ("Rec.2100-HLG", "HLG", "hlg_rec2020")),
)
"""Color spaces that images have, with their names here and in OpenColorIO."""
_DISPLAYS = {
    "sRGB - Display": SRGB,
    "Display P3 - Display": ColorSpace("srgb", "display-p3"),
    "Rec.2100-PQ - Display": ColorSpace("pq", "bt2020"),
    "Rec.2100-HLG - Display": ColorSpace("hlg", "bt2020"),
}
"""What images for displays are in."""
_INTERCHANGE = ColorSpace("linear", "aces2065-1")
_ROWS = 256  # converted at once


def find_known(name: str) -> ColorSpace | None:
    """Return the color space of a name, in any case, that needs no library; None for another name."""
    for color, names in _KNOWN:
        if name.casefold() in (each.casefold() for each in names):
            return color
    return None


def check_name(name: str) -> None:
    """Raise MediaError E509 for a name that nothing has, E513 where only the missing library could know it."""
    if name and find_known(name) is None:
        _find_space(_load_for_space(name), name)


def convert(image: Image, source: str, target: str, display: str, view: str) -> Image:
    """Return an image in a color space, or as a view of a display shows it.

    Args:
        image: The image.
        source: Name of what its samples are in; "" for its own color space.
        target: Name of the color space of the result.
        display: Name of a display, instead of a target; "" for none.
        view: Name of a view of the display; "" for its default.

    Raises:
        MediaError: E509 for an unknown name, and for a result that no image can be in; E513 without the library.
    """
    image = _read_source(image, source)
    if display:
        return _show(image, display, view)
    if (known := find_known(target)) is not None:
        return convert_color(image, known)
    configuration = _load_for_space(target)
    space = _find_space(configuration, target)
    raise MediaError(
        "E509",
        f"no image is in {space.getName()!r}: it is a color space to convert from",
        hint=f"convert to one of: {', '.join(names[0] for _, names in _KNOWN)}; or give a display",
    )


def load_configuration(what: str) -> Any:
    """Return OpenColorIO's configuration; MediaError E513 that names what needs it where it is not installed."""
    try:
        import PyOpenColorIO
    except ImportError:
        known = ", ".join(names[0] for _, names in _KNOWN)
        raise MediaError(
            "E513", f"{what} needs the package 'opencolorio'", hint=f"pip install 'studio[vfx]'; without it: {known}"
        ) from None
    return PyOpenColorIO.Config.CreateFromBuiltinConfig(CONFIGURATION)


def _load_for_space(name: str) -> Any:
    """Return the configuration; where it is not installed, an error that names a known space that is near."""
    try:
        return load_configuration(f"color space {name!r}")
    except MediaError as error:
        if near := suggest(name, _list_known()):
            message = f"{error.message}, or is misspelled"
            raise MediaError(error.code, message, hint=f"{near} Else: {error.hint}") from None
        raise


def _list_known() -> list[str]:
    return [each for _, names in _KNOWN for each in names]


def _read_source(image: Image, source: str) -> Image:
    """Return an image whose color space is what its samples are in."""
    if not source:
        return image
    if (known := find_known(source)) is not None:
        return Image(image.pixels, color=known)
    configuration = _load_for_space(source)
    space = _find_space(configuration, source)
    processor = configuration.getProcessor(space.getName(), "ACES2065-1")
    return Image.take(_apply(image.pixels, processor), color=_INTERCHANGE)


def _show(image: Image, display: str, view: str) -> Image:
    configuration = load_configuration(f"display {display!r}")
    display = _choose("display", display, list(configuration.getDisplays()))
    view = _choose("view", view, list(configuration.getViews(display))) or configuration.getDefaultView(display)
    if display not in _DISPLAYS:
        raise MediaError("E509", f"no image is for {display!r}", hint=f"choose one of: {', '.join(_DISPLAYS)}")
    import PyOpenColorIO

    transform = PyOpenColorIO.DisplayViewTransform(src="ACES2065-1", display=display, view=view)
    light = convert_color(image, _INTERCHANGE)
    made = _apply(light.pixels, configuration.getProcessor(transform))
    made[:, :, :3] = np.clip(made[:, :, :3], 0.0, 1.0)
    return Image.take(made, color=_DISPLAYS[display])


def _choose(kind: str, name: str, names: Sequence[str]) -> str:
    """Return the name that is meant, in any case; MediaError E509 with the nearest for an unknown one."""
    if not name:
        return ""
    found = [each for each in names if name.casefold() in (each.casefold(), each.removesuffix(" - Display").casefold())]
    if not found:
        otherwise = f"use one of: {', '.join(names)}"
        raise MediaError("E509", f"unknown {kind} {name!r}", hint=suggest(name, names, otherwise))
    return found[0]


def _find_space(configuration: Any, name: str) -> Any:
    space = configuration.getColorSpace(name)
    if space is not None and not space.isData():
        return space
    every = configuration.getColorSpaceNames()
    names = [*(each for each in every if not configuration.getColorSpace(each).isData()), *_list_known()]
    otherwise = f"use one of: {', '.join(names[:80])}"
    raise MediaError("E509", f"unknown color space {name!r}", hint=suggest(name, names, otherwise))


def _apply(pixels: FloatArray, processor: Any) -> FloatArray:
    """Return converted samples; grey becomes RGB, alpha stays, and colors are converted straight."""
    colors = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[:, :, :3]
    made = np.ascontiguousarray(colors, np.float32).copy()
    cpu = processor.getDefaultCPUProcessor()
    for row in range(0, len(made), _ROWS):
        part = np.ascontiguousarray(made[row : row + _ROWS])
        cpu.applyRGB(part)
        made[row : row + _ROWS] = part
    made = np.nan_to_num(made, nan=0.0, posinf=65504.0, neginf=-65504.0)
    return np.concatenate([made, pixels[:, :, 3:]], axis=2) if pixels.shape[2] == 4 else made
