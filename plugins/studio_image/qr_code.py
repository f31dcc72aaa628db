"""QR codes (ISO/IEC 18004), drawn so that every module is a whole number of pixels."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from studio.api import MediaError
from studio_image.qr_level import Level

_LETTERS: dict[str, Literal["l", "m", "q", "h"]] = {"low": "l", "medium": "m", "quartile": "q", "high": "h"}


def create_modules(text: str, level: Level) -> npt.NDArray[np.bool_]:
    """Return the modules of a code without its quiet zone: N x N, True where it is dark.

    Raises:
        MediaError: E513 if the package segno is not installed, E507 if the text is too long for a code.
    """
    try:
        import segno
    except ImportError:
        raise MediaError("E513", "a QR code needs the package 'segno'", hint="pip install 'studio[drawing]'") from None
    try:
        code = segno.make_qr(text, error=_LETTERS[level], boost_error=False)
    except segno.DataOverflowError:
        size = len(text.encode())
        raise MediaError(
            "E507",
            f"{size} bytes of text do not fit into a QR code with error correction {level!r}",
            hint='give less text, or error_correction "low", which holds 2953 bytes',
        ) from None
    return np.array([list(row) for row in code.matrix], dtype=bool)


def place_modules(modules: npt.NDArray[np.bool_], size: int, quiet: int) -> npt.NDArray[np.bool_]:
    """Return a code as pixels: size x size, in its middle, with at least so many light modules on each side.

    Raises:
        MediaError: E507 if a module would be less than a pixel.
    """
    count = len(modules) + 2 * quiet
    if size < count:
        raise MediaError(
            "E507",
            f"a QR code of {count} modules does not fit into {size} pixels",
            hint=f"give a size of {count} or more",
        )
    scale = size // count
    drawn = modules.repeat(scale, axis=0).repeat(scale, axis=1)
    before = (size - len(drawn)) // 2
    return np.pad(drawn, (before, size - len(drawn) - before))
