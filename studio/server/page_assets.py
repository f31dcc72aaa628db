"""`PageAssets`: the files of the page, compressed once, under an address that changes with what is in them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_VERSION = "{version}"


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes:
        media_type: Such as "text/css".
        content: Its bytes.
        compressed: Its bytes in gzip, or None where that saves nothing.
        etag: Names the content.
    """

    media_type: str
    content: bytes
    compressed: bytes | None
    etag: str


class PageAssets:
    """The files of the page by name, such as "app.js"; they are read when the first one is asked for.

    Attributes:
        version: Names the content of all of them.
    """

    def __init__(self) -> None:
        paths = [path for path in sorted(_FOLDER.rglob("*")) if path.is_file() and path.suffix in _TYPES]
        contents = {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in paths}
        hasher = blake3()
        for name, content in contents.items():
            hasher.update(f"{name}\0{len(content)}\0".encode())
            hasher.update(content)
        self.version = hasher.hexdigest()[:12]
        contents["index.html"] = contents["index.html"].replace(_VERSION.encode(), self.version.encode())
        self._assets = {name: _create(name, content) for name, content in contents.items()}

    def find(self, name: str) -> Asset | None:
        """Return a file, or None if there is none of this name."""
        return self._assets.get(name)


def _create(name: str, content: bytes) -> Asset:
    media_type = _TYPES[Path(name).suffix]
    compressed = gzip.compress(content, 9, mtime=0) if media_type.startswith("text/") else None
    return Asset(media_type, content, compressed, f'"{blake3(content).hexdigest()[:32]}"')
