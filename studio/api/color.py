"""`ColorSpace`: what the samples of an image, a mask or a video mean as light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from studio.errors import MediaError

ColorEncoding = Literal["srgb", "linear", "log", "pq", "hlg"]
Primaries = Literal["bt709", "display-p3", "adobe-rgb", "bt2020", "acescg", "aces2065-1"]
Range = Literal["full", "limited"]


@dataclass(frozen=True)
class ColorSpace:
    """How samples encode light: encoding, primaries and range. The default is sRGB.

    Alpha has no color space: it is a share from 0 to 1, whatever the other channels mean. A single channel is a
    neutral grey of the color space.

    Attributes:
        encoding: How light becomes samples.
            "srgb": the transfer function of IEC 61966-2-1; samples lie in [0, 1].
            "linear": scene-linear; samples are in proportion to light, and may pass 1 and fall below 0.
            "log": the curve of ACEScct (Academy S-2016-001); samples may pass 1 and fall below 0.
            "pq": high dynamic range, SMPTE ST 2084; samples lie in [0, 1]. Light of 203 cd/m2 is white (BT.2408).
            "hlg": high dynamic range, ITU-R BT.2100, as a display of 1000 cd/m2 shows it; samples lie in [0, 1].
        primaries: Chromaticities of red, green, blue and white: "bt709" (also those of sRGB), "display-p3",
            "adobe-rgb", "bt2020", "acescg" (AP1) or "aces2065-1" (AP0).
        range: "full": black is 0 and white is 1. "limited": black is 16/255 and white is 235/255 at every bit depth,
            as in video; not for "linear".

    Raises:
        MediaError: E509 for a word that is unknown, and for a limited range of linear samples.
    """

    encoding: ColorEncoding = "srgb"
    primaries: Primaries = "bt709"
    range: Range = "full"

    def __post_init__(self) -> None:
        for name, allowed in (("encoding", ColorEncoding), ("primaries", Primaries), ("range", Range)):
            value, known = getattr(self, name), get_args(allowed)
            if value not in known:
                raise MediaError("E509", f"unknown {name} {value!r}", hint=f"use one of: {', '.join(known)}")
        if self.encoding == "linear" and self.range == "limited":
            raise MediaError("E509", "linear samples have no limited range", hint='write range="full"')

    @property
    def is_bounded(self) -> bool:
        """Whether all samples lie in [0, 1]."""
        return self.encoding in ("srgb", "pq", "hlg")

    def __str__(self) -> str:
        if self == SRGB:
            return "sRGB"
        name = {"srgb": "sRGB-encoded", "pq": "PQ", "hlg": "HLG"}.get(self.encoding, self.encoding)
        return f"{name} {self.primaries}" + (", limited range" if self.range == "limited" else "")

    def to_json(self) -> dict[str, str]:
        """Return the three words as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> ColorSpace:
        """Return a color space from what `to_json` returned.

        Args:
            value: The three words, or None for sRGB.

        Raises:
            MediaError: E509 for an unknown word, an unknown key, and what is not a mapping.
        """
        if value is None:
            return SRGB
        known = [field.name for field in fields(cls)]
        if not isinstance(value, Mapping):
            raise MediaError("E509", f"invalid color space {value!r}", hint=f"write a mapping of {', '.join(known)}")
        for key in value:
            if key not in known:
                raise MediaError("E509", f"unknown key {key!r} of a color space", hint=f"use: {', '.join(known)}")
        return cls(**value)


def check_color(color: object) -> ColorSpace:
    """Return a color space; MediaError E509 for anything else, such as the name of an encoding."""
    if isinstance(color, ColorSpace):
        return color
    raise MediaError("E509", f"invalid color space {color!r}", hint='write color=ColorSpace("linear"), for example')


SRGB = ColorSpace()
"""The default color space: sRGB encoding, BT.709 primaries, full range."""
