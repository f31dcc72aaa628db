"""SVG documents drawn by resvg, in a process that ends with them."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image

from studio.api import MediaError
from studio.api.fonts import LABEL_FONT, UNIVERSAL_FONT
from studio_image.bounds import check_size
from studio_image.svg_safety import check_svg

_SECONDS = 20
_BYTES = 2 * 2**30
_FONTS = Path(__file__).parent / "fonts"
_FONT_FILES = [UNIVERSAL_FONT, LABEL_FONT, *sorted(_FONTS.glob("*.otf"))]
_FAMILY = "DejaVu Sans"


def draw_svg(text: str, width: int | None, height: int | None) -> npt.NDArray[np.uint8]:
    """Return a document as H x W x RGBA samples, alpha straight; it is fitted inside the sides that are given.

    Raises:
        MediaError: E514 for a document that is refused or invalid, or takes too long, E506 over the limits, E513 if the
            package resvg-py is not installed.
    """
    size = choose_size(check_svg(text), width, height)
    check_size(*size)
    if importlib.util.find_spec("resvg_py") is None:
        raise MediaError("E513", "SVG needs the package 'resvg-py'", hint="pip install 'studio[drawing]'")
    with PIL.Image.open(io.BytesIO(_render(text, *size)), formats=["PNG"]) as image:
        return np.asarray(image.convert("RGBA"))


def choose_size(own: tuple[float, float], width: int | None, height: int | None) -> tuple[int, int]:
    """Return the size at which a drawing of a size of its own fits inside the sides that are given."""
    factors = [side / whole for side, whole in zip((width, height), own, strict=True) if side is not None]
    factor = min(factors, default=1.0)
    return max(1, round(own[0] * factor)), max(1, round(own[1] * factor))


def _render(text: str, width: int, height: int) -> bytes:
    arguments = {
        "svg_string": text,
        "width": width,
        "height": height,
        "dpi": 96.0,
        "skip_system_fonts": True,
        "font_files": [str(path) for path in _FONT_FILES],
        **{f"{name}_family": _FAMILY for name in ("font", "serif", "sans_serif", "cursive", "fantasy", "monospace")},
    }
    request = {
        "arguments": arguments,
        "path": sys.path,
        "most_bytes": _BYTES + 16 * width * height,
        "most_seconds": _SECONDS,
    }
    script = str(Path(__file__).with_name("svg_process.py"))
    try:
        made = subprocess.run(
            [sys.executable, "-I", script],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=3 * _SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise _refuse("it takes too long to draw", "simplify the drawing") from None
    if made.returncode == 3:
        raise _refuse(made.stderr.decode(errors="replace")[:200], "check the file in a browser")
    if made.returncode:
        raise _refuse("it takes too long to draw, or too much memory", "simplify the drawing, or give a smaller size")
    return made.stdout


def _refuse(what: str, hint: str) -> MediaError:
    return MediaError("E514", f"cannot draw this SVG: {what}", hint=hint)
