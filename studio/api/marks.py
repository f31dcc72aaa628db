"""`MediaMarker`: puts an invisible mark into generated media as they are written, for plugins: the hook `studio_marks`.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["MarkRequest", "MarkedMedium", "MediaMarker"]


@dataclass(frozen=True)
class MarkRequest:
    """What Studio knows of a medium that it is about to write.

    Attributes:
        seed: Bytes that the number of the mark follows from: the same for the same output of the same graph and inputs.
        marks_images: Whether the images, or the frames of a video, are generated.
        marks_audio: Whether the audio is generated.
    """

    seed: bytes
    marks_images: bool = True
    marks_audio: bool = True


@dataclass(frozen=True)
class MarkedMedium:
    """A medium with a mark.

    Attributes:
        value: The marked medium, of the same value type.
        mark: The number of the mark: 16 lowercase hexadecimal digits.

    Raises:
        ValueError: Another number.
    """

    value: Any
    mark: str

    def __post_init__(self) -> None:
        if len(self.mark) != 16 or not set(self.mark) <= set("0123456789abcdef"):
            raise ValueError(f"invalid mark {self.mark!r} (expected 16 hexadecimal digits)")


@dataclass(frozen=True)
class MediaMarker:
    """What puts marks into media.

    Attributes:
        method: Names the method in content credentials, such as "com.example.tint".
        identity: Changes when the method or its key changes, so that files with another mark are written again. It
            must not reveal the key.
        mark: Returns a medium with its mark, or None for one that it does not mark. It may raise `MediaError` for a
            medium that does not hold a mark: the medium is then written without one, with a warning.
    """

    method: str
    identity: str
    mark: Callable[[Any, MarkRequest], MarkedMedium | None]
