"""`Control`: an image that a drawing follows, with the ControlNet that reads it, as a value on edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from studio.api import Image, MediaError, Model, Packed, ValueType

ControlKind = Literal[
    "auto", "pose", "depth", "scribble", "lines", "normals", "segments", "tile", "inpaint", "blur", "grey"
]


@dataclass(frozen=True, eq=False)
class Control:
    """An image to follow.

    Attributes:
        image: The image, as the ControlNet takes it.
        controlnet: The reference of the ControlNet.
        weights: Digest of its weights, so that other weights give another value.
        scale: How strictly to follow the image.
        start: Share of the steps after which it is followed.
        end: Share of the steps until which it is followed.
        kind: What the image shows, for a ControlNet that reads several kinds.
    """

    studio_type: ClassVar[str] = "control"
    image: Image
    controlnet: Model
    weights: str
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0
    kind: str = "auto"

    def __post_init__(self) -> None:
        if not (0 <= self.start < self.end <= 1):
            raise MediaError(
                "E501", f"invalid control: it is followed from {self.start:g} to {self.end:g} of the steps"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Control) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # equality looks at every pixel; use the digest as a key


class ControlType(ValueType[Control]):
    """How controls are stored."""

    name = "control"
    python = Control

    def pack(self, value: Control) -> Packed:
        """Take a control apart.

        Args:
            value: The control.
        """
        header: dict[str, Any] = {name: getattr(value, name) for name in ("weights", "scale", "start", "end", "kind")}
        return Packed(header | {"controlnet": value.controlnet.to_json()}, {"image": value.image.pixels})

    def unpack(self, packed: Packed) -> Control:
        """Put a control together again.

        Args:
            packed: What `pack` returned.
        """
        header = dict(packed.header)
        return Control(Image(packed.arrays["image"]), Model.from_json(header.pop("controlnet")), **header)

    def describe(self, value: Control) -> str:
        """Say what a control is.

        Args:
            value: The control.
        """
        return f"image of {value.image.width} x {value.image.height} for {value.controlnet}"
