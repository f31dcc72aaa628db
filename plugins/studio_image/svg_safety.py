"""What an SVG document may contain before a renderer reads it: no files, no network, no bombs."""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from studio.api import MediaError, MediaLimits
from studio_image.bounds import check_size

MOST_BYTES = 8_000_000
MOST_ELEMENTS = 100_000
MOST_DEPTH = 100
MOST_OCTAVES = 24  # an octave has half the strength of the one before: after 8 nothing is seen in 8 bits
_RASTERS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/jpg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
_REFERENCE = re.compile(r"url\(\s*[\"']?\s*([^)]*)", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9.]+(?:e[+-]?\d+)?)\s*(px|pt|pc|mm|cm|in)?\s*", re.IGNORECASE)
_UNITS = {"px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
_DEFAULT_SIDE = 100.0


@dataclass
class _Element:
    """An element: its name, what it shows of others, and what is in it."""

    name: str
    references: list[str] = field(default_factory=list)
    children: list[_Element] = field(default_factory=list)


def read_svg(path: Path) -> str:
    """Read an SVG file, also a compressed one.

    Raises:
        MediaError: E514 if it is too large or not text.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompressobj(31).decompress(data, MOST_BYTES + 1)
        except zlib.error as error:
            raise _refuse(f"it cannot be decompressed: {error}", "save it as plain SVG") from None
    if len(data) > MOST_BYTES:
        raise _refuse(f"it has more than {MOST_BYTES} bytes", "simplify the drawing")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refuse("it is not UTF-8", "save it as plain SVG") from None


def check_svg(text: str) -> tuple[float, float]:
    """Check an SVG document, and return its own width and height in pixels of 1/96 inch.

    Raises:
        MediaError: E514 if it is not SVG, refers to a file or an address, declares entities, or is too large, too deep
            or draws too much by repetition; E506 for an embedded image over the limits.
    """
    if len(text) > MOST_BYTES:
        raise _refuse(f"{len(text)} characters", "simplify the drawing")
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.open
    parser.EndElementHandler = reader.close
    parser.CharacterDataHandler = reader.read_text
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        raise _refuse(f"it is not XML: {error}", "give the text of an SVG file") from None
    root = reader.root
    if root is None or root.name != "svg":
        raise _refuse(f"its root is {'nothing' if root is None else root.name[:40]!r}, not svg", "give an SVG file")
    _check_repetition(root, reader.by_id)
    return reader.size


def _refuse(what: str, hint: str) -> MediaError:
    return MediaError("E514", f"cannot draw this SVG: {what}", hint=hint)


def _refuse_entity(name: str, *_: object) -> None:
    raise _refuse(f"it declares the entity {name[:40]!r}", "save it as plain SVG")


class _Reader:
    """Builds a small tree of a document, and refuses what leads out of it."""

    def __init__(self) -> None:
        self.root: _Element | None = None
        self.by_id: dict[str, _Element] = {}
        self.size = (_DEFAULT_SIDE, _DEFAULT_SIDE)
        self._path: list[_Element] = []
        self._count = 0
        self._pixels = 0

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise _refuse(f"it has more than {MOST_ELEMENTS} elements", "simplify the drawing")
        if len(self._path) >= MOST_DEPTH:
            raise _refuse(f"its elements lie more than {MOST_DEPTH} deep", "simplify the drawing")
        element = _Element(name.rpartition(" ")[2])
        for key, value in attributes.items():  # one of each namespace may have the same name: `xlink:href` and `href`
            short = key.rpartition(" ")[2]
            if short == "numOctaves":
                _check_octaves(value)
            element.references += self._read_value(short, value)
            if short == "id":
                self.by_id.setdefault(value, element)
        if self._path:
            self._path[-1].children.append(element)
        else:
            self.root, self.size = element, _find_size(attributes)
        self._path.append(element)

    def close(self, name: str) -> None:
        """Take the end of an element."""
        self._path.pop()

    def read_text(self, text: str) -> None:
        """Take text: of styles, which may refer to others."""
        if self._path and self._path[-1].name == "style" and self.root is not None:
            if "@import" in text.lower():
                raise _refuse("its styles import others", "write all styles into the file")
            self.root.references += _list_references(text)

    def _read_value(self, key: str, value: str) -> list[str]:
        if key != "href":
            return _list_references(value)
        value = value.strip()
        if value.startswith("#"):
            return [value[1:]]
        if not value.lower().startswith("data:"):
            raise _refuse(f"it refers to {value[:60]!r}", "embed images as data, or lay them over with image.composite")
        self._pixels += _count_pixels(value)
        if self._pixels > MediaLimits().max_pixels:
            raise _refuse(f"its images have {self._pixels} pixels in all", "embed smaller images")
        return []


def _check_octaves(value: str) -> None:
    """Refuse noise whose octaves take long to add up, and text that is not a number: renderers read some of it."""
    try:
        count = float(value)
    except ValueError:
        count = math.nan
    if math.isnan(count):
        raise _refuse(f"its noise has an invalid number of octaves, {value[:20]!r}", 'for example numOctaves="4"')
    if count > MOST_OCTAVES:
        raise _refuse(f"its noise has {value[:20]} octaves, over {MOST_OCTAVES}", "8 octaves look the same")


def _list_references(value: str) -> list[str]:
    """Return the ids that a value of an attribute or a style refers to."""
    found = []
    for target in _REFERENCE.findall(value):
        if not target.startswith("#"):
            raise _refuse(f"it refers to {target[:60]!r}", "refer only to elements of the same file")
        found.append(target[1:].rstrip("\"' "))
    return found


def _count_pixels(address: str) -> int:
    """Return the number of pixels of an embedded image."""
    import PIL.Image

    head, _, body = address.partition(",")
    kind, *options = head[5:].lower().split(";")
    if kind.strip() not in _RASTERS or "base64" not in [option.strip() for option in options]:
        raise _refuse(f"it embeds {kind[:40]!r}", "embed PNG, JPEG, GIF or WebP in base64")
    try:
        data = base64.b64decode("".join(body.split()), validate=True)
        with PIL.Image.open(io.BytesIO(data), formats=[_RASTERS[kind.strip()]]) as image:
            check_size(*image.size, what="an embedded image")
            return image.width * image.height
    except (binascii.Error, OSError, PIL.Image.DecompressionBombError):
        raise _refuse("an embedded image is damaged", "embed it again") from None


def _find_size(attributes: dict[str, str]) -> tuple[float, float]:
    """Return the width and height that the root gives: its own, or those of its view box."""
    box = [_parse_number(part) for part in re.split(r"[\s,]+", attributes.get("viewBox", "").strip())]
    view = (box[2], box[3]) if len(box) == 4 and min(box[2:]) > 0 else (0.0, 0.0)
    sides = [
        _parse_length(attributes.get(name, "")) or side for name, side in zip(("width", "height"), view, strict=True)
    ]
    return sides[0] or _DEFAULT_SIDE, sides[1] or _DEFAULT_SIDE


def _parse_length(text: str) -> float:
    match = _LENGTH.fullmatch(text)
    return _parse_number(match[1]) * _UNITS[(match[2] or "px").lower()] if match else 0.0


def _parse_number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1e9)
    except ValueError:
        return 0.0


def _check_repetition(root: _Element, by_id: dict[str, _Element]) -> None:
    """Refuse a document in which elements that show others, which show others, draw too much in all."""
    totals: dict[int, int] = {}
    for element, is_done in _walk(root, by_id):
        if not is_done:
            continue
        parts = [*element.children, *(by_id[name] for name in element.references if name in by_id)]
        totals[id(element)] = min(1 + sum(totals.get(id(part), 0) for part in parts), 10 * MOST_ELEMENTS)
    if totals[id(root)] > MOST_ELEMENTS:
        raise _refuse(f"it draws more than {MOST_ELEMENTS} elements by repetition", "simplify the drawing")


def _walk(root: _Element, by_id: dict[str, _Element]) -> Iterator[tuple[_Element, bool]]:
    """Yield each element twice: when it is reached, and when all that it shows is done; circles are cut."""
    stack = [(root, False)]
    seen: set[int] = set()
    while stack:
        element, is_done = stack.pop()
        if is_done:
            yield element, True
            continue
        if id(element) in seen:
            continue
        seen.add(id(element))
        yield element, False
        stack.append((element, True))
        stack += [(child, False) for child in element.children]
        stack += [(by_id[name], False) for name in element.references if name in by_id]
