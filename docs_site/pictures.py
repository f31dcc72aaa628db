"""Small pictures of what the examples of node types make, kept in `docs/pictures/nodes`.

`python -m docs_site --pictures` makes those that are missing or of another example, and `python -m docs_site --pictures
image.blur style` those of a node type and of a plugin.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.api import NodeType
from studio.api.content_origin import SOURCE_TYPES
from studio.app import Studio, read_settings
from studio.errors import StudioError
from studio.graph import Graph
from studio.graph.example import load_example
from studio.provenance.record import FileRecord

FOLDER = "docs/pictures/nodes"
MOST_BYTES = 8_000
_RECORD = "made.json"
_IMAGES, _VIDEOS = {".png", ".jpg", ".webp"}, {".mp4", ".webm", ".gif"}
_WIDEST, _HIGHEST, _LEAST, _GAP = 480, 200, 64, 4
_WIDE = 2.5  # width by height
_MOST_TILES = 4
_SECONDS = 60.0
_MOST_DIFFERENCE = 2.0  # of 255, on average: a video is not encoded the same twice
_LABEL = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' Iptc4xmpExt:DigitalSourceType="{term}"/></rdf:RDF></x:xmpmeta>'
)


def find_picture(root: Path, name: str, example: Mapping[str, Any] | None) -> str:
    """Return the path in the repository of a node type's picture; "" if it has none, or one of another example."""
    kept = read_record(root).get(name)
    current = kept is not None and example is not None and kept["example"] == digest_example(example)
    return f"{FOLDER}/{name}.webp" if current else ""


def is_whole(root: Path, name: str) -> bool:
    """Say whether the kept picture shows all that the example makes: images, and no video."""
    kept = read_record(root).get(name)
    return kept is not None and kept["shows"] == "images"


def read_record(root: Path) -> dict[str, dict[str, str]]:
    """Return what each kept picture was made from, by the ids of node types."""
    file = root / FOLDER / _RECORD
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def list_pictures(root: Path) -> list[Path]:
    """Return the files of the kept pictures."""
    return sorted((root / FOLDER).glob("*.webp"))


def digest_example(example: Mapping[str, Any]) -> str:
    """Return what tells an example from another one."""
    return hashlib.blake2b(json.dumps(example, sort_keys=True).encode("utf-8"), digest_size=8).hexdigest()


def format_picture(path: str) -> str:
    """Return Markdown that shows a picture on the page of a node type."""
    return f"![What the example makes](../../../{path})"


def make_pictures(root: Path, node_types: Sequence[NodeType], *, anew: bool) -> Iterator[str]:
    """Make the pictures of node types and yield a line for each: what it is, or why there is none.

    Args:
        root: The repository.
        node_types: The node types.
        anew: Whether pictures of the same examples are made again.
    """
    with Studio(read_settings(device="cpu"), on_disk=False) as studio:
        for one in node_types:
            graph = load_example(one)
            if graph is not None and (anew or not find_picture(root, one.id, graph.json)):
                yield f"{one.id}: {_make_picture(studio, root, one.id, graph)}"


def _make_picture(studio: Studio, root: Path, name: str, graph: Graph) -> str:
    record = read_record(root)
    place = root / FOLDER / f"{name}.webp"
    place.parent.mkdir(parents=True, exist_ok=True)
    record.pop(name, None)
    place.unlink(missing_ok=True)
    first = _draw_example(studio, graph)
    second = _draw_example(studio, graph) if first else None
    if first is None or second is None:
        text = "no picture: it makes no image, fails or takes too long"
    elif not is_similar(first[0], second[0]):
        text = "no picture: a second run makes another one"
    else:
        content, shows = first
        place.write_bytes(content)
        record[name] = {"example": digest_example(graph.json), "shows": shows}
        text = f"{len(content)} bytes"
    lines = [f" {json.dumps(key)}: {json.dumps(record[key])}" for key in sorted(record)]
    (root / FOLDER / _RECORD).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return text


def _draw_example(studio: Studio, graph: Graph) -> tuple[bytes, str] | None:
    """Return the picture of what an example makes and what it shows: "images" or "videos"."""
    with tempfile.TemporaryDirectory() as folder:
        how: Any = {"output": folder, "cache": "off", "node_timeout_seconds": _SECONDS, "load_outputs": False}
        try:
            result = studio.run(graph, **how)
        except StudioError:
            return None
        return None if result.errors else draw_files(result.files)


def is_similar(first: bytes, second: bytes) -> bool:
    """Say whether two pictures are the same to the eye."""
    from PIL import Image, ImageChops, ImageStat

    with Image.open(io.BytesIO(first)) as one, Image.open(io.BytesIO(second)) as other:
        if one.size != other.size:
            return False
        difference = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))
        return max(ImageStat.Stat(difference).mean) <= _MOST_DIFFERENCE


def draw_files(files: Sequence[FileRecord]) -> tuple[bytes, str] | None:
    """Return images side by side, or three frames of the first video, as WebP; None if there are neither."""
    images = [one for one in files if one.path.suffix.lower() in _IMAGES][:_MOST_TILES]
    videos = [one for one in files if one.path.suffix.lower() in _VIDEOS]
    shown = images or videos[:1]
    if not shown:
        return None
    tiles = _choose_tiles([_read_image(one.path) for one in images]) or _read_frames(videos[0].path)
    terms = sorted({one.source_type for one in shown if one.source_type}, key=len)
    return _encode(tiles, terms[-1] if terms else ""), "videos" if videos else "images"


def _choose_tiles(tiles: Sequence[Any]) -> list[Any]:
    """Return the images without those that are small beside another, which is usually a comparison that has them."""
    largest = max((tile.width * tile.height for tile in tiles), default=0)
    return [tile for tile in tiles if 3 * tile.width * tile.height > largest]


def _read_image(path: Path) -> Any:
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("RGBA" if "A" in image.getbands() else "RGB")


def _read_frames(path: Path) -> list[Any]:
    import av

    container: Any
    with av.open(str(path)) as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    return [frames[0], frames[len(frames) // 2], frames[-1]] if len(frames) > 2 else frames


def _encode(tiles: Sequence[Any], term: str) -> bytes:
    """Return tiles in a row, in the best quality and size that fit into `MOST_BYTES`."""
    packet = _LABEL.format(term=html.escape(SOURCE_TYPES + term, quote=True)).encode("utf-8") if term else b""
    for factor in (1.0, 0.8, 0.64, 0.5, 0.4):
        row = _join(tiles, factor)
        for quality in (85, 75, 65, 55):
            buffer = io.BytesIO()
            row.save(buffer, "WEBP", quality=quality, method=6, xmp=packet)
            if buffer.tell() < MOST_BYTES:
                return buffer.getvalue()
    raise ValueError("a picture does not fit")


def _join(tiles: Sequence[Any], factor: float) -> Any:
    """Return tiles side by side, or wide ones below each other, scaled so that the whole is small."""
    from PIL import Image

    tiles = [_enlarge(tile) for tile in tiles]
    stacked = min(tile.width / tile.height for tile in tiles) > _WIDE
    width = max(tile.width for tile in tiles) if stacked else sum(tile.width + _GAP for tile in tiles) - _GAP
    scale = factor * min(1.0, _WIDEST / width, _HIGHEST / max(tile.height for tile in tiles))
    small = [
        tile.resize((max(round(tile.width * scale), 1), max(round(tile.height * scale), 1)), Image.Resampling.LANCZOS)
        for tile in tiles
    ]
    if len(small) == 1:
        return small[0]
    places, at = [], 0
    for tile in small:
        places.append((0, at) if stacked else (at, 0))
        at += (tile.height if stacked else tile.width) + _GAP
    across = max(tile.height for tile in small), max(tile.width for tile in small)
    row = Image.new("RGBA", (across[1], at - _GAP) if stacked else (at - _GAP, across[0]))
    for tile, place in zip(small, places, strict=True):
        row.paste(tile, place)
    return row


def _enlarge(tile: Any) -> Any:
    """Return a tile with larger pixels if it is too small to be looked at."""
    from PIL import Image

    times = -(-_LEAST // max(tile.size))
    size = (tile.width * times, tile.height * times)
    return tile.resize(size, Image.Resampling.NEAREST) if times > 1 else tile
