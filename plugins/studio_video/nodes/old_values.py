"""Values of version 1 of the node types, as they are meant today; see `Migration.values`."""

from __future__ import annotations

from typing import Literal

_FITS = {"fit": "pad", "fill": "cover"}
_ENCODERS = {"software": "never", "hardware": "always"}


def read_fit(mode: Literal["stretch", "fit", "fill"]) -> str:
    """Return the word of CSS for a way to fit frames into a size; "fit" added bars."""
    return _FITS.get(mode, mode)


def read_pitch(pitch: Literal["keep", "follow"]) -> bool:
    """Say whether audio keeps its pitch."""
    return pitch == "keep"


def read_encoder(encoder: Literal["auto", "software", "hardware"]) -> str:
    """Return when the encoder of a GPU is used."""
    return _ENCODERS.get(encoder, encoder)


def read_slowdown(slowdown: float) -> float:
    """Return a speed, from how many times longer a video lasted."""
    return 1 / slowdown


def read_sound(sound: Literal["film", "inset", "mix"]) -> str:
    """Return whose audio is heard."""
    return "video" if sound == "film" else sound


def read_position(position: Literal["bottom", "top", "middle"]) -> str:
    """Return the anchor of subtitles."""
    return "center" if position == "middle" else position


def read_box(opacity: float) -> str | None:
    """Return the color of a black box, or None where an outline is drawn."""
    return f"#000000{round(255 * opacity):02x}" if opacity > 0 else None


def zero_to_auto(number: int | None) -> int | None:
    """Return a number, or None where it is chosen."""
    return number or None


def zero_to_estimate(noise: float) -> float | None:
    """Return a standard deviation, or None where it is estimated."""
    return noise or None
