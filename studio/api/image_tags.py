"""What a file of an image says about its content: title, artist, copyright, description, print size and color profile.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

import html
import struct
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from studio.api.audio_tags import clean_text
from studio.api.formats import icc_writing, jpeg, png, tiff
from studio.api.media_file import GENERATOR
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["NO_IMAGE_TAGS", "ImageProfile", "ImageTags", "check_image_tags"]

ImageProfile = Literal["none", "srgb", "display-p3"]
"""ICC profile of a file: none (sRGB is meant), or one that says what its samples are."""

_DESCRIPTION, _ARTIST, _COPYRIGHT = 270, 315, 33432  # tags of TIFF and EXIF
_ACROSS, _DOWN, _UNIT, _INCH = 282, 283, 296, 2
_LARGEST_SEGMENT = 65_000  # bytes of a profile in one segment of a JPEG file


@dataclass(frozen=True)
class ImageTags:
    """Tags of a file of an image; an empty text is left out.

    Attributes:
        title: Name of the image.
        artist: Who made it.
        copyright: Who holds the rights, and since when.
        description: What it shows.
        dpi: Pixels per inch when it is printed; None where the file does not say. Not in OpenEXR.
        profile: ICC profile that the file carries; its samples are converted to it. Not in OpenEXR.
    """

    title: str = ""
    artist: str = ""
    copyright: str = ""
    description: str = ""
    dpi: float | None = None
    profile: ImageProfile = "none"

    @property
    def texts(self) -> dict[str, str]:
        """The texts that are not empty, by name; control characters become spaces."""
        names = ("title", "artist", "copyright", "description")
        cleaned = {name: clean_text(getattr(self, name)) for name in names}
        return {name: text for name, text in cleaned.items() if text}


NO_IMAGE_TAGS = ImageTags()
"""Nothing to write."""


def check_image_tags(name: Path | str, tags: ImageTags, dynamic_range: str = "sdr") -> None:
    """Raise MediaError E512 unless a file of this name holds these tags.

    Args:
        name: The file, or its name.
        tags: What it is to say.
        dynamic_range: "sdr", "pq" or "hlg"; only sdr has a profile.
    """
    suffix = PurePath(name).suffix
    if suffix.lower() == ".exr" and (tags.dpi is not None or tags.profile != "none"):
        raise MediaError("E512", "exr files hold no dpi and no profile", where=str(name), hint="write .tiff or .png")
    if tags.profile != "none" and dynamic_range != "sdr":
        message = f"a {dynamic_range.upper()} image has no {tags.profile} profile"
        raise MediaError("E512", message, where=str(name), hint='write profile = "none"')


def build_xmp_elements(tags: ImageTags) -> str:
    """Return the elements of an XMP packet, of Dublin Core, that hold the texts; "" for none."""
    texts = {name: html.escape(text, quote=False) for name, text in tags.texts.items()}
    whole = {"title": "title", "copyright": "rights", "description": "description"}
    made = [
        f'<dc:{name}><rdf:Alt><rdf:li xml:lang="x-default">{texts[key]}</rdf:li></rdf:Alt></dc:{name}>'
        for key, name in whole.items()
        if key in texts
    ]
    if "artist" in texts:
        made.append(f"<dc:creator><rdf:Seq><rdf:li>{texts['artist']}</rdf:li></rdf:Seq></dc:creator>")
    return "".join(made)


def build_profile(tags: ImageTags, channels: int) -> bytes | None:
    """Return the ICC profile of samples with this many channels, None for none."""
    if tags.profile == "none":
        return None
    primaries = "display-p3" if tags.profile == "display-p3" else "bt709"
    return icc_writing.build_grey_profile() if channels == 1 else icc_writing.build_rgb_profile(primaries)


def build_png_tags(tags: ImageTags, channels: int) -> list[bytes]:
    """Return chunks that stand before the samples of a PNG file (PNG third edition, 11.3)."""
    chunks = []
    if (profile := build_profile(tags, channels)) is not None:
        chunks.append(png.build_profile_chunk(tags.profile, profile))
    if tags.dpi is not None:
        meter = round(tags.dpi / 0.0254)
        chunks.append(png.build_chunk(b"pHYs", struct.pack(">IIB", meter, meter, 1)))
    words = {"title": "Title", "artist": "Author", "copyright": "Copyright", "description": "Description"}
    for name, text in tags.texts.items():
        chunks.append(png.build_text_chunk(words[name], text.encode("utf-8"), compress=False))
    return chunks


def build_jpeg_profile(tags: ImageTags, channels: int) -> bytes:
    """Return the segments of a JPEG file that hold a profile (ICC.1:2022, B.4)."""
    profile = build_profile(tags, channels)
    if profile is None:
        return b""
    if len(profile) > _LARGEST_SEGMENT:  # what is written here has less than a thousandth of that
        raise ValueError("the profile is too large")
    return jpeg.build_segment(jpeg.APP2, b"ICC_PROFILE\0\1\1" + profile)


def set_jpeg_density(head: bytes, tags: ImageTags) -> bytes:
    """Return the start of a JPEG file, up to the end of its JFIF segment, with the pixels per inch in it."""
    if tags.dpi is None:
        return head
    density = min(round(tags.dpi), 65_535)
    return head[:13] + struct.pack(">BHH", 1, density, density) + head[18:]


def build_tiff_tags(tags: ImageTags) -> Mapping[int, tuple[int, ...] | bytes | tiff.Entry]:
    """Return tags of TIFF and EXIF (TIFF 6.0, section 8; EXIF 3.0 has texts in UTF-8)."""
    made: dict[int, tuple[int, ...] | bytes | tiff.Entry] = {tiff.SOFTWARE: GENERATOR.encode() + b"\0"}
    texts = tags.texts
    description = texts.get("description") or texts.get("title")
    for tag, text in (
        (_DESCRIPTION, description),
        (_ARTIST, texts.get("artist")),
        (_COPYRIGHT, texts.get("copyright")),
    ):
        if text:
            made[tag] = text.encode("utf-8") + b"\0"
    if tags.dpi is not None:
        density = tiff.Entry(5, 1, struct.pack("<II", round(tags.dpi * 100), 100))
        made |= {_ACROSS: density, _DOWN: density, _UNIT: (_INCH,)}
    return made


def build_exif(tags: ImageTags) -> bytes:
    """Return EXIF data that says what wrote a file, and its tags."""
    return b"II*\0\x08\0\0\0" + tiff.build_tags(build_tiff_tags(tags), 8)
