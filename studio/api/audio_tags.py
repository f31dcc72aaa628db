"""What a file of audio says about its content to players: title, artist, album, copyright and cover.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.api.image import Image

__all__ = ["COVER_EXTENSIONS", "NO_TAGS", "AudioTags"]

COVER_EXTENSIONS = ("mp3", "m4a", "flac")
"""Extensions of files that hold a cover."""


@dataclass(frozen=True)
class AudioTags:
    """Tags of a file of audio; an empty text is left out.

    Attributes:
        title: Name of the recording.
        artist: Who made it.
        album: Name of the album, the show or the podcast.
        copyright: Who holds the rights, and since when.
        cover: Front cover, for MP3, M4A and FLAC; None for none.
    """

    title: str = ""
    artist: str = ""
    album: str = ""
    copyright: str = ""
    cover: Image | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.texts) or self.cover is not None

    @property
    def texts(self) -> dict[str, str]:
        """The texts that are not empty, by name; control characters become spaces."""
        given = {"title": self.title, "artist": self.artist, "album": self.album, "copyright": self.copyright}
        cleaned = {name: clean_text(text) for name, text in given.items()}
        return {name: text for name, text in cleaned.items() if text}


def clean_text(text: str) -> str:
    """Return a text without spaces around it; control characters become spaces."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


NO_TAGS = AudioTags()
"""Nothing to write."""


def add_cover(container: Any, cover: Image) -> Any:
    """Add a stream for a cover to a container that is about to be written, and return its packet."""
    import av
    from av.stream import Disposition

    stream = container.add_mux_stream("mjpeg", rate=1, width=cover.width, height=cover.height)
    stream.disposition = Disposition.attached_pic
    stream.time_base = Fraction(1, 1)
    stream.metadata["comment"] = "Cover (front)"
    packet = av.Packet(_encode_jpeg(cover))
    packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 1), True
    packet.pts = packet.dts = 0
    return packet


def _encode_jpeg(cover: Image) -> bytes:
    """Return a JPEG of quality 90; what is transparent becomes white."""
    import numpy as np
    import PIL.Image

    pixels = cover.pixels
    if pixels.shape[2] == 4:
        pixels = pixels[:, :, :3] * pixels[:, :, 3:] + (1 - pixels[:, :, 3:])
    levels = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    data = io.BytesIO()
    PIL.Image.fromarray(levels[:, :, 0] if levels.shape[2] == 1 else levels).save(data, "JPEG", quality=90)
    return data.getvalue()
